"""A home in a market of several stages: which gates it answers, what it orders, and what it holds."""

import numpy as np
import pytest
from market_rig import FakePrices, enrolled, inbound, meter_key, service
from test_calendar import BALANCING, DAY_AHEAD, INTRADAY, ROUNDS

from broker.control.service import Inbound
from broker.market.terms import Terms
from hems.bidding.sessions import closing_sessions, open_gate, turn_gate_s
from hems.bidding.steps import Band, Step
from hems.bidding.strategy import SlotOrder, Strategy, strategy_from_line, strategy_to_line
from hems.control.energy_manager import EnergyManager, Settings, beyond_position
from hems.control.measured_outlook import net_spread_kw
from hems.control.transactive_meter import Frame, MemoryOutbox, TransactiveMeter
from hems.metering.image import DeviceImage
from hems.planning.outlook import Outlook, WayOn
from hems.planning.plan import ValueCurve
from tests.fakes import (
    BATTERY,
    BROKER_KEY,
    COMMUNITY,
    METER,
    METER_KEY,
    PV,
    START_S,
    FakeOutlooks,
    clearing,
    home,
    idle,
    image,
    slot,
)
from wire.codec import encode
from wire.messages import (
    Award,
    AwardReason,
    Contract,
    Order,
    Path,
    Proposal,
    Receipt,
    Side,
    Stage,
    StageKind,
)
from wire.signing import open_frame, seal

# The day-ahead gate of the tests: 08:30 UTC, half an hour after START_S.
AHEAD = DAY_AHEAD.model_copy(update={"gate_at": "08:30", "time_zone": "UTC"})
STAGES = (AHEAD, INTRADAY, BALANCING)
TOMORROW = 64  # slots from START_S to midnight
TURN = slot(2)  # its intraday gate is at 08:25, the next one at 08:40

BAND = Band(feed_in_micro=100_000, retail_micro=300_000)
CLEARED = clearing(TURN)


def path(*net_wh: int) -> Path:
    return Path(
        community=COMMUNITY, round=1, first_slot=slot().label, members=3, net_wh=net_wh, price_micro_per_kwh=()
    )


def meter(stages: tuple[Stage, ...] = STAGES) -> TransactiveMeter:
    made = TransactiveMeter(
        meter=METER, community=COMMUNITY, key=METER_KEY, broker_key=BROKER_KEY.public, outbox=MemoryOutbox()
    )
    made.view.learn(Terms(community=COMMUNITY, stages=stages).calendar(BROKER_KEY.public_hex, "0" * 64))
    made.view.learn(path(*[500] * 192))
    return made


def manager(outlooks: FakeOutlooks | None = None) -> EnergyManager:
    return EnergyManager(home(BATTERY), outlooks or FakeOutlooks(), settings=Settings(horizon_slots=16))


def award(at: int, stage: str, bought: int, position: int) -> Award:
    return Award(
        community=COMMUNITY,
        meter=METER,
        stage=stage,
        slot=slot(at).label,
        round=0,
        position_wh=position,
        sequence=1,
        bought_wh=max(bought, 0),
        sold_wh=max(-bought, 0),
        price_micro_per_kwh=200_000,
        amount_nano=bought * 200_000,
        reason=AwardReason.TRADED,
        pseudonym="0" * 16,
        index=0,
        order_proof=(),
        award_proof=(),
    )


def test_a_turn_answers_every_gate_up_to_the_next_turn() -> None:
    closing = closing_sessions(STAGES, TURN)
    assert closing[0][0] == TURN and closing[0][1].stage == "intraday"
    assert [(s, g.stage) for s, g in closing[1:]] == [(slot(TOMORROW + k), "day_ahead") for k in range(96)]
    assert len(closing_sessions(STAGES, TURN.shifted(-1))) == len(closing_sessions(STAGES, TURN.shifted(1))) == 1
    assert turn_gate_s(STAGES, TURN) == TURN.start_s - 300
    assert turn_gate_s((), TURN) == turn_gate_s((AHEAD,), TURN) == TURN.start_s - 60


def test_every_round_of_a_slot_falls_into_exactly_one_turn() -> None:
    turns = [closing_sessions((ROUNDS,), slot(k)) for k in range(30)]
    rounds = [gate.round for turn in turns for s, gate in turn if s == slot(20)]
    assert sorted(rounds) == [0, 1, 2]


def test_of_a_slot_only_the_session_that_is_open_is_answered() -> None:
    assert open_gate(STAGES, slot(TOMORROW), START_S).stage == "day_ahead"  # type: ignore[union-attr]
    assert open_gate(STAGES, slot(TOMORROW), START_S + 1_800).stage == "intraday"  # type: ignore[union-attr]
    assert open_gate(STAGES, slot(), START_S) is None


