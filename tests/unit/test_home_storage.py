"""A home of the real market uses its share of a community's storage: bids, charges, discharges, trades the rest."""

import numpy as np
import pytest
from test_calendar import INTRADAY, stage
from test_home_stages import path
from trading_home import market_bus

from broker.market.storage_terms import StorageTerms
from hems.bidding.offers import Offers, offers_from_line, offers_to_line
from hems.bidding.storage import ShareBid, StorageOffers, StorageUse, share_steps, with_storage
from hems.bidding.strategy import Strategy, strategy_from_line, strategy_to_line
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.house_view.money import traded_wh
from hems.control.house_view.stored import stored_view
from hems.control.market_auditor import MarketAuditor
from hems.control.stage_trader import StageTrader
from hems.control.storage_follow import following_kw
from hems.control.storage_trader import StorageTrader
from hems.control.storage_view import StorageView
from hems.metering.image import DeviceImage
from hems.planning.planner import Planner
from hems.site.home import BatteryUnit, Home
from tests.fakes import BROKER_KEY, COMMUNITY, PV, START_S, FakeOutlooks, home, idle, image, slot
from twin.bus import Bus
from wire.audit import Check
from wire.messages import (
    Message,
    Rejection,
    Settlement,
    SettlementItem,
    SettlementLine,
    StageKind,
    StorageFlow,
    StorageGrant,
    StorageRequest,
    StorageShare,
)

PERIOD = slot(4)
SUNNY = np.array([2.0] * 12 + [0.0] * 200)  # a surplus of 2 kW for three hours, then 1 kW of load
LOAD = np.array([0.0] * 12 + [1.0] * 200)
STAGES = (
    INTRADAY.model_copy(update={"horizon_slots": 4, "gate_lead_s": 60}),
    stage(StageKind.STORAGE, takes_orders=False, mechanism="shared_storage", gate_lead_s=300, horizon_slots=96),
)


def storage(**keys: object) -> StorageTerms:
    given: dict[str, object] = {
        "meter": "home-2",
        "capacity_wh": 8_000,
        "charge_w": 4_000,
        "discharge_w": 4_000,
        "charge_efficiency_ppm": 950_000,
        "discharge_efficiency_ppm": 950_000,
        "period_days": 1,
        "first_period_s": PERIOD.start_s,
        "allocation_lead_s": 900,
    }
    return StorageTerms(**{**given, **keys})  # type: ignore[arg-type]


class StoringHome:
    """Home 1, sunny in the morning, in a community whose storage is home 2; one turn for each slot."""

    def __init__(self, agreed: StorageTerms) -> None:
        self.bus: Bus = market_bus(STAGES, 2, storage=agreed.text())
        self.hear(START_S)
        self.bus.deliver(self.bus.service.standing(START_S, BROKER_KEY.public_hex), START_S)
        for meter in self.bus.meters.values():
            meter.view.learn(path(*[-2_500] * 12, *[2_500] * 84))
        outlooks = FakeOutlooks(base_kw=LOAD, pv_kw=SUNNY)
        self.manager = EnergyManager(home(PV), outlooks, settings=Settings(horizon_slots=48))
        self.trader = StageTrader(storage=StorageTrader(0.8, Planner()))
        self.said: list[Message] = []

    @property
    def view(self) -> StorageView:
        return self.bus.meters["home-1"].view.storage

    def hear(self, now_s: int) -> None:
        for moment in range(now_s - 100, now_s + 1, 20):
            if moment >= START_S:
                self.bus.step(moment)

    def turn(self, number: int) -> tuple[Offers, list[Message]]:
        """The turn for a slot, three minutes before it: what is offered, and everything that is sent."""
        now_s, meter = slot(number).start_s - 180, self.bus.meters["home-1"]
        for moment in range(now_s - 720, now_s + 1, 60):
            self.bus.step(max(moment, START_S))
        sun = DeviceImage(power_w=0.0, available_w=1000.0 * float(SUNNY[number]))
        there = image({"pv": sun}, base_w=1000.0 * float(LOAD[number]), at_s=now_s)
        strategy = self.manager.prepare(now_s, slot(number), there, meter.view)
        offers = self.trader.offers(now_s, self.manager, meter.view)
        order = meter.order(strategy, now_s)
        frames = [*meter.offers(offers_from_line(offers_to_line(offers)), now_s), *([] if order is None else [order])]
        answers = [out.message for out in self.bus.to_broker([("home-1", f) for f in frames], now_s)]
        assert not [m for m in answers if isinstance(m, Rejection)], answers
        return offers, answers


def test_a_home_bids_what_a_share_is_worth_and_pays_no_more_than_that() -> None:
    living = StoringHome(storage(reserve_price_micro=10_000))
    offers, _ = living.turn(1)
    assert offers.storage.bid is None, "the gate of the period is more than two turns ahead"
    offers, _ = living.turn(2)
    bid = offers.storage.bid
    assert bid is not None and bid.period_s == PERIOD.start_s
    prices = [price for price, _ in bid.steps]
    assert prices == sorted(prices, reverse=True) and 10_000 <= prices[-1] <= prices[0] < 300_000
    assert [code for _, code, _ in offers.reasons] == ["storage_bid"]
    living.hear(PERIOD.start_s - 880)
    share = living.view.shares[PERIOD.start_s]
    assert share.share_wh == sum(energy for _, energy in bid.steps)
    assert (share.price_micro_per_kwh or 0) <= prices[-1]


