"""The market service: durable before it counts, replayable, and honest after a crash."""

import pytest
from market_rig import (
    COMMUNITY,
    SECRET,
    START_S,
    TERMS,
    FakeJournal,
    FakePrices,
    FakeRecorder,
    enrolled,
    inbound,
    meter_key,
    opened,
    order,
    plan,
    report,
    service,
    slot,
)

from broker.control.ports import StorageFailed
from broker.ledger.log import pseudonym
from broker.market.events import Enrolled, RegulationAgreed, TermsAgreed, UnknownRecord, decode_event
from broker.market.market import Market
from broker.market.terms import OutsidePrices, Terms, TermsChanged
from broker.settlement.regulation import Regulation, regulation_of
from wire.messages import (
    Award,
    Calendar,
    Checkpoint,
    Clearing,
    Conditions,
    Hello,
    Path,
    Receipt,
    Settlement,
    Side,
    SlotState,
    StatusAnswer,
    StatusQuery,
    Welcome,
)

BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 500)


def test_a_batch_is_one_durable_group_and_every_order_gets_its_receipt() -> None:
    journal = FakeJournal()
    market = opened(journal)
    groups = journal.groups
    out = market.handle([inbound(1, order(1, slot(2), BUY)), inbound(2, order(2, slot(2), SELL))], START_S)
    assert [type(o.message) for o in out] == [Receipt, Receipt]
    assert journal.groups == groups + 1


def test_when_the_journal_fails_nothing_has_happened_and_nothing_is_answered() -> None:
    journal = FakeJournal()
    market = opened(journal)
    journal.broken = True
    with pytest.raises(StorageFailed):
        market.handle([inbound(1, order(1, slot(2), BUY))], START_S)
    assert market.market.books[slot(2).start_s].orders == {}


def test_a_resent_order_gets_its_receipt_again_even_after_the_gate_and_counts_once() -> None:
    market = opened()
    item = inbound(1, order(1, slot(2), BUY))
    market.handle([item, item], START_S)
    (late,) = market.handle([item], slot(2).start_s)
    assert isinstance(late.message, Receipt)
    assert market.market.totals.orders == 1


def test_a_higher_sequence_replaces_the_whole_order_and_no_steps_withdraw_it() -> None:
    market = opened()
    market.handle([inbound(1, order(1, slot(2), BUY, sequence=1))], START_S)
    market.handle([inbound(2, order(2, slot(2), SELL))], START_S)
    market.handle([inbound(1, order(1, slot(2), sequence=2))], START_S)
    out = market.step(slot(2).start_s - 60)
    clearing = next(o.message for o in out if isinstance(o.message, Clearing) and o.message.slot == slot(2).label)
    assert clearing.outcome == "no_trade"
    reasons = {o.meter: o.message.reason for o in out if isinstance(o.message, Award)}
    assert reasons == {"home-1": "withdrawn", "home-2": "no_counterpart"}


def test_hello_is_welcomed_and_a_query_tells_what_is_held() -> None:
    market = opened()
    market.handle([inbound(1, order(1, slot(2), BUY, sequence=4))], START_S)
    hello = Hello(community=COMMUNITY, meter="home-1", software="test", sent_at=slot(0).label)
    query = StatusQuery(community=COMMUNITY, meter="home-1", slot=slot(2).label)
    welcome, answer = (o.message for o in market.handle([inbound(1, hello), inbound(1, query)], START_S))
    assert isinstance(welcome, Welcome)
    assert isinstance(answer, StatusAnswer)
    assert (answer.state, answer.order_sequence, answer.report_sequence) == (SlotState.GATE_OPEN, 4, None)


def test_a_slot_settles_when_all_reports_are_in_and_money_sums_to_zero() -> None:
    market = opened()
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    market.step(slot(1).end_s)
    market.handle([inbound(1, report(1, slot(1), (0, 600), (0, 0)))], slot(1).end_s)
    assert not any(isinstance(o.message, Settlement) for o in market.step(slot(1).end_s))
    market.handle([inbound(2, report(2, slot(1), (0, 0), (0, 500)))], slot(1).end_s)
    out = market.step(slot(1).end_s)
    totals = {o.meter: o.message.total_nano for o in out if isinstance(o.message, Settlement)}
    assert totals == {"home-1": 500 * 200_000 + 100 * 300_000, "home-2": -500 * 200_000}
    assert market.market.accounts.sum_nano() == 0


