"""The best units of one curve."""

from broker.clearing.nodal.curves import Curve
from wire.quantities import largest_remainder


def filled(curve: Curve, volume: int, *, best_is_last: bool) -> tuple[dict[str, int], int]:
    """(quantity per participant, its value at the limits) of the best `volume`; the last level is shared pro rata."""
    totals: dict[str, int] = {}
    value, left = 0, volume
    levels = range(len(curve.ranks))
    for level in reversed(levels) if best_is_last else levels:
        if not left:
            break
        members = curve.members[level]
        part = min(left, sum(members.values()))
        for name, share in _shares(members, part):
            totals[name] = totals.get(name, 0) + share
        value += part * (curve.ranks[level] // 2)
        left -= part
    return totals, value


def _shares(members: dict[str, int], part: int) -> list[tuple[str, int]]:
    names = sorted(members)
    shares = largest_remainder(part, [members[name] for name in names], names)
    return [(name, share) for name, share in zip(names, shares, strict=True) if share]
