"""The one input and the one result of every sharing rule of a slot, in whole units."""

from dataclasses import dataclass
from typing import NamedTuple


class Need(NamedTuple):
    """What a member drew beyond its position: `energy_wh` (+ drawn, - delivered), outside prices [micro/kWh]."""

    meter: str
    energy_wh: int
    retail_micro: int
    feed_in_micro: int

    @property
    def alone_nano(self) -> int:
        """What it costs outside, without the community [nano, + paid]."""
        return self.energy_wh * (self.retail_micro if self.energy_wh > 0 else self.feed_in_micro)


class Share(NamedTuple):
    """One line of a member's bill: `energy_wh` (+ drawn) for `amount_nano` (+ paid by the member).

    `is_outside` lines are billed by the outside supplier itself; the others by the community. `price_micro` is the
    price of the line when it has one in whole micro per kWh, else None. A line `through` "donation" goes to the
    account of donations: the energies through it sum to zero in a slot (what one member gives another takes), its
    money may stay there.
    """

    meter: str
    energy_wh: int
    amount_nano: int
    price_micro: int | None
    is_outside: bool = False
    through: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """A shared slot: the lines of all members; `note` says why a rule fell back, "" otherwise.

    Invariant: the energies of a member's lines sum to its need. What the inside lines leave as energy is bought or
    sold outside by the community, what they leave as money stays with the community account.
    """

    lines: tuple[Share, ...]
    note: str = ""


def at_price(meter: str, energy_wh: int, price_micro: int, *, is_outside: bool = False) -> Share:
    """The line of some energy at a price."""
    return Share(meter, energy_wh, energy_wh * price_micro, price_micro, is_outside)


def outside(need: Need, energy_wh: int) -> Share:
    """The line of energy that a member settles with its own supplier."""
    price = need.retail_micro if energy_wh > 0 else need.feed_in_micro
    return at_price(need.meter, energy_wh, price, is_outside=True)


def all_outside(needs: list[Need], note: str) -> Shares:
    """Every member settles outside, with the reason."""
    return Shares(lines=tuple(outside(n, n.energy_wh) for n in needs if n.energy_wh), note=note)


def ordered(needs: "list[Need] | tuple[Need, ...]") -> list[Need]:
    """The needs by ascending meter: the order of the arguments leaves no trace."""
    return sorted(needs, key=lambda n: n.meter)


def has_inside_market(needs: list[Need]) -> bool:
    """False where exporting pays more than importing costs: meeting inside would make somebody worse off."""
    return max(n.feed_in_micro for n in needs) <= min(n.retail_micro for n in needs)
