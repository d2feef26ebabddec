"""Clearing a day-ahead auction with block orders again: all slots of the day together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import ValidationError

from broker.audit.archive import Archive
from broker.audit.replay import Published, by_pseudonym, differences, impossible
from broker.audit.report import Report
from broker.market.sessions.block_book import blocks_root
from broker.market.sessions.day_auction import day_auction
from broker.market.sessions.slot_book import Session
from wire import audit
from wire.audit import Check, Violation
from wire.commitments import RoundName, round_of
from wire.messages import Award, BlockBook, BlockEntry, Gate
from wire.slots import format_utc, parse_utc

Auction = tuple[str, str]  # the stage and the moment of its gate
Day = list[tuple[Published, Session]]  # the rounds of an auction by ascending slot


@dataclass(slots=True)
class Days:
    """What was found of the auctions with block orders: the blocks by auction, the awards by round and pseudonym."""

    blocks: dict[Auction, list[BlockEntry]] = field(default_factory=dict)
    awards: dict[RoundName, dict[str, Award]] = field(default_factory=dict)


def replay_days(archive: Archive, rounds: Iterable[tuple[Published, Session]], report: Report) -> Days:
    """Clears every day with block orders again; adds to the report."""
    found: dict[Auction, Day] = {}
    for published, session in rounds:
        auction = session.gate.stage, format_utc(session.gate.gate_s)
        found.setdefault(auction, []).append((published, session))
    pages: dict[Auction, list[BlockBook]] = {}
    for page in archive.of(BlockBook):
        held = pages.setdefault((page.stage, page.gate), [])
        if page not in held:
            held.append(page)
    first, days = next(iter(archive.of(Gate)), None), Days()
    for auction, day in sorted(found.items()):
        day.sort(key=lambda pair: pair[0].gate.slot)
        entries = _entries(auction, pages.get(auction, []), report)
        if entries is None:
            continue
        days.blocks[auction] = entries
        report.blocks += len(entries)
        report.violations += _against_gates(day, entries)
        slots = pages[auction][0].slots
        if len(day) == slots:
            days.awards |= _cleared_again(day, entries, report)
            continue
        text = f"{len(day)} of the {slots} slots that were cleared together are in the archive"
        if any(published.gate == first for published, _ in day):
            report.unchecked.append(f"{' '.join(auction)}: clearing not replayed: {text}")
        else:
            report.violations.append(Violation(Check.BOOK, auction[1], text))
    return days


def _entries(auction: Auction, pages: Sequence[BlockBook], report: Report) -> list[BlockEntry] | None:
    found = {page.page: page for page in pages}
    if len(found) < len(pages):
        detail = "a page of the block orders in two versions"
        report.violations.append(Violation(Check.CONTRADICTION, auction[1], detail))
    if not found or set(found) != set(range(next(iter(found.values())).pages)):
        report.violations.append(Violation(Check.BOOK, auction[1], "pages of the block orders are missing"))
        return None
    return [entry for number in sorted(found) for entry in found[number].entries]


def _cleared_again(day: Day, entries: Sequence[BlockEntry], report: Report) -> dict[RoundName, dict[str, Award]]:
    books = [published.book(session) for published, session in day]
    first, session = day[0]
    try:
        result = day_auction(books, entries, first.terms, first.cleared_s(session))
    except ValidationError:
        report.violations.append(impossible(first.clearing.slot))
        return {}
    awards = {}
    for (published, _), (clearing, given) in zip(day, result.slots, strict=True):
        report.violations += differences(published.clearing, clearing)
        awards[round_of(published.clearing)] = by_pseudonym(given)
    return awards


def _against_gates(day: Day, entries: Sequence[BlockEntry]) -> list[Violation]:
    """Whether the block orders are those of every gate's root, in their order, of listed members of the day."""
    root, wrong = blocks_root(entries), []
    for published, _ in day:
        gate = published.gate
        if (gate.blocks, gate.blocks_root) != (len(entries), root):
            detail = "the block orders are not those whose root its gate published"
            wrong.append(Violation(Check.GATE_ROOT, gate.slot, detail))
    about = day[0][0].gate.slot
    names = [entry.block for entry in entries]
    if any(a >= b for a, b in pairwise(names)):
        wrong.append(Violation(Check.BOOK, about, "the block orders do not stand in ascending order"))
    return wrong + _unlisted(day, entries)


def _unlisted(day: Day, entries: Sequence[BlockEntry]) -> list[Violation]:
    wrong = []
    for published, _ in day:
        gate, listed = published.gate, {entry.pseudonym for entry in published.entries}
        width_s, start_s = 60 * published.terms.slot_minutes, parse_utc(gate.slot)
        for entry in entries:
            place = (start_s - parse_utc(entry.first_slot)) // width_s
            if not 0 <= place < len(entry.energy_wh) or not entry.energy_wh[place]:
                continue
            is_first = audit.day_of(entry.first_slot) == audit.day_of(gate.slot)
            name = entry.pseudonym if is_first else entry.next_pseudonym
            if name not in listed:
                detail = f"block {entry.block} is of a member that the book does not list"
                wrong.append(Violation(Check.BOOK, gate.slot, detail))
    return wrong
