"""Stages of one slot: who may trade when, what positions do to limits, and what one gate closes."""

import json
from pathlib import Path

import pytest
from market_rig import (
    COMMUNITY,
    SECRET,
    FakeJournal,
    FakePrices,
    FakeRecorder,
    enrolled,
    inbound,
    report,
    service,
)
from test_calendar import BALANCING, DAY_AHEAD, INTRADAY, ROUNDS, at, slot

from broker.control.service import MarketService
from broker.market.events import GateClosed, SlotOpened, TermsAgreed, decode_event, encode_event
from broker.market.market import Market
from broker.market.terms import OutsidePrices, Terms, TermsChanged, terms_from_record
from wire.messages import (
    Award,
    Clearing,
    Conditions,
    Message,
    Order,
    OrderStep,
    Receipt,
    Rejection,
    Settlement,
    Side,
    SlotState,
    StatusAnswer,
    StatusQuery,
)
from wire.slots import Slot, format_utc

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "journals"
HOURLY = {"community": COMMUNITY, "slot_minutes": 60, "group_min": 2}
STAGES = (DAY_AHEAD, INTRADAY.model_copy(update={"horizon_slots": 24}), BALANCING)
TERMS = Terms(**HOURLY, stages=STAGES)  # type: ignore[arg-type]
MORNING, NOON = at("2027-01-14T08:00:00+01:00"), at("2027-01-14T12:00:00+01:00")
TRADED = slot("2027-01-15T10:00:00+01:00", 60)
LIMIT_WH = 11_000


def order(number: int, at_slot: Slot, stage: str, *step: Side | int, sequence: int = 1) -> Order:
    side, price, energy_wh = step
    return Order(
        community=COMMUNITY,
        meter=f"home-{number}",
        stage=stage,
        slot=at_slot.label,
        sequence=sequence,
        steps=(OrderStep(side=Side(side), price_micro_per_kwh=int(price), energy_wh=int(energy_wh)),),
        sent_at=format_utc(MORNING),
    )


def market(terms: Terms = TERMS, *, now_s: int = MORNING, journal: FakeJournal | None = None) -> MarketService:
    opened = service(journal, terms=terms, prices=FakePrices(OutsidePrices(300_000, 100_000)))
    opened.agree([enrolled(1), enrolled(2)], now_s)
    opened.step(now_s)
    return opened


def answers(opened: MarketService, now_s: int, *messages: Message) -> list[Message]:
    items = [inbound(int(getattr(m, "meter")[-1]), m) for m in messages]  # noqa: B009 - not every message has one
    return [out.message for out in opened.handle(items, now_s)]


def traded_day_ahead(opened: MarketService, energy_wh: int = 500) -> list[Message]:
    """Home 1 buys from home 2 at 0.2 the day before."""
    sent = answers(
        opened,
        MORNING,
        order(1, TRADED, "day_ahead", Side.BUY, 200_000, energy_wh),
        order(2, TRADED, "day_ahead", Side.SELL, 200_000, energy_wh),
    )
    assert [type(m) for m in sent] == [Receipt, Receipt]
    return [out.message for out in opened.step(NOON)]


def test_one_gate_closes_all_slots_of_the_day_with_one_event() -> None:
    journal = FakeJournal()
    opened = market(journal=journal)
    opened.step(NOON - 60)
    before = len(journal.kept)
    sent = traded_day_ahead(opened)
    closed = [e for e in map(decode_event, journal.kept[before:]) if isinstance(e, GateClosed)]
    assert [(e.stage, e.slot_s) for e in closed] == [("day_ahead", at("2027-01-15T00:00:00+01:00"))]
    clearings = [m for m in sent if isinstance(m, Clearing)]
    assert len(clearings) == 24 and {m.stage for m in clearings} == {"day_ahead"}
    assert [m.outcome for m in clearings].count("cleared") == 1
    assert not [m for m in sent if isinstance(m, Conditions)], "the conditions of tomorrow are not the next slot's"