def test_a_surplus_is_stored_for_the_evening_and_the_rest_is_traded() -> None:
    """Until the sun goes the share takes what fits; then it gives, and the home trades what is left."""
    living = StoringHome(storage(allocation="shares", shares={"home-1": 4_000}))
    granted: list[int] = []
    sold: dict[int, int] = {}
    for number in range(1, 20):
        living.turn(number)
        granted.append(living.view.granted_wh(slot(number).start_s))
        sold[number] = sold_wh(living, number)
        position = living.bus.meters["home-1"].view.position_wh(slot(number))
        assert position == -granted[-1]
    assert all(wh == 0 for wh in granted[:3]), "the period has not begun"
    assert sum(granted[3:11]) > 3_000 and min(granted[3:11]) >= 0
    assert min(granted[11:]) < 0 <= granted[3]
    assert living.bus.meters["home-1"].view.storage.level_wh < 4_000
    assert sold[6] == 0, "all of the surplus of 500 Wh went into the share"
    assert (sold[3], sold[14]) == (500, 250), "500 Wh came out of it, of which the home needs 250"


def sold_wh(living: StoringHome, number: int) -> int:
    """What the home offered less what it asked for in a slot [Wh]."""
    orders = living.bus.service.market.books[slot(number).start_s].sessions[-1].orders
    steps = orders["home-1"].order.steps if "home-1" in orders else ()
    return sum(step.energy_wh if step.side == "sell" else -step.energy_wh for step in steps)


def test_shares_by_reputation_are_asked_for_as_far_as_the_plan_uses_them() -> None:
    living = StoringHome(storage(allocation="reputation"))
    living.turn(1)
    offers, _ = living.turn(2)
    assert offers.storage.bid is not None and offers.storage.bid.steps == ()
    assert 3_000 < (offers.storage.bid.request_wh or 0) <= 8_000


def test_the_community_is_told_what_the_share_will_draw_too() -> None:
    living = StoringHome(storage(allocation="shares", shares={"home-1": 4_000}))
    for number in range(1, 5):
        offers, _ = living.turn(number)
    assert any(wh > 0 for wh in offers.storage.planned_wh[:8]) and min(offers.storage.planned_wh) < 0
    own = Strategy(slot=slot(4), steps=(), net_wh=(-500,) * 48)
    told = with_storage(own, offers.storage)
    assert strategy_from_line(strategy_to_line(told)) == told
    assert told.market_wh[3] == -500 + offers.storage.planned_wh[3]
    meter = living.bus.meters["home-1"]
    meter.plan_notice(told, slot(4).start_s)
    assert meter.view.own_plan is not None and meter.view.own_plan.net_wh == own.net_wh


def test_the_storages_own_home_does_what_it_is_told_and_trades_nothing() -> None:
    living = StoringHome(storage(allocation="shares", shares={"home-1": 4_000}))
    for number in range(1, 7):
        living.turn(number)
    view = living.bus.meters["home-2"].view
    flow = view.storage.flows[slot(6).start_s]
    assert isinstance(flow, StorageFlow) and flow.flow_wh == living.view.granted_wh(slot(6).start_s) > 0
    assert view.position_wh(slot(6)) == flow.flow_wh
    unit = BatteryUnit(id="battery", capacity_kwh=8.0, charge_kw_max=4.0, discharge_kw_max=4.0)
    keeper = EnergyManager(Home(meter="home-2", units=(unit,)), FakeOutlooks(base_kw=0.1))
    there = image({"battery": idle(soc=0.2)}, base_w=100.0, at_s=slot(6).start_s)
    assert keeper.prepare(slot(6).start_s - 180, slot(6), there, view).steps == ()
    decision = keeper.decide(slot(6).start_s, slot(6), there, view)
    (setpoint,) = decision.setpoints
    assert decision.net_kw == pytest.approx(flow.flow_wh / 250.0)
    assert setpoint.power_kw == pytest.approx(flow.flow_wh / 250.0 - 0.1)
    assert "storage was told to charge" in setpoint.why.text
    assert StageTrader(storage=StorageTrader(0.8, Planner())).offers(slot(6).start_s, keeper, view).is_empty


def test_a_storage_that_was_told_nothing_keeps_its_meter_still() -> None:
    living = StoringHome(storage())
    view = living.bus.meters["home-2"].view
    assert view.storage.told_kw("home-2", slot(3)) == 0.0 and view.storage.told_kw("home-1", slot(3)) is None
    units = tuple(
        BatteryUnit(id=name, capacity_kwh=8.0, charge_kw_max=kw, discharge_kw_max=kw)
        for name, kw in (("a", 3.0), ("b", 1.0))
    )
    there = image({"a": idle(soc=0.5), "b": idle(soc=0.5)}, base_w=400.0)
    powers = following_kw(Home(meter="home-2", units=units), there, 0.0)
    assert powers == pytest.approx({"a": -0.3, "b": -0.1})