def test_an_award_without_a_report_is_settled_as_delivered_and_marked_estimated() -> None:
    market = opened()
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    market.step(slot(1).start_s - 60)
    out = market.step(slot(1).end_s + TERMS.report_within_s)
    settled = [o.message for o in out if isinstance(o.message, Settlement) and o.message.slot == slot(1).label]
    assert [(s.quality, s.metered_wh, s.award_wh) for s in settled] == [
        ("estimated", 500, 500),
        ("estimated", -500, -500),
    ]


def test_log_leaves_stand_in_the_order_of_pseudonyms_not_of_meters() -> None:
    """The place of a leaf tells nothing about whose it is."""
    market = service(terms=TERMS)
    meters = range(1, 9)
    market.agree([enrolled(n) for n in meters], START_S)
    market.step(START_S)
    market.step(slot(1).end_s)
    market.handle([inbound(n, report(n, slot(1), (0, n), (0, 0))) for n in meters], slot(1).end_s)
    out = market.step(slot(1).end_s)
    places = {o.meter: o.message.log_index for o in out if isinstance(o.message, Settlement)}
    assert len(places) == len(meters)
    by_pseudonym = sorted(places, key=lambda meter: pseudonym(SECRET, meter, slot(1).start_s))
    assert sorted(places, key=places.__getitem__) == by_pseudonym != sorted(places)


def test_a_slot_that_is_over_when_it_is_cleared_has_no_market() -> None:
    market = opened()
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    out = market.enact(market.market.due(slot(1).end_s))
    clearing = next(o.message for o in out if isinstance(o.message, Clearing) and o.message.slot == slot(1).label)
    assert (clearing.outcome, clearing.volume_wh) == ("no_market", 0)


def test_unknown_prices_are_asked_for_again_until_the_gate() -> None:
    prices = FakePrices(None)
    market = opened(prices=prices)
    prices.now = OutsidePrices(300_000, 100_000)
    market.step(START_S + 10)
    (out,) = market.handle([inbound(1, order(1, slot(2), BUY))], START_S + 10)
    assert isinstance(out.message, Receipt)


def test_replaying_the_journal_gives_the_same_state_and_log() -> None:
    journal = FakeJournal()
    market = opened(journal)
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    for at_s in range(START_S, slot(4).end_s, 300):
        market.step(at_s)
    again = service(FakeJournal(journal.kept))
    assert again.market.books == market.market.books
    assert again.market.log.head() == market.market.log.head()
    assert again.last_s == market.last_s
    assert again.journaled == len(journal.kept)


def test_after_a_crash_what_was_not_sent_is_recorded_and_kept_for_sending() -> None:
    journal, recorder = FakeJournal(), FakeRecorder()
    market = opened(journal, recorder=recorder)
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    before = len(journal.kept)
    sent = market.step(slot(1).start_s - 60)
    after = FakeRecorder()
    again = service(FakeJournal(journal.kept), recorder=after, record_from=before, send_from=before)
    assert again.unsent == sent
    assert after.rows == [row for row in recorder.rows if row[0] >= before]
    assert after.through == len(journal.kept)


def test_a_journal_is_never_continued_under_other_terms() -> None:
    journal = FakeJournal()
    opened(journal)
    with pytest.raises(TermsChanged, match="gate_lead_s: 60 -> 30"):
        service(FakeJournal(journal.kept), terms=Terms(**{**TERMS.as_record(), "gate_lead_s": 30}))  # type: ignore[arg-type]


def test_a_term_that_an_older_release_did_not_know_had_its_default() -> None:
    older = {key: value for key, value in TERMS.as_record().items() if key != "report_within_s"}
    Market(TERMS, SECRET).apply(TermsAgreed(at_s=START_S, terms=older))
    with pytest.raises(TermsChanged, match="report_within_s: 900 -> 60"):
        changed = Terms(**{**TERMS.as_record(), "report_within_s": 60})  # type: ignore[arg-type]
        Market(changed, SECRET).apply(TermsAgreed(at_s=START_S, terms=older))


