"""What anyone can check of a round from signed messages alone; each check has a name, so that a finding has one too.

Nothing here knows a market mechanism: the meter uses it live, `community-broker verify` uses it offline.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from wire.calendar import gates
from wire.commitments import leaf_of_award, order_commitment, order_leaf, round_of, settlement_leaf
from wire.merkle import Tree, includes, leaf_hash
from wire.messages import Award, Book, BookEntry, Clearing, Gate, Receipt, Roster, Settlement, Stage, StageKind
from wire.slots import Slot, format_utc, parse_utc

GATE_TOLERANCE_S = 5
DAY_S = 86_400


class Check(StrEnum):
    """The checks of a market."""

    SIGNATURE = "signature"
    CONTRADICTION = "contradiction"
    GATE_TIME = "gate_time"
    GATE_ROOT = "gate_root"
    BOOK = "book"
    ROSTER = "roster"
    RULES = "rules"
    REPLIES = "replies"
    CLEARING = "clearing"
    AWARDS_ROOT = "awards_root"
    OWN_ORDER = "own_order"
    OWN_AWARD = "own_award"
    OWN_SETTLEMENT = "own_settlement"
    OWN_STORAGE = "own_storage"
    SETTLEMENT = "settlement"
    LOG = "log"
    SPLIT_VIEW = "split_view"


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """What was found: the check that failed, the slot, day or log size it is about, and what is wrong."""

    check: Check
    about: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.about}: {self.detail}"


def gate_time(gate: Gate, gate_s: int) -> list[Violation]:
    """Whether the gate closed at its time [s since 1970], by the broker's own signed word.

    A late gate without an order harms nobody: the slot was there when the broker started.
    """
    off_s = parse_utc(gate.closed_at) - gate_s
    if 0 <= off_s <= GATE_TOLERANCE_S or (off_s > 0 and not gate.orders):
        return []
    when = "early" if off_s < 0 else "late"
    return [Violation(Check.GATE_TIME, gate.slot, f"closed {abs(off_s)} s {when}, at {gate.closed_at}")]


def slot_named(label: str, slot_minutes: int) -> Slot | None:
    """The slot that a message names, None when the calendar has no such slot."""
    try:
        return Slot(parse_utc(label), slot_minutes)
    except ValueError:
        return None


def gate_of(stages: Sequence[Stage], slot: Slot, stage: str, number: int) -> int | None:
    """When round `number` of a stage closes for a slot [s since 1970], None when the calendar has no such round."""
    found = (gate.gate_s for gate in gates(stages, slot) if (gate.stage, gate.round) == (stage, number))
    return next(found, None)


def late_receipt(receipt: Receipt, gate_s: int) -> list[Violation]:
    """Whether an order was taken after its gate, by the broker's own receipt."""
    if receipt.of not in ("order", "sealed") or parse_utc(receipt.received_at) < gate_s:
        return []
    return [Violation(Check.GATE_TIME, receipt.slot, f"took an order at {receipt.received_at}, after the gate")]


def complete_book(pages: Iterable[Book]) -> tuple[BookEntry, ...] | None:
    """The entries of all pages in order; None while pages are missing."""
    found = {page.page: page for page in pages}
    if not found or set(found) != set(range(next(iter(found.values())).pages)):
        return None
    return tuple(entry for number in sorted(found) for entry in found[number].entries)


def book_against_gate(gate: Gate, entries: Sequence[BookEntry]) -> list[Violation]:
    """Whether the book holds exactly the orders of the gate's root, each opening its commitment."""
    wrong = []
    names = [entry.pseudonym for entry in entries]
    if any(a >= b for a, b in pairwise(names)):
        wrong.append(Violation(Check.BOOK, gate.slot, "the orders do not stand in ascending order of pseudonyms"))
    if len(entries) != gate.orders:
        detail = f"{len(entries)} orders in the book, {gate.orders} at the gate"
        wrong.append(Violation(Check.GATE_ROOT, gate.slot, detail))
    tree = Tree(leaf_hash(order_leaf(entry)) for entry in entries)
    if tree.root().hex() != gate.root:
        wrong.append(Violation(Check.GATE_ROOT, gate.slot, "the book has another root than the gate published"))
    ranks = [entry.arrival for entry in entries if entry.arrival]
    if len(set(ranks)) < len(ranks):
        wrong.append(Violation(Check.BOOK, gate.slot, "two orders have one rank of acceptance"))
    return wrong + _unopened(gate, entries)


def _unopened(gate: Gate, entries: Sequence[BookEntry]) -> list[Violation]:
    wrong, commitments = [], set()
    for entry in entries:
        if entry.salt is None:
            is_good = not entry.buy and not entry.sell
        else:
            opened = order_commitment(
                entry.salt,
                buy=entry.buy,
                sell=entry.sell,
                sequence=entry.sequence,
                of=round_of(gate),
            )
            is_good = opened == entry.commitment
        if not is_good:
            detail = f"the order of {entry.pseudonym} is not the one it was committed to"
            wrong.append(Violation(Check.BOOK, gate.slot, detail))
        if entry.commitment in commitments:
            wrong.append(Violation(Check.BOOK, gate.slot, f"the order of {entry.pseudonym} copies another one"))
        commitments.add(entry.commitment)
    return wrong


