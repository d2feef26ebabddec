"""Block orders of a day-ahead auction: one price for a profile over several slots, taken together or not at all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WHOLE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOrder:
    """A block order of participant `key`.

    `profile` holds (index of the slot, Wh > 0) for each slot of the block, `price` [micro/kWh] is one limit for all
    of them. `accepted_min` [permille, 1..1000] is the minimum acceptance ratio: the block trades nothing, or in every
    slot the same ratio of its profile, at least this one; 1000 is all-or-nothing. A block with a `parent` (the id of
    a block of the same participant) trades only when its parent does and never at a higher ratio. Of the blocks of
    one participant with the same exclusive `group` at most one trades. Each is None where it does not apply.
    """

    id: str
    key: str
    is_buy: bool
    price: int
    profile: tuple[tuple[int, int], ...]
    accepted_min: int = WHOLE
    parent: str | None = None
    group: str | None = None

    @property
    def sign(self) -> int:
        """+1 for a block that sells (injects), -1 for one that buys."""
        return -1 if self.is_buy else 1

    def energy(self, level: int) -> tuple[tuple[int, int], ...]:
        """(slot, Wh) at an acceptance ratio [permille], rounded down to whole Wh in each slot."""
        return tuple((slot, quantity * level // WHOLE) for slot, quantity in self.profile)


def block_problems(blocks: Sequence[BlockOrder], slots: int) -> dict[str, str]:
    """What is wrong with each block that cannot take part in a day of so many slots, by its id; {} when all can."""
    by_id = {block.id: block for block in blocks}
    repeated = {name for name, count in Counter(block.id for block in blocks).items() if count > 1}
    found = {b.id: text for b in blocks if (text := _own_problem(b, slots) or _link_problem(b, by_id))}
    found |= dict.fromkeys(repeated, "is used by more than one block")
    while lost := [b for b in blocks if b.parent in found and b.id not in found]:
        found |= {b.id: f"its parent {b.parent!r} cannot take part" for b in lost}
    return dict(sorted(found.items()))


def parents_first(blocks: Iterable[BlockOrder]) -> list[BlockOrder]:
    """Valid blocks by ascending id, each parent before its children."""
    waiting, placed = sorted(blocks, key=lambda b: b.id), dict[str | None, BlockOrder]()
    while waiting:
        ready = [b for b in waiting if b.parent is None or b.parent in placed]
        assert ready, "links of valid blocks have no cycle"
        placed |= {b.id: b for b in ready}
        waiting = [b for b in waiting if b.id not in placed]
    return list(placed.values())


def _own_problem(block: BlockOrder, slots: int) -> str | None:
    indices = [slot for slot, _ in block.profile]
    if not indices or any(quantity <= 0 for _, quantity in block.profile):
        return "its profile needs at least one slot and more than 0 Wh in each"
    if len(set(indices)) < len(indices):
        return "its profile names a slot twice"
    if not all(0 <= slot < slots for slot in indices):
        return f"its profile leaves the day of {slots} slots"
    if not 1 <= block.accepted_min <= WHOLE:
        return "its minimum acceptance ratio is not in 1..1000 permille"
    return None


def _link_problem(block: BlockOrder, by_id: dict[str, BlockOrder]) -> str | None:
    seen, parent = {block.id}, block.parent
    while parent is not None:
        if parent in seen:
            return "its links form a circle"
        if parent not in by_id:
            return f"its parent {parent!r} does not exist" if parent == block.parent else None
        if by_id[parent].key != block.key:
            return f"its parent {parent!r} belongs to another participant" if parent == block.parent else None
        if block.group is not None and by_id[parent].group == block.group:
            return f"it excludes {parent!r}, on which it hangs"
        seen.add(parent)
        parent = by_id[parent].parent
    return None
