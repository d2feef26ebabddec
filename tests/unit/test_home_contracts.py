"""Two homes of the real market agree on a contract by themselves: one proposes its surplus, the other takes it."""

import pytest
from test_home_stages import STAGES, path
from trading_home import market_bus

from hems.bidding.offers import Offers, offers_from_line, offers_to_line
from hems.control.contract_trader import ContractTrader, WishedContract, stretches
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.stage_trader import StageTrader
from hems.metering.image import DeviceImage
from hems.planning.planner import Planner
from hems.site.home import Home
from tests.fakes import PV, START_S, FakeOutlooks, home, image, slot
from tests.properties.test_contract_bids import BILATERAL
from twin.bus import Bus
from wire.messages import Receipt, Rejection

WISH = WishedContract(counterparty="home-2", side="sell", from_hour=9.0, to_hour=10.0, share=0.5)
SUNNY = {"pv": DeviceImage(power_w=0.0, available_w=2_000.0)}
MARGIN = 10_000


def turn(bus: Bus, name: str, trader: ContractTrader, manager: EnergyManager, number: int) -> Offers:
    """A home's turn for a slot; what it offers is sent."""
    now_s, meter = slot(number).start_s - 400, bus.meters[name]
    manager.prepare(now_s, slot(number), image(SUNNY if manager.home.units else {}), meter.view)
    offers = StageTrader(contracts=trader).offers(now_s, manager, meter.view)
    sent = [(name, frame) for frame in meter.offers(offers_from_line(offers_to_line(offers)), now_s)]
    answers = [out.message for out in bus.to_broker(sent, now_s)]
    assert not [m for m in answers if isinstance(m, Rejection)]
    assert len([m for m in answers if isinstance(m, Receipt)]) == len(sent)
    return offers


def community(margin_of_buyer: int = MARGIN) -> tuple[Bus, list[tuple[str, ContractTrader, EnergyManager]]]:
    bus = market_bus((*STAGES, BILATERAL), 2)
    bus.step(START_S)
    for meter in bus.meters.values():
        meter.view.learn(path(*[0] * 96))
    sunny = EnergyManager(home(PV), FakeOutlooks(base_kw=0.0, pv_kw=2.0), settings=Settings(horizon_slots=16))
    other = EnergyManager(Home(meter="home-2"), FakeOutlooks(base_kw=1.5), settings=Settings(horizon_slots=16))
    return bus, [
        ("home-1", ContractTrader(MARGIN, Planner(), (WISH,)), sunny),
        ("home-2", ContractTrader(margin_of_buyer, Planner()), other),
    ]


def test_a_surplus_is_proposed_accepted_and_held_by_both() -> None:
    bus, homes = community()
    (bid,) = turn(bus, *homes[0], 1).proposed
    assert (bid.first, bid.energy_wh, bid.counterparty) == (slot(4), (250,) * 4, "home-2")
    assert 100_000 < bid.price_micro < 300_000
    taken = turn(bus, *homes[1], 1)
    assert taken.accepted == (("home-1", bid.contract),)
    assert [code for _, code, _ in taken.reasons] == ["contract_accepted"]
    for k in range(4):
        assert bus.meters["home-1"].view.position_wh(slot(4 + k)) == -250
        assert bus.meters["home-2"].view.position_wh(slot(4 + k)) == 250
    again = [turn(bus, *homes[0], 2), turn(bus, *homes[1], 2)]
    assert [offers.is_empty for offers in again] == [True, True]


def test_a_contract_that_gains_less_than_the_margin_stays_unanswered_and_that_is_said_once() -> None:
    bus, homes = community(margin_of_buyer=190_000)
    turn(bus, *homes[0], 1)
    first, second = turn(bus, *homes[1], 1), turn(bus, *homes[1], 2)
    assert first.is_empty and "does not beat the expected prices" in first.reasons[0][2]
    assert second.reasons == ()
    assert bus.meters["home-2"].view.position_wh(slot(4)) == 0


def test_after_a_restart_nothing_is_proposed_a_second_time() -> None:
    bus, homes = community()
    turn(bus, *homes[0], 1)
    fresh = ContractTrader(MARGIN, Planner(), (WISH,))
    assert turn(bus, "home-1", fresh, homes[0][2], 1).is_empty


def test_stretches_have_both_ends_in_the_plan() -> None:
    inside = [bool(k) for k in (1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1)]
    assert stretches(inside) == [range(3, 5), range(7, 8)]


def test_spoilt_contracts_are_refused_by_the_home_link() -> None:
    line = offers_to_line(Offers())
    row = [["c", "home-2", "sell"], [START_S, 15], 1, START_S, [1]]
    assert offers_from_line(line | {"proposed": [row]}).proposed[0].energy_wh == (1,)
    for spoilt in (
        {"accepted": [["a"]]},
        {"accepted": [[1, "b"]]},
        {"proposed": [[["c", "home-2", "give"], *row[1:]]]},
        {"proposed": [row[:4]]},
        {"proposed": [[*row[:4], ["1"]]]},
    ):
        with pytest.raises(ValueError):
            offers_from_line(line | spoilt)


def test_an_acceptance_of_a_contract_that_the_meter_does_not_know_is_not_sent() -> None:
    bus, _ = community()
    assert bus.meters["home-1"].offers(Offers(accepted=(("home-2", "x"),)), START_S) == []