def clearing_against_gate(gate: Gate, clearing: Clearing) -> list[Violation]:
    """Whether the clearing is of the orders whose root was published before."""
    if (clearing.orders_root, clearing.orders) == (gate.root, gate.orders):
        return []
    detail = f"cleared {clearing.orders} orders under another root than the {gate.orders} of the gate"
    return [Violation(Check.GATE_ROOT, gate.slot, detail)]


def own_order(receipt: Receipt, expected: BookEntry, entries: Sequence[BookEntry]) -> list[Violation]:
    """Whether the book holds the own receipted order, unchanged, under the pseudonym of the receipt.

    Its rank of acceptance is the broker's word: a member knows only its own order.
    """
    found = [entry for entry in entries if entry.pseudonym == receipt.pseudonym]
    if not found:
        detail = f"the order with sequence {receipt.sequence} was receipted and is not in the book"
        return [Violation(Check.OWN_ORDER, receipt.slot, detail)]
    if found != [expected.model_copy(update={"arrival": found[0].arrival})]:
        detail = f"the order with sequence {receipt.sequence} stands in the book as another one"
        return [Violation(Check.OWN_ORDER, receipt.slot, detail)]
    return []


def award_is_proven(award: Award, clearing: Clearing) -> bool:
    """True when the award is a leaf under the awards' root of the signed clearing."""
    proof = [bytes.fromhex(node) for node in award.award_proof]
    leaf = leaf_hash(leaf_of_award(award))
    return includes(award.index, clearing.orders, leaf, proof, bytes.fromhex(clearing.awards_root))


def award_proofs(award: Award, gate: Gate, clearing: Clearing, entry: BookEntry) -> list[Violation]:
    """Whether the award proves itself, and the order it answers, under the two published roots."""
    wrong = []
    if not award_is_proven(award, clearing):
        wrong.append(Violation(Check.OWN_AWARD, award.slot, "the award is not under the awards' root"))
    proof = [bytes.fromhex(node) for node in award.order_proof]
    leaf = leaf_hash(order_leaf(entry))
    if not includes(award.index, gate.orders, leaf, proof, bytes.fromhex(gate.root)):
        wrong.append(Violation(Check.OWN_ORDER, award.slot, "the order is not under the gate's root"))
    return wrong


def roster_names(pages: Iterable[Roster]) -> dict[str, set[str]]:
    """All pseudonyms of each day."""
    days: dict[str, set[str]] = {}
    for page in pages:
        days.setdefault(page.day, set()).update(page.pseudonyms)
    return days


def rosters(pages: Sequence[Roster], members: int | None = None) -> list[Violation]:
    """Whether every day has at most as many pseudonyms as members; `members` is the true number where it is known."""
    wrong = []
    for day, names in sorted(roster_names(pages).items()):
        stated = max(page.members for page in pages if page.day == day)
        limit = stated if members is None else min(stated, members)
        if len(names) > limit:
            wrong.append(Violation(Check.ROSTER, day, f"{len(names)} pseudonyms for {limit} members"))
    return wrong


def own_settlement(settlement: Settlement, awarded_wh: int | None, net_wh: int | None) -> list[Violation]:
    """Whether a settlement adds up, and rests on the own awards [Wh, + bought] and the own report [Wh, + import].

    A correction rests on later news, and its lines are differences: only their sum is checked.
    """
    wrong = []
    if sum(line.amount_nano for line in settlement.lines) != settlement.total_nano:
        wrong.append("the lines have another sum than the total")
    if settlement.corrects is None:
        if awarded_wh is not None and awarded_wh != settlement.award_wh:
            wrong.append(f"settles an award of {settlement.award_wh} Wh, the award was another")
        if net_wh is not None and settlement.quality == "measured" and settlement.metered_wh != net_wh:
            wrong.append(f"settles {settlement.metered_wh} Wh, {net_wh} Wh were reported")
    return [Violation(Check.OWN_SETTLEMENT, settlement.slot, detail) for detail in wrong]


def whole_award_wh(awards: Iterable[Award], stages: Sequence[Stage], slot: Slot) -> int | None:
    """What the awards of one meter give it in a slot [Wh, + bought].

    None where its position can have parts that are not here: an award of another round, a contract, what a shared
    storage took or gave.
    """
    found = list(awards)
    elsewhere = (StageKind.BILATERAL, StageKind.STORAGE)
    is_only = len(gates(stages, slot)) == 1 and all(stage.kind not in elsewhere for stage in stages)
    if len(found) != 1 or not is_only:
        return None
    return found[0].bought_wh - found[0].sold_wh


def holds_settlement(leaf: str, settlement: Settlement) -> bool:
    """True when a published leaf of the log commits to the settlement."""
    return leaf_value(leaf).get("commitment") == settlement_leaf(settlement, "")["commitment"]


def leaf_value(leaf: str) -> dict[str, object]:
    """What a leaf of the log says; nothing where it is no JSON object."""
    try:
        value = json.loads(leaf)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def day_of(slot: str) -> str:
    """The UTC day of a slot, as rosters name it."""
    start_s = parse_utc(slot)
    return format_utc(start_s - start_s % DAY_S)


def strangers(slot: str, names: Iterable[str], days: Mapping[str, set[str]]) -> list[Violation]:
    """The pseudonyms of a slot that are not on the roster of its day."""
    known = days.get(day_of(slot), set())
    return [
        Violation(Check.ROSTER, slot, f"{name} is not on the roster of the day")
        for name in sorted(set(names) - known)
    ]
