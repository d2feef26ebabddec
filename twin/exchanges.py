"""What changed hands inside a community per slot, and at which price, under every kind of mechanism.

An auction has volume and price in its clearing. A sharing rule divides what was metered; its price is what the
matched energy cost and earned once the community's own purchase outside is taken off:
``(paid by those who drew - retail * bought outside) / matched`` for buyers, in the same way for sellers, and the mean
of both. At the mid-market rate that is the rate itself; a Shapley value has no other price per kWh.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from twin.world import World
from wire.messages import Clearing, Settlement, SettlementItem
from wire.quantities import micro_per_kwh
from wire.slots import parse_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One slot: energy traded by awards and shared after metering [Wh], and the price of each [micro/kWh].

    A price is None where nothing changed hands in that way.
    """

    slot: str
    awarded_wh: int
    award_price_micro: float | None
    shared_wh: int
    shared_price_micro: float | None

    def main(self, *, is_auction: bool) -> tuple[int, float | None]:
        """Energy [Wh] and price [micro/kWh] of what the mechanism itself did."""
        if is_auction:
            return self.awarded_wh, self.award_price_micro
        return self.shared_wh, self.shared_price_micro


def exchanges(world: World, clearings: Iterable[Clearing], settlements: Iterable[Settlement]) -> list[Exchanged]:
    """One entry per cleared slot, in the order of time."""
    cleared = {clearing.slot: clearing for clearing in clearings}
    by_slot = groupby(sorted(settlements, key=lambda s: s.slot), key=lambda s: s.slot)
    settled = {slot: list(group) for slot, group in by_slot}
    return [_exchanged(world, cleared[slot], settled.get(slot, [])) for slot in sorted(cleared)]


def _exchanged(world: World, clearing: Clearing, settlements: Sequence[Settlement]) -> Exchanged:
    index = world.index_at(parse_utc(clearing.slot))
    retail, feed_in = micro_per_kwh(world.retail_per_kwh[index]), micro_per_kwh(world.feed_in_per_kwh[index])
    shared_wh, price = shared_price(inside_lines(settlements), retail, feed_in)
    return Exchanged(
        slot=clearing.slot,
        awarded_wh=clearing.volume_wh,
        award_price_micro=clearing.price_micro_per_kwh if clearing.volume_wh else None,
        shared_wh=shared_wh,
        shared_price_micro=price,
    )


def inside_lines(settlements: Iterable[Settlement]) -> list[tuple[int, int]]:
    """(energy [Wh, + drawn], amount [nano, + paid]) that each member's metered energy cost inside the community."""
    found = []
    for settlement in settlements:
        lines = [line for line in settlement.lines if line.item is SettlementItem.IMBALANCE]
        if lines:
            found.append((sum(line.energy_wh for line in lines), sum(line.amount_nano for line in lines)))
    return found


def shared_price(lines: Sequence[tuple[int, int]], retail: int, feed_in: int) -> tuple[int, float | None]:
    """Matched energy [Wh] of some inside lines and its price [micro/kWh], None when nothing matched."""
    drawn = sum(energy for energy, _ in lines if energy > 0)
    given = -sum(energy for energy, _ in lines if energy < 0)
    matched = min(drawn, given)
    if not matched:
        return 0, None
    paid = sum(amount for energy, amount in lines if energy > 0) - retail * (drawn - matched)
    received = -sum(amount for energy, amount in lines if energy < 0) - feed_in * (given - matched)
    return matched, (paid + received) / (2 * matched)