def test_at_the_day_ahead_gate_a_home_orders_its_plan_of_tomorrow() -> None:
    outlooks = FakeOutlooks(base_kw=np.full(400, 1.0))
    strategy = manager(outlooks).prepare(START_S, TURN, image({"battery": idle(soc=0.5)}), meter().view)
    assert [order.slot for order in strategy.later] == [slot(TOMORROW + k) for k in range(96)]
    assert {order.stage for order in strategy.later} == {"day_ahead"}
    wanted = [sum(s.energy_wh if s.side == "buy" else -s.energy_wh for s in o.steps) for o in strategy.later]
    planned = strategy.net_wh[TOMORROW - 2 : TOMORROW - 2 + 96]
    assert max(abs(a - b) for a, b in zip(wanted, planned, strict=True)) <= 1
    before = manager(outlooks).prepare(START_S, TURN.shifted(-1), image(), meter().view)
    assert before.later == () and len(before.net_wh) == 16


def test_without_a_path_or_a_plan_nothing_is_ordered_for_tomorrow() -> None:
    view = meter().view
    view.path = None
    assert manager().prepare(START_S, TURN, image(), view).later == ()


def test_an_intraday_order_is_for_what_is_missing_to_the_position() -> None:
    plain, holding = meter().view, meter().view
    holding.learn(award(2, "day_ahead", 400, 400))
    fixed = EnergyManager(home(), FakeOutlooks(), settings=Settings(horizon_slots=16))
    assert fixed.prepare(START_S, TURN, image(), plain).steps == (Step("buy", 300_000, 250),)
    assert fixed.prepare(START_S, TURN, image(), holding).steps == (Step("sell", 100_000, 150),)


def test_a_curve_beyond_a_position_is_the_same_curve_from_there_on() -> None:
    curve = ValueCurve(net_kw=np.array([-1.0, 0.0, 2.0]), marginal_per_kwh=np.array([0.3, 0.1]))
    moved = beyond_position(curve, 1.5)
    assert moved.net_kw.tolist() == [-2.5, -1.5, 0.5]
    assert moved.marginal_per_kwh.tolist() == [0.3, 0.1]


def test_a_position_from_before_does_not_change_what_the_others_leave_to_the_grid() -> None:
    view = meter().view
    view.learn(award(2, "day_ahead", 400, 400))
    view.ordered(TURN, ())
    view.learn(CLEARED.model_copy(update={"stage": "day_ahead"}))
    assert view.after_auction(TURN, BAND) is None, "the intraday auction is still to come"
    view.learn(CLEARED)
    left = view.after_auction(TURN, BAND)
    assert left is not None and left.others_kw == pytest.approx(-1.6)
    assert view.position_wh(TURN) == 400


def test_a_position_is_added_up_from_awards_whatever_a_message_says_it_is() -> None:
    view = meter().view
    view.learn(award(2, "day_ahead", 400, 9_999))
    view.learn(award(2, "intraday", -150, -9_999))
    view.learn(award(2, "intraday", -150, -9_999))
    assert view.position_wh(TURN) == 250


def test_ways_on_give_the_spread_of_each_slot() -> None:
    ways = (
        WayOn(probability=0.5, base_kw=np.array([1.0, 3.0]), pv_kw=np.zeros(2)),
        WayOn(probability=0.5, base_kw=np.array([1.0, 1.0]), pv_kw=np.zeros(2)),
    )
    flat = np.ones(2)
    outlook = Outlook(start_s=START_S, base_kw=flat, pv_kw=flat, retail_per_kwh=flat, feed_in_per_kwh=flat)
    assert net_spread_kw(outlook, 0.3).tolist() == [0.3, 0.3]
    known = Outlook(
        start_s=START_S, base_kw=flat, pv_kw=flat, retail_per_kwh=flat, feed_in_per_kwh=flat, ways_on=ways
    )
    assert net_spread_kw(known, 0.3).tolist() == [0.3, 1.0]


def test_a_strategy_with_later_orders_goes_over_the_home_link_unchanged() -> None:
    later = (SlotOrder(stage="day_ahead", slot=slot(70), steps=(Step("sell", 90_000, 5),)),)
    strategy = Strategy(slot=TURN, steps=(Step("buy", 200_000, 10),), net_wh=(1, 2), later=later)
    assert strategy_from_line(strategy_to_line(strategy)) == strategy
    line = strategy_to_line(strategy)
    for spoilt in ({"later": [[1, 2, []]]}, {"later": [["a", 7, []]]}, {"later": None}, {"later": [["a", 0, [[1]]]]}):
        with pytest.raises(ValueError):
            strategy_from_line(line | spoilt)


