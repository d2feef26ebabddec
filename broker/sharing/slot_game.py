"""The game of a slot: what members save when what they draw meets what they deliver.

A coalition S saves v(S) = spread x min(what S draws, what S delivers), with the spread between the lowest retail
and the highest feed-in price of the members [micro/kWh], energies in Wh and savings in nano. A rule says what part
of v(all) each member gets; a member's bill is what it costs alone less that part.

In whole units: matched energy is shared pro rata (largest remainder) and billed inside, the rest is billed outside.
The parts are turned into whole nano once: each is rounded down, what is left goes one nano each to the largest
fractions, equal fractions in ascending order of the meters. With one tariff the inside lines sum to 0; where
tariffs differ, what the community saves beyond v(all) stays with the community account.

Source: the saving as a market game of two goods: Shapley & Shubik 1969, doi 10.1016/0022-0531(69)90008-8.
Complexity: O(n log n).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from broker.sharing.shares import Need, Share, Shares, all_outside, has_inside_market, ordered, outside
from wire.quantities import largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotGame:
    """The members with energy in a slot: `energy_wh` (+ drawn, - delivered, never 0) by ascending meter.

    `retail_micro` is the lowest retail, `feed_in_micro` the highest feed-in price of the members.
    """

    energy_wh: Mapping[str, int]
    retail_micro: int
    feed_in_micro: int

    @property
    def demand_wh(self) -> int:
        """What the short members draw."""
        return sum(e for e in self.energy_wh.values() if e > 0)

    @property
    def supply_wh(self) -> int:
        """What the long members deliver."""
        return -sum(e for e in self.energy_wh.values() if e < 0)

    @property
    def matched_wh(self) -> int:
        """What meets inside."""
        return min(self.demand_wh, self.supply_wh)

    @property
    def spread_micro(self) -> int:
        """What a matched kWh saves."""
        return self.retail_micro - self.feed_in_micro


class Division(NamedTuple):
    """The part of the saving of each member of a slot's game [nano, exact], with the sum v(all), and a note."""

    parts: Mapping[str, Fraction]
    note: str = ""


def slot_game(members: Sequence[Need]) -> SlotGame:
    """The game of at least one member."""
    return SlotGame(
        energy_wh={n.meter: n.energy_wh for n in sorted(members, key=lambda n: n.meter) if n.energy_wh},
        retail_micro=min(n.retail_micro for n in members),
        feed_in_micro=max(n.feed_in_micro for n in members),
    )


def divided(needs: Sequence[Need], rule: Callable[[SlotGame], Division]) -> Shares:
    """The bills of all members when a rule divides the saving; all outside where nothing can be saved."""
    members = ordered(list(needs))
    if not members:
        return Shares(lines=())
    if not has_inside_market(members):
        return all_outside(members, "feed-in pays more than retail costs")
    game = slot_game(members)
    if not game.matched_wh:
        return all_outside(members, "")
    division = rule(game)
    parts = whole_parts(division.parts)
    inside = matched(game.energy_wh)
    lines: list[Share] = []
    for need in members:
        lines += _lines(need, inside.get(need.meter, 0), parts.get(need.meter, 0))
    return Shares(lines=tuple(lines), note=division.note)


def matched(energy_wh: Mapping[str, int]) -> dict[str, int]:
    """What of each member's energy meets inside [Wh, signed]: the short side wholly, the long side pro rata."""
    shorts = {meter: e for meter, e in energy_wh.items() if e > 0}
    longs = {meter: -e for meter, e in energy_wh.items() if e < 0}
    total = min(sum(shorts.values()), sum(longs.values()))
    return _pro_rata(total, shorts) | {meter: -energy for meter, energy in _pro_rata(total, longs).items()}


def whole_parts(parts: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole numbers next to exact parts, with the same whole sum; no part that is not negative gets negative."""
    whole = {key: part.numerator // part.denominator for key, part in parts.items()}
    total = sum(parts.values(), Fraction(0))
    assert total.denominator == 1, "the parts of a saving in whole nano sum to whole nano"
    by_claim = sorted(parts, key=lambda key: (whole[key] - parts[key], key))
    for key in by_claim[: int(total) - sum(whole.values())]:
        whole[key] += 1
    return whole


def _pro_rata(total: int, side: dict[str, int]) -> dict[str, int]:
    meters = list(side)
    return dict(zip(meters, largest_remainder(total, list(side.values()), meters), strict=True))


def _lines(need: Need, inside_wh: int, part_nano: int) -> list[Share]:
    """One member's bill: cost alone less its part, the outside energy at its own outside price."""
    rest = outside(need, need.energy_wh - inside_wh)
    amount = need.alone_nano - part_nano - rest.amount_nano
    lines = []
    if inside_wh or amount:
        lines.append(Share(need.meter, inside_wh, amount, _whole_price(amount, inside_wh)))
    return [*lines, rest] if rest.energy_wh else lines


def _whole_price(amount_nano: int, energy_wh: int) -> int | None:
    """The price of a line in micro per kWh when it is a whole number, else None."""
    if not energy_wh or amount_nano % energy_wh:
        return None
    return amount_nano // energy_wh
