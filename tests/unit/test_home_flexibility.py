"""A home answers calls for flexibility: offered at its cost, awarded by the real market, delivered and paid."""

import pytest
from test_calendar import INTRADAY, stage
from trading_home import TradingHome, market_bus

from broker.market.events import CallAsked
from hems.bidding.flexibility import FlexStep
from hems.bidding.offers import Offers, offers_from_line, offers_to_line
from hems.control.flex_trader import FlexTrader
from hems.control.meter.offering import fewer_steps
from hems.control.stage_trader import StageTrader
from hems.planning.planner import Planner
from tests.fakes import START_S, slot
from wire.messages import FlexAward, FlexOffer, FlexResult, Receipt, Rejection, StageKind

PLAIN = INTRADAY.model_copy(update={"horizon_slots": 4})
FLEXIBILITY = stage(
    StageKind.FLEXIBILITY, takes_orders=False, mechanism="flexibility_auction", gate_lead_s=1_800, horizon_slots=48
)
MARGIN = 10_000


def called(**keys: object) -> CallAsked:
    given: dict[str, object] = {
        "call": "peak",
        "stage": "flexibility",
        "direction": "reduce",
        "slot_s": slot(6).start_s,
        "slots": 2,
        "request_wh": 200,
        "reserve_micro": 500_000,
        "penalty_micro": 100_000,
    }
    return CallAsked(at_s=START_S, **{**given, **keys})  # type: ignore[arg-type]


def trading_home(*calls: CallAsked, flex: bool = True) -> TradingHome:
    trader = StageTrader(flex=FlexTrader(MARGIN, Planner()) if flex else None)
    return TradingHome(market_bus((PLAIN, FLEXIBILITY), 1, *calls), trader)


def test_a_call_is_offered_at_cost_and_margin_then_delivered_and_paid_in_full() -> None:
    lived = trading_home(called())
    lived.run(range(2, 9))
    assert not [m for m in lived.said if isinstance(m, Rejection)]
    assert [m.of for m in lived.said if isinstance(m, Receipt)].count("flex_offer") == 2
    (award,) = [m for m in lived.said if isinstance(m, FlexAward)]
    # a kWh given away in the call is missed later, where it would have saved 0.3 at the very most
    assert award.awarded_wh == 200 and award.price_micro_per_kwh is not None
    assert MARGIN < award.price_micro_per_kwh < 300_000 + MARGIN
    results = [m for m in lived.said if isinstance(m, FlexResult)]
    assert [(r.slot, r.paid_wh) for r in results] == [(slot(6).label, 200), (slot(7).label, 200)]
    assert sum(r.amount_nano for r in results) == -400 * award.price_micro_per_kwh
    told = {d.slot: d.setpoints[0].why.text for d in lived.decisions}
    assert "Called (peak)" in told[slot(6)] and "Called" not in told[slot(5)]
    assert any("0.20 kWh less in each of 2 slots at 0." in words for words in lived.reasons)


def test_what_the_operator_pays_too_little_for_or_the_owner_has_not_opened_is_not_offered() -> None:
    cheap = trading_home(called(reserve_micro=12_000))
    cheap.run(range(2, 5))
    assert any("more than the operator pays" in words for words in cheap.reasons)
    closed = trading_home(called(), flex=False)
    closed.run(range(2, 5))
    for lived in (cheap, closed):
        assert not [m for m in lived.said if isinstance(m, FlexAward)]


def test_more_use_is_offered_where_the_battery_has_room() -> None:
    lived = trading_home(called(direction="increase"))
    lived.run(range(2, 9))
    results = [m for m in lived.said if isinstance(m, FlexResult)]
    assert [r.paid_wh for r in results] == [200, 200]


def test_no_slot_is_promised_to_two_calls() -> None:
    lived = trading_home(called(), called(call="again"))
    lived.run(range(2, 6))
    assert len({m.call for m in lived.said if isinstance(m, FlexAward)}) == 1
    assert any("promised to another call" in words for words in lived.reasons)


def test_offers_go_over_the_home_link_unchanged_and_spoilt_ones_are_refused() -> None:
    lived = trading_home(called())
    lived.run(range(2, 4))
    line = offers_to_line(Offers())
    assert offers_from_line(line) == Offers()
    for spoilt in ({"flex": None}, {"flex": [[1, [], []]]}, {"flex": [["a", [[1, "2"]], []]]}, {"flex": [["a"]]}):
        with pytest.raises(ValueError):
            offers_from_line(line | spoilt)


def test_too_many_steps_are_merged_at_the_dearer_price() -> None:
    steps = tuple(FlexStep(100 * k, k) for k in range(1, 6))
    assert fewer_steps(steps, 5) == steps
    assert fewer_steps(steps, 3) == (FlexStep(300, 6), FlexStep(400, 4), FlexStep(500, 5))


def test_an_offer_of_an_older_turn_never_replaces_a_newer_one() -> None:
    lived = trading_home(called())
    lived.run(range(2, 5))
    sequences = [m.sequence for m in lived.said if isinstance(m, Receipt) and m.of == FlexOffer.kind]
    assert sequences == sorted(set(sequences))