def test_the_orders_of_a_turn_are_accepted_by_the_market_and_their_awards_are_held() -> None:
    """The real market, two meters: one buys tomorrow's load, the other sells its surplus."""
    homes = {1: FakeOutlooks(base_kw=1.0), 2: FakeOutlooks(base_kw=0.0, pv_kw=1.0)}
    terms = Terms(community=COMMUNITY, stages=STAGES, group_min=1)
    market = service(terms=terms, prices=FakePrices())
    now_s = START_S + 1_440
    market.agree([enrolled(1), enrolled(2)], now_s)
    market.step(now_s)
    meters = {}
    for number, outlooks in homes.items():
        key = meter_key(number)
        made = TransactiveMeter(
            meter=f"home-{number}",
            community=COMMUNITY,
            key=key,
            broker_key=BROKER_KEY.public,
            outbox=MemoryOutbox(),
        )
        made.view.learn(terms.calendar(BROKER_KEY.public_hex, "0" * 64))
        made.view.learn(path(*[0] * 192))
        meters[f"home-{number}"] = made
        of_home = EnergyManager(home(PV), outlooks, settings=Settings(horizon_slots=16))
        strategy = of_home.prepare(
            now_s, TURN, image({"pv": DeviceImage(power_w=0.0, available_w=1000.0)}), made.view
        )
        order = made.order(strategy, now_s)
        frames = [*([order] if order else []), *made.later_orders(strategy, now_s)]
        orders = [Order.model_validate_json(open_frame(f.data, key.public, f.kind, COMMUNITY)) for f in frames]
        sent = market.handle([inbound(number, o) for o in orders], now_s)
        assert {type(out.message) for out in sent} == {Receipt} and len(sent) == 97
    for out in market.step(START_S + 1_800):
        for made in [meters[out.meter]] if out.meter else meters.values():
            frame = seal(BROKER_KEY, out.message.kind, COMMUNITY, encode(out.message))
            made.receive(out.message.kind, frame)
    for k in range(96):
        assert meters["home-1"].view.position_wh(slot(TOMORROW + k)) == 250
        assert meters["home-2"].view.position_wh(slot(TOMORROW + k)) == -250
    assert not list(meters["home-1"].unanswered())


def test_a_contract_is_proposed_accepted_and_held_by_two_real_sessions() -> None:
    bilateral = INTRADAY.model_copy(
        update={"stage": "bilateral", "kind": StageKind.BILATERAL, "takes_orders": False, "horizon_slots": 200}
    )
    terms = Terms(community=COMMUNITY, stages=(*STAGES, bilateral), group_min=1)
    market = service(terms=terms, prices=FakePrices())
    market.agree([enrolled(1), enrolled(2)], START_S)
    market.step(START_S)
    meters = {}
    for number in (1, 2):
        meters[f"home-{number}"] = TransactiveMeter(
            meter=f"home-{number}",
            community=COMMUNITY,
            key=meter_key(number),
            broker_key=BROKER_KEY.public,
            outbox=MemoryOutbox(),
        )
        meters[f"home-{number}"].view.learn(terms.calendar(BROKER_KEY.public_hex, "0" * 64))
    told: list[Contract] = []

    def send(number: int, frame: Frame) -> None:
        for out in market.handle([Inbound(frame.kind, f"home-{number}", frame.data)], START_S):
            sealed = seal(BROKER_KEY, out.message.kind, COMMUNITY, encode(out.message))
            meters[out.meter].receive(out.message.kind, sealed)
            told.extend([out.message] if isinstance(out.message, Contract) else [])

    offered = Proposal(
        community=COMMUNITY,
        meter="home-1",
        contract="spring",
        counterparty="home-2",
        side=Side.SELL,
        price_micro_per_kwh=170_000,
        first_slot=slot(150).label,
        energy_wh=(100, 0, 200),
        expires_at=slot(40).label,
        sent_at=slot().label,
    )
    with pytest.raises(ValueError, match="this meter is home-2"):
        meters["home-2"].proposal(offered)
    send(1, meters["home-1"].proposal(offered))
    assert meters["home-2"].view.position_wh(slot(150)) == 0
    send(2, meters["home-2"].answer(told[-1], START_S, accepts=True))
    for k, energy_wh in ((150, 100), (151, 0), (152, 200)):
        assert meters["home-1"].view.position_wh(slot(k)) == -energy_wh
        assert meters["home-2"].view.position_wh(slot(k)) == energy_wh


def test_where_only_a_day_is_traded_ahead_nothing_is_ordered_after_its_gate_and_its_clearings_stay() -> None:
    made = meter((AHEAD,))
    strategy = manager().prepare(START_S, TURN, image({"battery": idle(soc=0.5)}), made.view)
    assert strategy.steps and made.order(strategy, TURN.start_s - 61) is None
    first = CLEARED.model_copy(update={"stage": "day_ahead", "slot": slot(TOMORROW).label})
    for k in range(96):
        made.view.learn(first.model_copy(update={"slot": slot(TOMORROW + k).label}))
    assert made.view.after_auction(slot(TOMORROW), BAND) is not None
