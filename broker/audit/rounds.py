"""Every round of an archive: its root, its book, its roster, and its clearing made again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from broker.audit.archive import Archive
from broker.audit.asked_again import asked_again
from broker.audit.day_replay import Auction, replay_days
from broker.audit.own_replies import Names
from broker.audit.questions import Questions, questions_of
from broker.audit.replay import Again, Published, impossible, published_terms, replay
from broker.audit.report import Report
from broker.audit.rules import Revision, in_order, published_rules
from broker.market.day_rules import NOTHING, Surroundings
from broker.market.sessions.slot_book import Session
from broker.market.trading_switch import paused_at
from wire import audit
from wire.audit import Check, Violation
from wire.calendar import gates
from wire.commitments import RoundName, round_of
from wire.messages import (
    Award,
    BlockEntry,
    Book,
    BookEntry,
    Calendar,
    Clearing,
    Conditions,
    Gate,
    Message,
    ReplyEntry,
    Trading,
)
from wire.slots import Slot, parse_utc

Days = Mapping[str, set[str]]


@dataclass(slots=True)
class Rounds:
    """The complete books and replies, the block orders by auction, the rules of days, and the replayed awards."""

    books: dict[RoundName, tuple[BookEntry, ...]] = field(default_factory=dict)
    replies: dict[RoundName, Sequence[ReplyEntry]] = field(default_factory=dict)
    awards: dict[RoundName, dict[str, Award]] = field(default_factory=dict)
    blocks: dict[Auction, list[BlockEntry]] = field(default_factory=dict)
    rules: dict[Revision, Surroundings] = field(default_factory=dict)


@dataclass(slots=True)
class _Round:
    """What was published of one session, without repetitions; an honest broker leaves one of each."""

    gates: list[Message] = field(default_factory=list)
    clearings: list[Message] = field(default_factory=list)
    pages: list[Message] = field(default_factory=list)


def check_rounds(archive: Archive, calendar: Calendar, days: Days, names: Names, report: Report) -> Rounds:
    """Checks every round of the archive; adds to the report. `names` are known pseudonyms by meter and round."""
    conditions = {message.slot: message for message in archive.of(Conditions)}
    switched = archive.of(Trading)
    rules = published_rules(archive, days, report)
    report.violations += in_order(archive.of(Gate))
    found, terms = Rounds(rules=rules), published_terms(calendar)
    rounds = sorted(_published(archive).items(), key=lambda item: (item[0].slot, item[0]))
    first = rounds[0][0].slot if rounds else ""
    earlier = _RostersBefore(archive, calendar, first)
    with_blocks: list[tuple[Published, Session]] = []
    questions = questions_of(archive)
    for key, parts in rounds:
        if key.slot == first and not parts.gates:
            report.unchecked.append(f"{key.stage} {key.slot}: the archive begins after its gate")
            continue
        pair = _one_round(parts, key, report)
        entries = None if pair is None else _entries(parts, key, days, earlier, report)
        if pair is None or entries is None:
            continue
        found.books[key] = entries
        gate, clearing = pair
        report.violations += audit.clearing_against_gate(gate, clearing)
        report.violations += audit.book_against_gate(gate, entries)
        if terms is None:
            report.unchecked.append(f"{key.stage} {key.slot}: a mechanism that this release does not know")
            continue
        around = _around(gate, rules)
        is_paused = paused_at(switched, parse_utc(gate.closed_at))
        published = Published(gate, clearing, entries, conditions.get(key.slot), terms, around, is_paused)
        session = _session(published, days, report)
        if session is None:
            continue
        if gate.blocks:
            with_blocks.append((published, session))
            continue
        own = {meter: name for (meter, of), name in names.items() if of == key}
        again = _again(published, session, questions.get(key, Questions()), own)
        report.violations += again.violations
        found.awards[key] = again.awards
        if again.replies is not None:
            found.replies[key] = again.replies
            report.replies += len(again.replies)
    auctions = replay_days(archive, with_blocks, report)
    found.awards |= auctions.awards
    found.blocks = auctions.blocks
    return found


def _again(published: Published, session: Session, told: Questions, own: Mapping[str, str]) -> Again:
    """Clears a round again, from its orders or from the replies to its questions."""
    try:
        return asked_again(published, session, told, own) if published.is_in_rounds else replay(published, session)
    except ValidationError:
        return Again([impossible(published.clearing.slot)])


def _published(archive: Archive) -> dict[RoundName, _Round]:
    rounds: dict[RoundName, _Round] = {}
    for message in archive.messages:
        if isinstance(message, Gate | Clearing | Book):
            found = rounds.setdefault(round_of(message), _Round())
            held = {Gate: found.gates, Clearing: found.clearings, Book: found.pages}[type(message)]
            if message not in held:
                held.append(message)
    return rounds


def _one_round(found: _Round, key: RoundName, report: Report) -> tuple[Gate, Clearing] | None:
    """The gate and the clearing of a round; None where there is nothing to compare."""
    stage, slot = key.stage, key.slot
    for name, messages in (("gates", found.gates), ("clearings", found.clearings)):
        if len(messages) > 1:
            report.violations.append(Violation(Check.CONTRADICTION, slot, f"{len(messages)} different {name}"))
    if len({page.page for page in found.pages if isinstance(page, Book)}) < len(found.pages):
        report.violations.append(Violation(Check.CONTRADICTION, slot, "a page of the book in two versions"))
    if not found.clearings:
        report.unchecked.append(f"{stage} {slot}: not cleared within the archive")
        return None
    if not found.gates:
        detail = "cleared without a root of the received orders"
        report.violations.append(Violation(Check.GATE_ROOT, slot, detail))
        return None
    gate, clearing = found.gates[0], found.clearings[0]
    assert isinstance(gate, Gate)
    assert isinstance(clearing, Clearing)
    return gate, clearing


class _RostersBefore:
    """Which days may have had their roster before the archive begins: it comes with the first gate of a day."""

    def __init__(self, archive: Archive, calendar: Calendar, first: str) -> None:
        self._calendar, self._first = calendar, first
        self._begins_s = min((parse_utc(gate.closed_at) for gate in archive.of(Gate)), default=0)

    def had(self, slot: str) -> bool:
        """Whether the day of a slot is one of them."""
        day = audit.day_of(slot)
        if day <= audit.day_of(self._first):
            return True
        began = gates(self._calendar.stages, Slot(parse_utc(day), self._calendar.slot_minutes))
        return bool(began) and began[0].gate_s < self._begins_s


def _entries(
    found: _Round, key: RoundName, days: Days, earlier: _RostersBefore, report: Report
) -> tuple[BookEntry, ...] | None:
    """The orders of a round, None while pages are missing; its pseudonyms are compared with the day's roster."""
    entries = audit.complete_book(page for page in found.pages if isinstance(page, Book))
    if entries is None:
        report.violations.append(Violation(Check.BOOK, key.slot, "pages of the book are missing"))
        return None
    if audit.day_of(key.slot) in days:
        report.violations += audit.strangers(key.slot, [entry.pseudonym for entry in entries], days)
    elif not earlier.had(key.slot):
        report.violations.append(Violation(Check.ROSTER, key.slot, "the day has no roster"))
    else:
        report.unchecked.append(f"{key.slot}: the archive begins after the roster of the day")
    report.rounds += 1
    report.orders += len(entries)
    return entries


def _around(gate: Gate, rules: Mapping[Revision, Surroundings]) -> Surroundings | None:
    return rules.get((audit.day_of(gate.slot), gate.rules)) if gate.rules else NOTHING


def _session(published: Published, days: Days, report: Report) -> Session | None:
    """The session of a round that can be cleared again, None where it cannot; its gate's time is checked."""
    gate, clearing, session = published.gate, published.clearing, published.session
    if session is None:
        detail = f"the calendar knows no round {clearing.round} of a stage {clearing.stage}"
        report.violations.append(Violation(Check.CLEARING, clearing.slot, detail))
        return None
    report.violations += audit.gate_time(gate, session.gate.gate_s)
    if published.around is not None:
        return session
    what = f"revision {gate.rules} of the day's rules"
    if audit.day_of(clearing.slot) in days:
        report.violations.append(Violation(Check.RULES, clearing.slot, f"{what} was not published"))
    else:
        report.unchecked.append(f"{clearing.stage} {clearing.slot}: clearing not replayed: no {what}")
    return None
