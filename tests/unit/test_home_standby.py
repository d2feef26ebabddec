"""A home stands by: offered at its cost, awarded by the real market, kept, given when activated, and paid."""

import pytest
from test_calendar import INTRADAY, stage
from test_home_flexibility import FLEXIBILITY
from trading_home import Calls, TradingHome, market_bus

from broker.market.events import ActivationAsked, CallAsked
from hems.bidding.offers import Offers, offers_from_line, offers_to_line
from hems.control.flex_trader import FlexTrader
from hems.control.reserve_trader import ReserveTrader
from hems.control.stage_trader import StageTrader
from hems.planning.planner import Planner
from tests.fakes import BATTERY, slot
from wire.messages import Activation, FlexAward, Receipt, Rejection, ReserveResult, StageKind

DAY = 96
FIRST = DAY + 8  # of three slots, the last of which stays without an activation
PLAIN = INTRADAY.model_copy(update={"horizon_slots": 4})
ANCILLARY = stage(
    StageKind.ANCILLARY, takes_orders=False, mechanism="ancillary_call", gate_lead_s=1_800, horizon_slots=48
)
MARGIN = 10_000


def standby(**keys: object) -> CallAsked:
    given: dict[str, object] = {
        "at_s": slot(DAY).start_s,
        "call": "evening",
        "stage": "ancillary",
        "direction": "reduce",
        "slot_s": slot(FIRST).start_s,
        "slots": 3,
        "request_wh": 200,
        "reserve_micro": 100_000,
        "penalty_micro": 100_000,
    }
    return CallAsked(**{**given, **keys})  # type: ignore[arg-type]


def activation(number: int, request_wh: int) -> ActivationAsked:
    return ActivationAsked(
        at_s=slot(number).start_s - 150, call="evening", slot_s=slot(number).start_s, request_wh=request_wh
    )


def standing_home(*asked: CallAsked | ActivationAsked, reserve: bool = True) -> TradingHome:
    """A home of which the operator knows the called slots of the day before: its battery rested, it used 250 Wh."""
    trader = StageTrader(
        flex=FlexTrader(MARGIN, Planner()), reserve=ReserveTrader(MARGIN, Planner()) if reserve else None
    )
    lived = TradingHome(market_bus((PLAIN, FLEXIBILITY, ANCILLARY), 1, *asked), trader)
    lived.rest(range(FIRST - DAY, FIRST - DAY + 3))
    return lived


def test_a_home_stands_by_keeps_its_reserve_gives_what_is_activated_and_is_paid() -> None:
    lived = standing_home(standby(), activation(FIRST, 200), activation(FIRST + 1, 120))
    lived.run(range(DAY + 3, FIRST + 4))
    calls = lived.bus.service._calls
    assert isinstance(calls, Calls) and calls.wrong == [] and calls.list == []
    assert not [m for m in lived.said if isinstance(m, Rejection)]
    assert [m.of for m in lived.said if isinstance(m, Receipt)].count("reserve_offer") == 2
    (award,) = [m for m in lived.said if isinstance(m, FlexAward)]
    assert award.awarded_wh == 200 and award.price_micro_per_kwh is not None
    called = [m for m in lived.said if isinstance(m, Activation)]
    assert [(m.slot, m.called_wh) for m in called] == [(slot(FIRST).label, 200), (slot(FIRST + 1).label, 120)]
    # what is given is missed later, where it would have saved 0.3 at the very most
    assert all(MARGIN < m.price_micro_per_kwh <= 300_000 + MARGIN for m in called)
    results = {m.slot: m for m in lived.said if isinstance(m, ReserveResult)}
    assert [(r.called_wh, r.paid_wh, r.penalty_nano) for r in results.values()] == [
        (200, 200, 0),
        (120, 120, 0),
        (0, 0, 0),
    ]
    assert {r.availability_nano for r in results.values()} == {200 * award.price_micro_per_kwh}
    told = {d.slot: d.setpoints[0].why.text for d in lived.decisions}
    assert "Called (evening): 0.20 kWh are promised" in told[slot(FIRST)]
    assert "Called (evening): 0.12 kWh are promised" in told[slot(FIRST + 1)]
    assert "Standing by (evening): 0.20 kWh are kept" in told[slot(FIRST + 2)]
    assert "evening" not in told[slot(FIRST - 1)] and "evening" not in told[slot(FIRST + 3)]
    assert any("offers to stand by with up to 0.20 kWh in each of 3 slots at 0." in words for words in lived.reasons)


def test_what_stands_by_is_in_the_battery_at_the_start_of_each_slot_and_free_after_the_last() -> None:
    lived, alone = standing_home(standby(request_wh=400, reserve_micro=400_000)), standing_home(reserve=False)
    stored_kwh: dict[int, tuple[float, float]] = {}
    for number in range(DAY + 3, FIRST + 3):
        stored_kwh[number] = lived.soc * BATTERY.capacity_kwh, alone.soc * BATTERY.capacity_kwh
        lived.run([number])
        alone.run([number])
    (award,) = [m for m in lived.said if isinstance(m, FlexAward)]
    for k in range(3):
        assert stored_kwh[FIRST + k][0] >= (3 - k) * award.awarded_wh / 1000 - 1e-3
    assert stored_kwh[FIRST][1] < 3 * award.awarded_wh / 1000, "alone it would not hold them"
    results = [m for m in lived.said if isinstance(m, ReserveResult)]
    assert {(r.called_wh, r.amount_nano) for r in results} == {
        (0, -award.awarded_wh * (award.price_micro_per_kwh or 0))
    }


def test_without_the_table_a_battery_or_a_metered_day_nothing_is_offered_and_a_call_for_more_use_is_left_alone() -> (
    None
):
    closed = standing_home(standby(), reserve=False)
    more = standing_home(standby(direction="increase"))
    new = standing_home(standby())
    new.meter.view.flexibility.metered_wh.clear()
    for lived in (closed, more, new):
        lived.run(range(DAY + 4, DAY + 6))
        assert not [m for m in lived.said if isinstance(m, FlexAward | Rejection)]
    assert not any("evening" in words for words in closed.reasons)
    assert any("not to use more" in words for words in more.reasons)
    assert any("no metered day" in words for words in new.reasons)


def test_offers_to_stand_by_go_over_the_home_link_unchanged_and_spoilt_ones_are_refused() -> None:
    lived = standing_home(standby())
    lived.run(range(DAY + 5, DAY + 6))
    assert [m.of for m in lived.said if isinstance(m, Receipt)].count("reserve_offer") == 1
    line = offers_to_line(Offers())
    for spoilt in ([[1, [], 0, []]], [["a", [], "1", []]], [["a", []]], None):
        with pytest.raises(ValueError):
            offers_from_line(line | {"standby": spoilt})
