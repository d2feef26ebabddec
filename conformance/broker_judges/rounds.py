"""Gates, books, clearings, awards and their proofs; the checks are those that every meter makes."""

from collections.abc import Callable

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire import audit
from wire.commitments import RoundName, round_of
from wire.messages import Book, BookEntry, Clearing, Conditions, Gate, Leaves, Roster, ServiceStatus
from wire.slots import parse_utc

EARLIER = "the roster of the day was published before the run"
NO_ROUND = "the run did not get to a gate"


def gates_of(run: Evidence) -> dict[RoundName, Gate]:
    """The gates by round."""
    return {round_of(gate): gate for gate in run.of(Gate)}


def clearings_of(run: Evidence) -> dict[RoundName, Clearing]:
    """The clearings by round."""
    return {round_of(clearing): clearing for clearing in run.of(Clearing)}


def books_of(run: Evidence) -> dict[RoundName, tuple[BookEntry, ...]]:
    """The complete books by round."""
    pages: dict[RoundName, list[Book]] = {}
    for page in run.of(Book):
        pages.setdefault(round_of(page), []).append(page)
    found = {of: audit.complete_book(own) for of, own in pages.items()}
    return {of: entries for of, entries in found.items() if entries is not None}


def _each_round(run: Evidence, wrong: Callable[[Gate, tuple[BookEntry, ...]], list[str]]) -> Verdict:
    """The verdict on every gate with orders and its book."""
    books = books_of(run)
    rounds = [(gate, books[of]) for of, gate in gates_of(run).items() if gate.orders and of in books]
    found = [text for gate, entries in rounds for text in wrong(gate, entries)]
    return all_hold(found, len(rounds), missing="no gate with orders and its book were heard")


@BROKER.asserts(170)
def _gate_time(run: Evidence) -> Verdict:
    found = [g for g in run.of(Gate) if g.orders]
    wrong = []
    for gate in found:
        due_s = run.gate_s(gate.stage, gate.slot, gate.round)
        if due_s is None:
            wrong.append(f"the calendar has no gate {gate.round} of {gate.stage} for {gate.slot}")
        else:
            wrong += [str(violation) for violation in audit.gate_time(gate, due_s)]
    return all_hold(wrong, len(found), missing=NO_ROUND)


@BROKER.asserts(171)
def _gate_first(run: Evidence) -> Verdict:
    gates = {round_of(gate): read.place for read, gate in run.placed(Gate)}
    cleared = [(round_of(clearing), read.place) for read, clearing in run.placed(Clearing)]
    wrong = [
        f"the clearing of {of.slot} came before its gate" for of, place in cleared if gates.get(of, place) >= place
    ]
    return all_hold(wrong, len(cleared), missing=NO_ROUND)


def _book_findings(check: audit.Check, text: str) -> Callable[[Gate, tuple[BookEntry, ...]], list[str]]:
    def wrong(gate: Gate, entries: tuple[BookEntry, ...]) -> list[str]:
        found = audit.book_against_gate(gate, entries)
        return [str(violation) for violation in found if violation.check is check and text in violation.detail]

    return wrong


@BROKER.asserts(172)
def _book_root(run: Evidence) -> Verdict:
    return _each_round(run, _book_findings(audit.Check.GATE_ROOT, ""))


@BROKER.asserts(173)
def _commitments(run: Evidence) -> Verdict:
    return _each_round(run, _book_findings(audit.Check.BOOK, "committed"))


@BROKER.asserts(174)
def _ascending(run: Evidence) -> Verdict:
    return _each_round(run, _book_findings(audit.Check.BOOK, "ascending"))


@BROKER.asserts(175)
def _pages(run: Evidence) -> Verdict:
    books = books_of(run)
    due = [of for of, gate in gates_of(run).items() if gate.orders and of in clearings_of(run)]
    wrong = [f"not all pages of the book of {of.slot} were published" for of in due if of not in books]
    return all_hold(wrong, len(due), missing=NO_ROUND)


@BROKER.asserts(65)
def _all_pages(run: Evidence) -> Verdict:
    seen: dict[tuple[str, ...], set[int]] = {}
    pages: dict[tuple[str, ...], int] = {}
    heard: list[Book | Roster] = [*run.of(Book), *run.of(Roster)]
    for page in heard:
        name = (
            (page.kind, *round_of(page)[1:3]) if isinstance(page, Book) else (page.kind, page.day, str(page.revision))
        )
        seen.setdefault(name, set()).add(page.page)
        pages[name] = page.pages
    wrong = [
        f"{name}: pages {sorted(found)} of {pages[name]}" for name, found in seen.items() if len(found) != pages[name]
    ]
    return all_hold(wrong, len(seen), missing=NO_ROUND)


