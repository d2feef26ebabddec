"""Settlements in an archive: each against its leaf and the cleared awards, and a slot as a whole where all are there.

Settlements are private. Members that hand over theirs, or an operator that exports all of them for an auditor, open
the commitments of the log; then everybody can check what was billed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from broker.audit.archive import Archive
from broker.audit.report import Report
from wire import audit
from wire.audit import Check, Violation
from wire.calendar import gates
from wire.commitments import RoundName
from wire.messages import Award, Calendar, Clearing, Leaves, Settlement, SettlementItem, SettlementLine

AS_TRADED = "as_traded"
HELD = (SettlementItem.AWARD, SettlementItem.CONTRACT, SettlementItem.STORAGE)
FLOWS = (
    *HELD,
    SettlementItem.IMBALANCE,
    SettlementItem.OUTSIDE,
    SettlementItem.DONATION,
)
Replayed = Mapping[RoundName, Mapping[str, Award]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A member's settlements of a slot, the first and its corrections, and the pseudonym that the log gives it."""

    pseudonym: str
    settlements: tuple[Settlement, ...]

    @property
    def newest(self) -> Settlement:
        """What holds now."""
        return self.settlements[-1]

    def lines(self, *items: SettlementItem) -> list[SettlementLine]:
        """The lines of some items, and those that correct them."""
        return [line for bill in self.settlements for line in bill.lines if (line.of or line.item) in items]

    def energy_wh(self, *items: SettlementItem) -> int:
        """Energy of the lines of some items [Wh, + drawn]."""
        return sum(line.energy_wh for line in self.lines(*items))

    def amount_nano(self, *items: SettlementItem) -> int:
        """Money of the lines of some items [nano-currency, + paid by the member]."""
        return sum(line.amount_nano for line in self.lines(*items))


def check_settled_slots(archive: Archive, calendar: Calendar, replayed: Replayed, report: Report) -> None:
    """Checks every slot whose settlements the archive opens; adds to the report."""
    named = _pseudonyms(archive.of(Leaves))
    clearings, is_cut = archive.of(Clearing), calendar.allocation != AS_TRADED
    for slot, bills in sorted(_by_slot(archive.of(Settlement)).items()):
        opened = _opened(bills, named.get(slot, {}))
        report.violations += [wrong for one in opened for wrong in _metered(one)]
        if is_cut:
            continue  # trades were cut to what was delivered: by how much follows from everybody's meter
        report.violations += [wrong for one in opened for wrong in _held(one)]
        rounds = _rounds(calendar, slot, replayed)
        if rounds is not None:
            report.violations += [wrong for one in opened for wrong in _against_awards(one, rounds)]
        if opened and sum(len(one.settlements) for one in opened) == len(named[slot]):
            report.settled_slots += 1
            report.violations += _whole(slot, opened, clearings)


def _by_slot(settlements: Iterable[Settlement]) -> dict[str, dict[int, Settlement]]:
    """Settlements by slot and place in the log; one that comes again counts once."""
    found: dict[str, dict[int, Settlement]] = {}
    for settlement in settlements:
        found.setdefault(settlement.slot, {})[settlement.log_index] = settlement
    return found


def _opened(bills: Mapping[int, Settlement], named: Mapping[int, str]) -> list[Opened]:
    """The members whose first settlement is there, with the corrections that follow it without a gap."""
    next_of = {bill.corrects: bill for bill in bills.values() if bill.corrects is not None}
    found = []
    for index, bill in sorted(bills.items()):
        if bill.corrects is None and index in named:
            chain = [bill]
            while (later := next_of.get(chain[-1].log_index)) is not None and later.log_index > chain[-1].log_index:
                chain.append(later)
            found.append(Opened(named[index], tuple(chain)))
    return found


def _pseudonyms(pages: Iterable[Leaves]) -> dict[str, dict[int, str]]:
    """The pseudonyms of the log's settlements by slot and index of the leaf."""
    found: dict[str, dict[int, str]] = {}
    for page in pages:
        for index, leaf in enumerate(page.leaves, page.first):
            value = audit.leaf_value(leaf)
            if {"commitment", "pseudonym", "slot"} == value.keys():
                found.setdefault(str(value["slot"]), {})[index] = str(value["pseudonym"])
    return found


def _rounds(calendar: Calendar, slot: str, replayed: Replayed) -> list[Mapping[str, Award]] | None:
    """The awards of all rounds of a slot; None where one was not cleared again."""
    named = audit.slot_named(slot, calendar.slot_minutes)
    if named is None:
        return None
    wanted = [(gate.stage, gate.round) for gate in gates(calendar.stages, named)]
    found = {(name.stage, name.round): awards for name, awards in replayed.items() if name.slot == slot}
    return None if not wanted or set(wanted) != found.keys() else list(found.values())


def _held(one: Opened) -> Iterable[Violation]:
    """The lines of one member against what its settlement says that it held."""
    newest = one.newest
    if (held := one.energy_wh(*HELD)) != newest.award_wh:
        yield _wrong(newest.slot, f"{one.pseudonym}: lines of {held} Wh for an award of {newest.award_wh} Wh")


def _metered(one: Opened) -> Iterable[Violation]:
    """The lines of one member, what it held and what went beyond it, against what was metered."""
    newest = one.newest
    if (settled := one.energy_wh(*FLOWS)) != newest.metered_wh:
        yield _wrong(newest.slot, f"{one.pseudonym}: settled on {settled} Wh, metered were {newest.metered_wh} Wh")


def _against_awards(one: Opened, rounds: Sequence[Mapping[str, Award]]) -> Iterable[Violation]:
    """The lines of one member against what clearing again awards to its pseudonym."""
    awards = [awards[one.pseudonym] for awards in rounds if one.pseudonym in awards]
    energy_wh = sum(award.bought_wh - award.sold_wh for award in awards)
    nano = sum(award.amount_nano for award in awards)
    billed_wh, billed_nano = one.energy_wh(SettlementItem.AWARD), one.amount_nano(SettlementItem.AWARD)
    if (billed_wh, billed_nano) != (energy_wh, nano):
        said = f"billed are {billed_wh} Wh for {billed_nano} nano, awarded {energy_wh} Wh for {nano} nano"
        yield _wrong(one.newest.slot, f"{one.pseudonym}: {said}")


def _whole(slot: str, opened: Sequence[Opened], clearings: Sequence[Clearing]) -> Iterable[Violation]:
    """All settlements of a slot: what some buy others sell, and what awards leave goes where clearings say."""
    cleared = {(c.stage, c.round): c for c in clearings if c.slot == slot}.values()
    lost_wh = sum(c.lost_wh or 0 for c in cleared)
    for item in HELD:
        left = sum(one.energy_wh(item) for one in opened) + (lost_wh if item is SettlementItem.AWARD else 0)
        if left:
            yield _wrong(slot, f"{item} lines of all members leave {left} Wh")
    surplus = sum(c.surplus_nano for c in cleared)
    paid = sum(one.amount_nano(SettlementItem.AWARD) for one in opened)
    if paid != surplus:
        yield _wrong(slot, f"awards leave {paid} nano of the members' money, the clearings say {surplus}")
    for item in (SettlementItem.CONTRACT, SettlementItem.STORAGE):
        if left := sum(one.amount_nano(item) for one in opened):
            yield _wrong(slot, f"{item} lines leave {left} nano of the members' money")


def _wrong(slot: str, detail: str) -> Violation:
    return Violation(Check.SETTLEMENT, slot, detail)