def test_a_record_of_another_release_is_refused_by_name() -> None:
    with pytest.raises(UnknownRecord):
        service(FakeJournal([b'{"type":"levitated","at_s":1}']))


def test_members_are_journaled_once_changed_ones_again_and_removed_ones_suspended() -> None:
    journal = FakeJournal()
    market = service(journal)
    market.agree([enrolled(1), enrolled(2)], START_S)
    size = len(journal.kept)
    market.agree([enrolled(1), enrolled(2)], START_S)
    assert len(journal.kept) == size
    market.agree([enrolled(1, nameplate_w=5_000)], START_S)
    events = [decode_event(record) for record in journal.kept[size:]]
    assert [(e.meter, e.suspended) for e in events if isinstance(e, Enrolled)] == [
        ("home-1", False),
        ("home-2", True),
    ]
    market.agree([enrolled(1, nameplate_w=5_000), enrolled(2)], START_S)
    assert not market.market.members["home-2"].suspended


def test_the_path_is_the_sum_of_the_newest_plans_and_waits_for_the_group() -> None:
    market = opened()
    market.handle([inbound(1, plan(1, slot(0), 100, 200, 300))], START_S)
    assert market.step(START_S) == []
    market.handle([inbound(2, plan(2, slot(1), -50))], START_S)
    (out,) = market.step(START_S)
    assert isinstance(out.message, Path)
    assert out.message.net_wh[:4] == (100, 150, 300, 0)
    assert market.step(START_S) == []
    market.handle([inbound(1, plan(1, slot(0), 1, round_number=2)), inbound(1, plan(1, slot(0), 9))], START_S)
    (newer,) = market.step(START_S)
    assert isinstance(newer.message, Path)
    assert newer.message.net_wh[:3] == (1, -50, 0)


def test_plans_that_are_wholly_past_no_longer_count_as_members() -> None:
    market = opened()
    market.handle([inbound(1, plan(1, slot(0), 100)), inbound(2, plan(2, slot(0), 1, 2, 3, 4))], START_S)
    market.step(START_S)
    market.handle([inbound(2, plan(2, slot(2), 5, round_number=2))], slot(2).start_s)
    assert not any(isinstance(o.message, Path) for o in market.step(slot(2).start_s))


def test_the_standing_messages_are_calendar_conditions_checkpoint_and_path() -> None:
    market = opened()
    kinds = [type(o.message) for o in market.standing(START_S, meter_key(9).public_hex)]
    assert kinds == [Calendar, Conditions, Checkpoint]


def test_the_next_wake_is_the_next_gate_slot_end_or_deadline() -> None:
    market = opened()
    wakes, now_s = [], START_S
    while now_s < slot(2).start_s:
        now_s = market.market.next_due_s(now_s)
        wakes.append(now_s - START_S)
        market.step(now_s)
    assert wakes == [840, 900, 1740, 1800]


def test_a_market_needs_no_service_and_its_secret_decides_only_pseudonyms() -> None:
    one, other = Market(TERMS, SECRET), Market(TERMS, b"\x01" * 32)
    assert one.log.head() == other.log.head()


def test_another_regulation_holds_from_its_date_on_and_is_journaled_once() -> None:
    journal = FakeJournal()
    market = opened(journal)
    now = Regulation(name="now", subscriptions=())
    coming = Regulation(name="coming", valid_from_s=slot(3).start_s)
    for _ in range(2):
        market.agree([enrolled(1), enrolled(2)], START_S, regulation=now)
    for _ in range(2):
        market.agree([enrolled(1), enrolled(2)], START_S + 10, regulation=coming)
    agreed = [e for e in map(decode_event, journal.kept) if isinstance(e, RegulationAgreed)]
    assert [regulation_of(e.regulation) for e in agreed] == [now, coming]
    found = [market.market.settling.regulation_at(slot(n).start_s).name for n in (0, 1, 2, 3, 4)]
    assert found == ["now", "now", "now", "coming", "coming"]
    assert service(FakeJournal(journal.kept)).market.settling.regulations == market.market.settling.regulations
    market.agree([enrolled(1), enrolled(2)], slot(4).start_s)
    assert market.market.settling.regulation_at(slot(4).start_s).name == ""
