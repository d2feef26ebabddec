"""The steps of an order as the market takes them: within its price band, and not too many."""

from hems.bidding.steps import Step
from wire.messages import Conditions


def coarsened(steps: tuple[Step, ...], steps_max: int) -> tuple[Step, ...]:
    """At most `steps_max` steps: the smallest steps are merged into their less favourable neighbour.

    A merged buy takes the lower and a merged sell the higher price, so nothing is traded worse than meant.
    """
    kept = list(steps)
    while len(kept) > steps_max:
        i = min(
            (i for i in range(len(kept) - 1) if kept[i].side == kept[i + 1].side),
            key=lambda i: kept[i].energy_wh,
            default=-1,
        )
        if i < 0:
            return tuple(kept[:steps_max])
        after = kept.pop(i + 1)
        kept[i] = Step(after.side, after.price_micro, kept[i].energy_wh + after.energy_wh)
    return tuple(kept)


def within_conditions(steps: tuple[Step, ...], conditions: Conditions | None) -> tuple[Step, ...]:
    """The steps that the slot's market conditions allow: prices moved into its band, none where there is no market.

    Buys keep below sells: where the band pushes them together, the sells at that price are left out.
    """
    if conditions is None:
        return steps
    low, high = conditions.feed_in_micro_per_kwh, conditions.retail_micro_per_kwh
    if low > high:
        return ()
    moved = [Step(s.side, min(max(s.price_micro, low), high), s.energy_wh) for s in steps]
    highest_buy = max((s.price_micro for s in moved if s.side == "buy"), default=None)
    return tuple(s for s in moved if s.side == "buy" or highest_buy is None or s.price_micro > highest_buy)