def test_a_position_carries_to_the_next_stage_and_is_settled_whole() -> None:
    opened = market()
    awards = [m for m in traded_day_ahead(opened) if isinstance(m, Award)]
    assert {m.meter: (m.bought_wh - m.sold_wh, m.position_wh) for m in awards} == {
        "home-1": (500, 500),
        "home-2": (-500, -500),
    }
    later = NOON + 3600
    opened.step(later)
    sent = answers(
        opened,
        later,
        order(1, TRADED, "intraday", Side.SELL, 150_000, 200, sequence=2),
        order(2, TRADED, "intraday", Side.BUY, 150_000, 200, sequence=2),
        StatusQuery(community=COMMUNITY, meter="home-1", slot=TRADED.label),
    )
    assert [type(m) for m in sent] == [Receipt, Receipt, StatusAnswer]
    assert isinstance(sent[2], StatusAnswer)
    assert (sent[2].stage, sent[2].position_wh, sent[2].state) == ("intraday", 500, SlotState.GATE_OPEN)
    out = [o.message for o in opened.step(TRADED.start_s - 300)]
    awards = [m for m in out if isinstance(m, Award) and m.slot == TRADED.label]
    assert {m.meter: m.position_wh for m in awards} == {"home-1": 300, "home-2": -300}
    opened.step(TRADED.end_s)
    sent = answers(opened, TRADED.end_s, report(1, TRADED, (0, 400), (0, 0)), report(2, TRADED, (0, 0), (0, 300)))
    settled = {o.message.meter: o.message for o in opened.step(TRADED.end_s) if isinstance(o.message, Settlement)}
    lines = [(line.item.value, line.energy_wh, line.amount_nano) for line in settled["home-1"].lines]
    assert lines == [
        ("award", 500, 500 * 200_000),
        ("award", -200, -200 * 150_000),
        ("outside", 100, 100 * 300_000),
    ]
    assert settled["home-1"].award_wh == 300 and settled["home-2"].total_nano == -500 * 200_000 + 200 * 150_000
    assert opened.market.accounts.sum_nano() == 0


def test_an_order_in_a_stage_that_is_not_open_is_refused_and_changes_nothing() -> None:
    opened = market()
    (early,) = answers(opened, MORNING, order(1, TRADED, "intraday", Side.BUY, 200_000, 10))
    assert isinstance(early, Rejection) and early.code == "too_early" and "day_ahead" in early.detail
    (none,) = answers(opened, MORNING, order(1, TRADED, "weekly", Side.BUY, 200_000, 10))
    assert isinstance(none, Rejection) and none.code == "wrong_stage"
    (shared,) = answers(opened, MORNING, order(1, TRADED, "balancing", Side.BUY, 200_000, 10))
    assert isinstance(shared, Rejection) and shared.code == "no_market"
    opened.step(NOON)
    (late,) = answers(opened, NOON, order(1, TRADED, "day_ahead", Side.BUY, 200_000, 10))
    assert isinstance(late, Rejection) and late.code == "gate_closed"
    far = slot("2027-01-15T23:00:00+01:00", 60)
    (beyond,) = answers(opened, NOON, order(1, far, "intraday", Side.BUY, 200_000, 10))
    assert isinstance(beyond, Rejection) and beyond.code == "too_early"
    assert not any(book.orders for book in opened.market.books.values())


def test_an_order_of_an_earlier_stage_is_receipted_again_after_its_gate() -> None:
    opened = market()
    traded_day_ahead(opened)
    (again,) = answers(opened, NOON, order(1, TRADED, "day_ahead", Side.BUY, 200_000, 500))
    assert isinstance(again, Receipt)
    assert opened.market.books[TRADED.start_s].position_wh("home-1") == 500


@pytest.mark.parametrize(
    ("side", "energy_wh", "fits"),
    [
        (Side.BUY, LIMIT_WH - 5_000, True),
        (Side.BUY, LIMIT_WH - 4_999, False),
        (Side.SELL, LIMIT_WH + 5_000, True),
        (Side.SELL, LIMIT_WH + 5_001, False),
    ],
)
def test_the_nameplate_holds_for_position_and_order_together(side: Side, energy_wh: int, *, fits: bool) -> None:
    opened = market()
    traded_day_ahead(opened, 5_000)
    later = NOON + 7200
    opened.step(later)
    (answer,) = answers(opened, later, order(1, TRADED, "intraday", side, 200_000, energy_wh))
    assert isinstance(answer, Receipt if fits else Rejection)
    if isinstance(answer, Rejection):
        assert answer.code == "over_nameplate" and "on top of" in answer.detail