def test_steps_of_a_bid_fall_and_stop_at_the_reserve_price() -> None:
    """By hand: 1, 2 and 4 kWh are worth 0.5, 0.75 and 1: 0.5, 0.25 and 0.125 for each kWh more; half is bid."""
    sizes, worths = (1_000, 2_000, 4_000), (0.5, 0.75, 1.0)
    assert share_steps(sizes, worths, part=0.5, reserve_micro=0) == (
        (250_000, 1_000),
        (125_000, 1_000),
        (62_500, 2_000),
    )
    assert share_steps(sizes, worths, part=0.5, reserve_micro=100_000) == ((250_000, 1_000), (125_000, 1_000))
    assert share_steps(sizes, (0.0, 0.0, 0.0), part=0.8, reserve_micro=0) == ()


def test_spoilt_wishes_are_refused_by_the_home_link() -> None:
    offers = Offers(
        storage=StorageOffers(
            bid=ShareBid(period_s=START_S, steps=((1, 2),)), uses=(StorageUse(slot=slot(1), energy_wh=-5),)
        )
    )
    line = offers_to_line(offers)
    assert offers_from_line(line) == offers
    for spoilt in (
        {"bid": [START_S, [[1]], None], "uses": []},
        {"bid": [1.5, [], None], "uses": []},
        {"bid": None, "uses": [[START_S, 15]]},
        {"bid": None, "uses": [[START_S, 15, "5"]]},
        {"uses": []},
    ):
        with pytest.raises(ValueError):
            offers_from_line(line | {"storage": spoilt})


def test_nothing_is_asked_in_a_community_without_a_storage() -> None:
    bus = market_bus(STAGES[:1], 2)
    manager = EnergyManager(home(PV), FakeOutlooks(base_kw=LOAD, pv_kw=SUNNY), settings=Settings(horizon_slots=8))
    view = bus.meters["home-1"].view
    manager.prepare(START_S, slot(1), image({"pv": DeviceImage(power_w=0.0, available_w=2e3)}), view)
    assert StageTrader(storage=StorageTrader(0.8, Planner())).offers(START_S, manager, view).is_empty


def test_messages_of_a_storage_are_what_the_view_holds() -> None:
    living = StoringHome(storage(allocation="shares", shares={"home-1": 4_000}))
    for number in range(1, 6):
        living.turn(number)
    grant = living.view.newest
    assert isinstance(grant, StorageGrant) and grant.share_wh == 4_000
    assert isinstance(living.view.shares[PERIOD.start_s], StorageShare)


def test_the_meter_checks_its_own_account_and_finds_what_does_not_follow() -> None:
    living = StoringHome(storage(allocation="shares", shares={"home-1": 4_000}))
    market = living.bus.service.market
    auditor = MarketAuditor(meter="home-1", community=COMMUNITY)
    auditor.learn(market.terms.calendar(BROKER_KEY.public_hex, "0" * 64))
    auditor.learn(market.storage.rules())
    for number in range(1, 8):
        offers, _ = living.turn(number)
        for use in offers.storage.uses:
            auditor.wished(wish(use, living))
    grants = [living.view.grants[at_s] for at_s in sorted(living.view.grants)]
    assert len(grants) >= 2
    for grant in grants:
        auditor.learn(grant)
    assert auditor.violations == []
    auditor.learn(grants[-1].model_copy(update={"requested_wh": 100}))
    assert {v.check for v in auditor.violations} == {Check.OWN_STORAGE}


def wish(use: StorageUse, living: StoringHome) -> StorageRequest:
    """The request that was sent for a use, as the broker holds it."""
    (held, _) = living.bus.service.market.storage.state.requests[use.slot.start_s].held["home-1"]
    assert isinstance(held, StorageRequest) and held.energy_wh == use.energy_wh
    return held


def test_the_page_shows_the_account_and_money_leaves_it_out_of_what_was_traded() -> None:
    living = StoringHome(storage(allocation="shares", shares={"home-1": 4_000}))
    assert stored_view(living.view, slot(6).start_s) is None
    for number in range(1, 7):
        living.turn(number)
    stored = stored_view(living.view, slot(6).start_s)
    assert stored is not None and (stored.level_kwh, stored.share_kwh) == (0.95, 4.0)
    bill = Settlement(
        community=COMMUNITY,
        meter="home-1",
        slot=slot(6).label,
        quality="measured",
        award_wh=-700,
        metered_wh=-700,
        lines=(line(SettlementItem.STORAGE, -500), line(SettlementItem.AWARD, -200)),
        total_nano=0,
        log_index=1,
        salt="0" * 64,
        corrects=None,
        note=None,
    )
    assert traded_wh(bill) == -200


def line(item: SettlementItem, energy_wh: int) -> SettlementLine:
    return SettlementLine(
        item=item,
        of=None,
        label=None,
        energy_wh=energy_wh,
        price_micro_per_kwh=0,
        base_nano=None,
        amount_nano=0,
    )
