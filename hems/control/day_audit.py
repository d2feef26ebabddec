"""What a day's rosters and rules have to be, as one member hears them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from wire import audit
from wire import messages as m
from wire.audit import Check, Violation
from wire.codec import canonical
from wire.commitments import message_leaf

PAGES_KEPT = 512
KeyT = TypeVar("KeyT")
T = TypeVar("T")
Place = tuple[str, int, int]  # day, revision, page


@dataclass(slots=True)
class DayAudit:
    """The pages of rosters and rules; what was said before this member listened is unknown, and no finding."""

    _rosters: dict[Place, m.Roster] = field(default_factory=dict)
    _rules: dict[Place, m.DayRules] = field(default_factory=dict)
    _first_day: str = ""

    def learn_roster(self, page: m.Roster) -> list[Violation]:
        """What is wrong with the rosters now that this page came."""
        self._rosters[page.day, page.revision, page.page] = page
        _trim(self._rosters, PAGES_KEPT)
        return audit.rosters(list(self._rosters.values()))

    def learn_rules(self, page: m.DayRules) -> list[Violation]:
        """What is wrong with a page of a day's rules."""
        before = self._rules.setdefault((page.day, page.revision, page.page), page)
        _trim(self._rules, PAGES_KEPT)
        if before == page:
            return []
        detail = f"two different pages {page.page} of revision {page.revision} of the rules"
        return [Violation(Check.CONTRADICTION, page.day, detail)]

    def strangers(self, slot: str, names: list[str]) -> list[Violation]:
        """Pseudonyms beyond the day's roster; the roster of the day on which this meter joined may be unknown."""
        day, days = audit.day_of(slot), audit.roster_names(self._rosters.values())
        self._first_day = self._first_day or day
        if day in days:
            return audit.strangers(slot, names, days)
        return [Violation(Check.ROSTER, slot, "the day has no roster")] if day > self._first_day else []

    def rules_followed(self, gate: m.Gate, fixed: Mapping[str, None]) -> list[Violation]:
        """What is wrong with the rules that a gate names: not published, or not fixed in the log's leaves."""
        pages = self._pages(gate)
        if not gate.rules:
            return []
        if not pages or len(pages) != pages[0].pages:
            day = audit.day_of(gate.slot)
            has_heard_it_begin = any((of, revision) == (day, 1) for of, revision, _ in self._rosters)
            if not has_heard_it_begin:
                return []
            return [Violation(Check.RULES, gate.slot, f"revision {gate.rules} of the rules was not published")]
        loose = [page for page in pages if canonical(message_leaf(page)).decode() not in fixed]
        return [Violation(Check.LOG, gate.slot, "the rules of its day are not in the log")] if loose else []

    def rows(self, gate: m.Gate) -> dict[str, m.MemberRule] | None:
        """The rows of the rules that a gate names by pseudonym, None while they are not known."""
        pages = self._pages(gate)
        if gate.rules and (not pages or len(pages) != pages[0].pages):
            return None
        return {row.pseudonym: row for page in pages for row in page.members}

    def premium_micro(self, gate: m.Gate, pseudonym: str) -> int | None:
        """The most that a member adds for a partner and a quality [micro/kWh]; None while its rules are not known."""
        rows = self.rows(gate)
        if rows is None:
            return None
        premiums = rows[pseudonym].premiums if pseudonym in rows else ()
        named = [micro for name, micro in premiums if len(name) == len(pseudonym)]
        qualities = [micro for name, micro in premiums if len(name) != len(pseudonym)]
        return max([0, *named]) + max([0, *qualities])

    def _pages(self, gate: m.Gate) -> list[m.DayRules]:
        named = audit.day_of(gate.slot), gate.rules
        return [page for (day, revision, _), page in self._rules.items() if (day, revision) == named]


def within_limits(
    entries: Iterable[m.BookEntry], rows: Mapping[str, m.MemberRule], slot_minutes: int
) -> tuple[m.BookEntry, ...]:
    """The orders without what no connection lets through: everybody keeps its best steps up to its limit."""
    return tuple(_limited(entry, rows.get(entry.pseudonym), slot_minutes) for entry in entries)


def _limited(entry: m.BookEntry, row: m.MemberRule | None, slot_minutes: int) -> m.BookEntry:
    if row is None:
        return entry
    buy = _cut(sorted(entry.buy, reverse=True), row.import_limit_w, slot_minutes)
    return entry.model_copy(update={"buy": buy, "sell": _cut(sorted(entry.sell), row.export_limit_w, slot_minutes)})


def _cut(levels: list[m.Level], limit_w: int | None, slot_minutes: int) -> tuple[m.Level, ...]:
    if limit_w is None:
        return tuple(levels)
    left_wh, kept = limit_w * slot_minutes // 60, []
    for price, energy_wh in levels:
        if left_wh > 0:
            kept.append((price, min(energy_wh, left_wh)))
        left_wh -= energy_wh
    return tuple(kept)


def _trim(held: dict[KeyT, T], most: int) -> None:
    """Forgets the oldest entries."""
    while len(held) > most:
        del held[next(iter(held))]