def test_rounds_clear_one_after_the_other_and_a_new_round_starts_empty() -> None:
    rounds = ROUNDS.model_copy(update={"horizon_slots": 24})
    opened = market(Terms(**HOURLY, stages=(rounds,)))  # type: ignore[arg-type]
    traded = slot("2027-01-14T14:00:00+01:00", 60)
    answers(opened, MORNING, order(1, traded, "intraday", Side.BUY, 200_000, 300))
    first = [o.message for o in opened.step(traded.start_s - 300 - 7200)]
    assert [(m.round, m.orders) for m in first if isinstance(m, Clearing) and m.slot == traded.label] == [(0, 1)]
    assert not opened.market.books[traded.start_s].orders
    now_s = traded.start_s - 7200
    (stale,) = answers(opened, now_s, order(1, traded, "intraday", Side.BUY, 210_000, 300))
    assert isinstance(stale, Rejection) and stale.code == "conflicting_sequence"
    answers(
        opened,
        now_s,
        order(1, traded, "intraday", Side.BUY, 200_000, 300, sequence=2),
        order(2, traded, "intraday", Side.SELL, 200_000, 300),
    )
    cleared: list[Clearing] = []
    while now_s < traded.start_s:
        now_s = opened.market.next_due_s(now_s)
        cleared += [
            o.message
            for o in opened.step(now_s)
            if isinstance(o.message, Clearing) and o.message.slot == traded.label
        ]
    assert [(m.round, m.volume_wh) for m in cleared] == [(1, 300), (2, 0)]


def test_a_broker_that_starts_after_the_day_ahead_gate_goes_on_with_intraday() -> None:
    opened = market(now_s=NOON + 600)
    book = opened.market.books[slot("2027-01-15T09:00:00+01:00", 60).start_s]
    assert [s.gate.stage for s in book.sessions] == ["intraday"]


def test_a_broker_that_was_away_over_both_gates_still_ends_every_round() -> None:
    opened = market()
    sent = [o.message for o in opened.step(TRADED.end_s + 7200)]
    ended = [(m.stage, m.outcome) for m in sent if isinstance(m, Clearing) and m.slot == TRADED.label]
    assert ended == [("day_ahead", "no_market"), ("intraday", "no_market")]
    assert opened.market.books[TRADED.start_s].state is SlotState.SETTLED


def test_a_day_that_is_only_traded_ahead_still_tells_conditions() -> None:
    opened = market(Terms(**HOURLY, stages=(DAY_AHEAD,)))  # type: ignore[arg-type]
    told = [o.message for o in opened.step(at("2027-01-15T01:00:00+01:00")) if isinstance(o.message, Conditions)]
    assert [m.slot for m in told][-1:] == [slot("2027-01-15T02:00:00+01:00", 60).label]


def test_the_journal_states_the_calendar_and_holds_the_broker_to_it() -> None:
    journal = FakeJournal()
    market(journal=journal)
    agreed = next(e for e in map(decode_event, journal.kept) if isinstance(e, TermsAgreed))
    assert terms_from_record(agreed.terms) == TERMS
    with pytest.raises(TermsChanged, match="stages"):
        service(FakeJournal(journal.kept), terms=Terms(**HOURLY, stages=(DAY_AHEAD,)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown terms: lottery"):
        terms_from_record({"community": "elm", "lottery": 1})


def test_a_journal_of_the_release_before_stages_gives_the_same_settlement() -> None:
    """The records of a slot as the release without stages wrote them, and what it settled."""
    frozen = json.loads((SNAPSHOTS / "one_stage.json").read_text())
    recorder = FakeRecorder()
    again = service(FakeJournal([r.encode() for r in frozen["records"]]), recorder=recorder, record_from=0)
    settled = {
        m.meter: [
            m.award_wh,
            m.metered_wh,
            [[line.item.value, line.energy_wh, line.amount_nano] for line in m.lines],
            m.total_nano,
        ]
        for m in (out.message for _, out in recorder.rows)
        if isinstance(m, Settlement)
    }
    assert settled == frozen["settlements"]
    assert again.market.accounts.entries == sum(len(row[2]) for row in settled.values())


def test_an_event_for_a_session_keeps_its_stage_in_the_journal() -> None:
    event = GateClosed(at_s=1, slot_s=3600, stage="day_ahead", round=0)
    assert decode_event(encode_event(event)) == event


def test_prices_that_come_later_open_the_market_of_tomorrow() -> None:
    fold = Market(TERMS, SECRET)
    fold.apply(SlotOpened(at_s=MORNING, slot_s=TRADED.start_s, retail_micro=None, feed_in_micro=None))
    assert fold.books[TRADED.start_s].prices is None
    fold.apply(SlotOpened(at_s=MORNING, slot_s=TRADED.start_s, retail_micro=300_000, feed_in_micro=100_000))
    assert fold.books[TRADED.start_s].prices == OutsidePrices(300_000, 100_000)