@BROKER.asserts(156)
def _counts_once(run: Evidence) -> Verdict:
    books = books_of(run)
    if not books:
        return NotJudged("no book was heard")
    twice = [of.slot for of, entries in books.items() if len({e.pseudonym for e in entries}) < len(entries)]
    return Broken(f"the book of {twice[0]} shows a member twice") if twice else Held(len(books))


@BROKER.asserts(177)
def _cleared_orders(run: Evidence) -> Verdict:
    gates = gates_of(run)
    pairs = [(gates[of], clearing) for of, clearing in clearings_of(run).items() if of in gates]
    wrong = [str(v) for gate, clearing in pairs for v in audit.clearing_against_gate(gate, clearing)]
    return all_hold(wrong, len(pairs), missing=NO_ROUND)


@BROKER.asserts(178)
def _ends(run: Evidence) -> Verdict:
    cleared = clearings_of(run)
    now_s = max((read.at_s for read in run.told), default=0)
    due = [
        of for of in gates_of(run) if (s := run.gate_s(of.stage, of.slot, of.round)) is not None and s + 60 < now_s
    ]
    wrong = [f"the gate of {of.slot} was followed by no clearing" for of in due if of not in cleared]
    return all_hold(wrong, len(due), missing=NO_ROUND)


@BROKER.asserts(186)
def _price_in_band(run: Evidence) -> Verdict:
    bands = {c.slot: (c.feed_in_micro_per_kwh, c.retail_micro_per_kwh) for c in run.of(Conditions)}
    priced = [c for c in run.of(Clearing) if c.price_micro_per_kwh is not None and c.slot in bands]
    wrong = [
        f"{c.slot} was cleared at {c.price_micro_per_kwh}, the band is {bands[c.slot]}"
        for c in priced
        if not bands[c.slot][0] <= (c.price_micro_per_kwh or 0) <= bands[c.slot][1]
    ]
    return all_hold(wrong, len(priced), missing="no slot was cleared with a price")


def _from_the_start(run: Evidence) -> bool:
    """Whether the log began in this run: then nothing was published before it."""
    return any(page.first == 0 for page in run.of(Leaves))


@BROKER.asserts(187)
def _roster(run: Evidence) -> Verdict:
    pages, books = run.placed(Roster), run.placed(Book)
    if not books:
        return NotJudged("no book was heard")
    wrong = [str(violation) for violation in audit.rosters([page for _, page in pages])]
    begun = None if _from_the_start(run) else audit.day_of(books[0][1].slot)  # its roster may have come before
    judged_books = [(read, book, day) for read, book in books if (day := audit.day_of(book.slot)) != begun]
    for read, book, day in judged_books:
        if not any(page.day == day and at.place < read.place for at, page in pages):
            wrong.append(f"no roster of {day} before the book of {book.slot}")
    return all_hold(wrong, len(judged_books), missing=EARLIER)


@BROKER.asserts(188)
def _no_strangers(run: Evidence) -> Verdict:
    days, books = audit.roster_names(run.of(Roster)), books_of(run)
    is_whole = _from_the_start(run)
    found = {of: entries for of, entries in books.items() if is_whole or audit.day_of(of.slot) in days}
    if books and not found:
        return NotJudged(EARLIER)
    wrong = [str(v) for of, es in found.items() for v in audit.strangers(of.slot, [e.pseudonym for e in es], days)]
    return all_hold(wrong, len(found), missing="no book was heard")


@BROKER.asserts(189)
def _in_time(run: Evidence) -> Verdict:
    found = [(r, c) for r, c in run.placed(Clearing, live=True) if not _was_away(run, r.place, c)]
    wrong = [f"the clearing of {c.slot} came {r.at_s - parse_utc(c.slot)} s after its start"
             for r, c in found if r.at_s > parse_utc(c.slot)]  # fmt: skip
    return all_hold(wrong, len(found), missing=NO_ROUND)


def _was_away(run: Evidence, place: int, clearing: Clearing) -> bool:
    """Whether the broker, heard to start, started after the gate of what it clears here."""
    starts = [r.at_s for r, _ in run.placed(ServiceStatus, live=True, state="online") if r.place < place]
    gate_s = run.gate_s(clearing.stage, clearing.slot, clearing.round)
    return bool(starts) and gate_s is not None and gate_s < starts[-1]
