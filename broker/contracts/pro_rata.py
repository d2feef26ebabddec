"""Whole shares pro rata to weights, none above its own limit."""

from collections.abc import Mapping

from wire.quantities import largest_remainder


def pro_rata_within(total: int, weights: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    """Shares of `total` pro rata to `weights` (>= 0), each at most its `most`; what that leaves goes to the others.

    They sum to `total` when the limits of the names with a weight allow it. Complexity: O(n^2) at worst.
    """
    shares = dict.fromkeys(sorted(most), 0)
    open_names = [name for name in shares if weights.get(name, 0) > 0 and most[name] > 0]
    left = total
    while open_names and left > 0:
        parts = largest_remainder(left, [weights[n] for n in open_names], open_names)
        offered = dict(zip(open_names, parts, strict=True))
        full = [n for n in open_names if offered[n] >= most[n]]
        if not full:
            return shares | offered
        for name in full:
            left -= most[name]
            shares[name] = most[name]
        open_names = [n for n in open_names if n not in full]
    return shares
