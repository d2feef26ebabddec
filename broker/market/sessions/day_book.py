"""What the broker knows of a day-ahead auction beside the orders of its slots: the block orders."""

from dataclasses import dataclass, field

from wire.messages import BlockOrder, Side
from wire.slots import parse_utc


@dataclass(frozen=True, slots=True)
class HeldBlock:
    """The block order that counts, with the digest of its payload bytes; one without a profile was withdrawn."""

    order: BlockOrder
    digest: str

    def profile_wh(self, slot_s: int, width_s: int) -> int:
        """Its energy in a slot [Wh]."""
        place = (slot_s - parse_utc(self.order.first_slot)) // width_s
        return self.order.energy_wh[place] if 0 <= place < len(self.order.energy_wh) else 0


@dataclass(slots=True)
class DayBook:
    """The block orders of one day-ahead auction by (meter, block), and how many messages each of them took."""

    width_s: int
    blocks: dict[tuple[str, str], HeldBlock] = field(default_factory=dict)
    messages: dict[tuple[str, str], int] = field(default_factory=dict)

    def count_of(self, meter: str) -> int:
        """How many blocks a meter has."""
        return sum(owner == meter for owner, _ in self.blocks)

    def reserved_wh(self, meter: str, slot_s: int, side: Side, *, without: str = "") -> int:
        """The most that a meter's blocks can trade on a side of a slot [Wh]; of an exclusive group the largest."""
        groups: dict[str, int] = {}
        for (owner, name), held in self.blocks.items():
            if owner == meter and name != without and held.order.side is side:
                key = f"group/{held.order.group}" if held.order.group is not None else f"block/{name}"
                groups[key] = max(groups.get(key, 0), held.profile_wh(slot_s, self.width_s))
        return sum(groups.values())

    @property
    def live(self) -> int:
        """How many blocks take part: those that were not withdrawn."""
        return sum(any(held.order.energy_wh) for held in self.blocks.values())

    def sequences(self, slot_s: int) -> dict[str, int]:
        """The members whose blocks trade in a slot, each with the sequence of its last block by name."""
        return {
            meter: held.order.sequence
            for (meter, _), held in sorted(self.blocks.items())
            if held.profile_wh(slot_s, self.width_s)
        }
