"""Rounds of questions are asked and cleared again from what is published; nothing else fits the replies."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import SECRET, START_S, FakeJournal, inbound, opened, order
from rounds_rig import ASKING, AT, GATE_S, PAIRING, Session, Steps, mistreating, reply_to, sealed
from test_market_rounds import BOTH, KINDS, ORDERS, questions

from broker.audit.archive import read_archive
from broker.audit.report import Report
from broker.audit.verify import verify
from broker.io.export import archive_lines
from broker.market.carrying.fold import Fold
from broker.market.events import decode_event
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from wire.audit import GATE_TOLERANCE_S, Check
from wire.messages import (
    Award,
    Conditions,
    Convergence,
    Message,
    PairQuestion,
    Quantities,
    Question,
    ReplyBook,
    ReplyEntry,
    Side,
)
from wire.reply_book import replies_root
from wire.signing import key_from_seed
from wire.slots import format_utc, parse_utc

KEY = key_from_seed(b"k" * 32)
TERMS = st.sampled_from([ASKING, PAIRING])
Edit = Callable[[Message], Message | None]
MANY: dict[int, Steps] = {
    1: ((Side.BUY, 240_000, 500), (Side.BUY, 210_000, 300)),
    2: ((Side.SELL, 160_000, 400),),
    3: ((Side.SELL, 190_000, 300),),
    4: ((Side.BUY, 200_000, 200),),
}


def said_by(session: Session) -> list[Outgoing]:
    return said_from(session.journal, session.terms)


def said_from(journal: FakeJournal, terms: Terms, cut: int = 0) -> list[Outgoing]:
    """Everything that a broker has said since so many records of its journal."""
    fold = Fold(Market(terms, SECRET))
    calendar = terms.calendar(KEY.public_hex, fold.market.publisher.key.public_hex)
    caused = [fold.apply(decode_event(record)) for record in journal.kept]
    sent = [out for event in caused[cut:] for _, out in event]
    told = fold.market.auctioneer.conditions(AT)
    return [Outgoing(calendar), *told, *sent]


def checked(sent: Sequence[Outgoing], edit: Edit = lambda message: message) -> Report:
    edited = [Outgoing(message, out.meter) for out in sent if (message := edit(out.message)) is not None]
    return verify(read_archive(list(archive_lines(edited, KEY)), KEY.public))


def found(session: Session, edit: Edit) -> set[Check]:
    return {violation.check for violation in checked(said_by(session), edit).violations}


@settings(max_examples=40)
@given(ORDERS, st.lists(KINDS, min_size=12, max_size=12), TERMS, st.booleans())
def test_whatever_members_do_the_clearing_follows_from_what_is_published(
    orders: dict[int, Steps], kinds: list[str], terms: Terms, knows_conditions: bool
) -> None:
    session = Session(orders, mistreat=mistreating(kinds), terms=terms).run()
    report = checked(said_by(session), lambda m: None if isinstance(m, Conditions) and not knows_conditions else m)
    assert report.violations == []
    assert not any("not replayed" in text for text in report.unchecked)
    assert report.awards == len(orders)
    (convergence,) = session.of(Convergence)
    assert report.replies == convergence.replies


@pytest.mark.parametrize("terms", [ASKING, PAIRING])
def test_an_archive_that_begins_anywhere_blames_nobody(terms: Terms) -> None:
    session = Session(MANY, terms=terms).run()
    for cut in range(len(session.journal.kept)):
        assert checked(said_from(session.journal, terms, cut)).violations == [], cut


@settings(max_examples=20)
@given(TERMS, st.integers(0, 10**6), st.sampled_from(["drop", "double", "move", "less", "stranger"]))
def test_replies_that_are_changed_after_the_report_have_another_root(terms: Terms, seed: int, how: str) -> None:
    session = Session(MANY, terms=terms).run()
    count = sum(len(page.entries) for page in session.of(ReplyBook))
    place = [seed % count]

    def edit(message: Message) -> Message:
        if not isinstance(message, ReplyBook) or message.slot != AT.label:
            return message
        if not 0 <= place[0] < len(message.entries):
            place[0] -= len(message.entries)
            return message
        i, place[0] = place[0], -1
        entries = [*message.entries[:i], *changed(message.entries[i], how), *message.entries[i + 1 :]]
        return message.model_copy(update={"entries": tuple(entries)})

    assert Check.REPLIES in found(session, edit)


def changed(entry: ReplyEntry, how: str) -> list[ReplyEntry]:
    match how:
        case "drop":
            return []
        case "double":
            return [entry, entry]
        case "move":
            return [entry.model_copy(update={"question": entry.question + 1})]
        case "stranger":
            return [entry.model_copy(update={"pseudonym": "f" * 16})]
        case _:
            less = {"sells_milli_wh": (7,), "buys_milli_wh": (), "quantities": ()}
            return [entry.model_copy(update=less)]


def sound(session: Session, change: Callable[[list[ReplyEntry]], list[ReplyEntry]]) -> Edit:
    """Replies that are changed before the report: their root fits."""
    entries = change([entry for page in session.of(ReplyBook) for entry in page.entries])

    def edit(message: Message) -> Message | None:
        if getattr(message, "slot", "") != AT.label:
            return message
        if isinstance(message, ReplyBook):
            return message.model_copy(update={"pages": 1, "entries": tuple(entries)}) if message.page == 0 else None
        if isinstance(message, Convergence):
            return message.model_copy(update={"replies": len(entries), "replies_root": replies_root(entries)})
        return message

    return edit


@pytest.mark.parametrize("terms", [ASKING, PAIRING])
def test_another_reply_under_a_root_that_fits_gives_another_clearing(terms: Terms) -> None:
    session = Session(MANY, terms=terms).run()
    nothing = (Quantities(0, 0, 0, 0),)

    def silent(entries: list[ReplyEntry]) -> list[ReplyEntry]:
        last = max(entry.question for entry in entries)
        return [e for e in entries if e.question != last or e != next(f for f in entries if f.question == last)]

    def humble(entries: list[ReplyEntry]) -> list[ReplyEntry]:
        first = entries[0]
        return [first.model_copy(update={"quantities": nothing * len(first.quantities)}), *entries[1:]]

    for change in (silent, humble):
        checks = found(session, sound(session, change))
        assert Check.REPLIES in checks or Check.CLEARING in checks
        assert Check.OWN_ORDER in checks or change is humble, "a receipted reply is missing"


@settings(max_examples=20)
@given(TERMS, st.data())
def test_whatever_replies_are_published_is_a_finding_and_no_traceback(terms: Terms, data: st.DataObject) -> None:
    session = Session(MANY, terms=terms).run()
    energies = st.integers(0, 10**9)
    rows = st.lists(st.tuples(energies, energies, energies, energies), max_size=15)
    pairs = st.lists(st.integers(0, 10**12), max_size=3).map(tuple)

    def other(entries: list[ReplyEntry]) -> list[ReplyEntry]:
        place = data.draw(st.integers(0, len(entries) - 1))
        told = {
            "quantities": tuple(Quantities(*row) for row in data.draw(rows)),
            "sells_milli_wh": data.draw(pairs),
            "buys_milli_wh": data.draw(pairs),
        }
        return [*entries[:place], entries[place].model_copy(update=told), *entries[place + 1 :]]

    assert found(session, sound(session, other)) & {Check.REPLIES, Check.CLEARING}


@pytest.mark.parametrize("terms", [ASKING, PAIRING])
def test_a_question_that_does_not_follow_is_found_and_one_that_is_hidden_too(terms: Terms) -> None:
    session = Session(MANY, terms=terms).run()
    last = max(question.question for question in session.of(Question))

    def other(message: Message) -> Message:
        if not isinstance(message, Question) or message.question != last or message.slot != AT.label:
            return message
        prices = [*message.prices_micro_per_kwh[:-1], message.prices_micro_per_kwh[-1] + 1]
        return message.model_copy(update={"prices_micro_per_kwh": tuple(prices)})

    assert found(session, other) == {Check.REPLIES}
    assert found(session, lambda m: None if isinstance(m, Question) and m.question == last else m) == {Check.REPLIES}
    assert found(session, lambda m: None if isinstance(m, ReplyBook) else m) == {Check.REPLIES}
    assert Check.REPLIES in found(session, lambda m: None if isinstance(m, Convergence) else m)


def test_a_member_that_is_asked_about_other_pairs_than_follow_finds_it_with_its_own_messages() -> None:
    session = Session(MANY, terms=PAIRING).run()

    def dearer(message: Message) -> Message:
        if not isinstance(message, PairQuestion) or (message.meter, message.question) != ("home-1", 3):
            return message
        rows = tuple(row._replace(price_micro_per_kwh=row.price_micro_per_kwh + 1) for row in message.buys)
        return message.model_copy(update={"buys": rows})

    assert found(session, dearer) == {Check.REPLIES}
    assert found(session, lambda m: None if isinstance(m, Award) else dearer(m)) == {Check.REPLIES}


@pytest.mark.parametrize("terms", [ASKING, PAIRING])
def test_moments_that_the_broker_did_not_have_are_found(terms: Terms) -> None:
    lost = mistreating(["lost", "faithful", "faithful"])
    session = Session(MANY, mistreat=lost, terms=terms, journal=FakeJournal()).run()
    (report,) = session.of(Convergence)
    assert len(set(report.asked_at)) > 1, "somebody was waited for"

    def early(message: Message) -> Message:
        at_gate = {"asked_at": (report.asked_at[0],) * len(report.asked_at), "ended_at": report.asked_at[0]}
        return message.model_copy(update=at_gate) if message == report else message

    def later(message: Message) -> Message:
        moved = tuple(format_utc(parse_utc(moment) + 1) for moment in report.asked_at)
        return message.model_copy(update={"asked_at": moved}) if message == report else message

    def fewer(message: Message) -> Message:
        return message.model_copy(update={"asked_at": report.asked_at[:-1]}) if message == report else message

    for edit in (early, later, fewer):
        assert Check.REPLIES in found(session, edit)


def test_a_session_in_which_nobody_replied_follows_too() -> None:
    session = Session(BOTH, mistreat=mistreating(["lost"]), terms=PAIRING).run()
    report = checked(said_by(session))
    assert (report.violations, report.replies) == ([], 0)


@pytest.mark.parametrize("terms", [ASKING, PAIRING])
@pytest.mark.parametrize("back_s", [1, ASKING.reveal_within_s - 1, ASKING.reveal_within_s, AT.end_s - GATE_S])
def test_a_broker_that_was_down_between_questions_is_not_blamed(terms: Terms, back_s: int) -> None:
    journal = FakeJournal()
    market = opened(journal, terms=terms)
    orders = {number: order(number, AT, *steps) for number, steps in BOTH.items()}
    market.handle([inbound(number, sealed(hidden)) for number, hidden in orders.items()], START_S)
    (question,) = questions(market.step(GATE_S))
    market.handle([inbound(n, reply_to(question, n, hidden.steps)) for n, hidden in orders.items()], GATE_S)
    now_s = GATE_S + back_s
    while market.market.books[AT.start_s].state == "gate_closed":  # nobody replies any more
        market.step(now_s)
        now_s = market.market.next_due_s(now_s)
    report = checked(said_from(journal, terms))
    assert (report.violations, report.replies) == ([], 2)


@pytest.mark.parametrize("late_s", [3, ASKING.reveal_within_s + 1, AT.end_s - GATE_S])
def test_a_gate_that_closed_late_leaves_less_time_or_none_and_is_only_late(late_s: int) -> None:
    journal = FakeJournal()
    market = opened(journal, terms=ASKING)
    market.handle([inbound(n, sealed(order(n, AT, *steps))) for n, steps in BOTH.items()], START_S)
    market.step(GATE_S + late_s)
    market.step(AT.end_s)
    checks = {violation.check for violation in checked(said_from(journal, ASKING)).violations}
    assert checks == (set() if late_s <= GATE_TOLERANCE_S else {Check.GATE_TIME})
