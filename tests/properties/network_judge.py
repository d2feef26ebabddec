"""Independent judges of markets with a network: a linear program for the welfare, and what prices must support."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

from broker.clearing.book import Book, Step, book_side

Flow = tuple[int, int, float, float | None]  # from node, to node, cost, capacity


def best_welfare(
    bids: Sequence[tuple[int, Step]], offers: Sequence[tuple[int, Step]], arcs: Sequence[Flow], nodes: int
) -> float:
    """The largest welfare of orders at nodes, by HiGHS through scipy."""
    rows = [(node, -step.price, step.quantity, -1) for node, step in bids]
    rows += [(node, step.price, step.quantity, 1) for node, step in offers]
    if not rows:
        return 0.0
    matrix = np.zeros((nodes, len(rows) + len(arcs)))
    for j, (node, _, _, sign) in enumerate(rows):
        matrix[node, j] = sign
    for j, (tail, head, _, _) in enumerate(arcs, start=len(rows)):
        matrix[tail, j] -= 1
        matrix[head, j] += 1
    cost = [price for _, price, _, _ in rows] + [arc[2] for arc in arcs]
    upper = [quantity for _, _, quantity, _ in rows] + [arc[3] for arc in arcs]
    bounds = [(0, limit) for limit in upper]
    return -float(linprog(cost, A_eq=matrix, b_eq=np.zeros(nodes), bounds=bounds, method="highs").fun)


def book_of(bids: Sequence[Step], offers: Sequence[Step]) -> Book:
    """The book of some steps."""
    return Book(book_side(bids), book_side(offers))


def wants(steps: Sequence[Step], price: float, sign: int) -> dict[str, tuple[int, int]]:
    """(least, most) that each participant wants at a price: `sign` 1 buys, -1 sells."""
    ranges: dict[str, tuple[int, int]] = {}
    for key, limit, quantity in (step[:3] for step in steps):
        gain = sign * (limit - price)
        least, most = ranges.get(key, (0, 0))
        ranges[key] = (least + (quantity if gain > 0 else 0), most + (quantity if gain >= 0 else 0))
    return ranges


def assert_wanted(steps: Sequence[Step], filled: Mapping[str, int], price: float | None, sign: int) -> None:
    """Nobody prefers another quantity at this price."""
    if price is None:
        return
    for key, (least, most) in wants(steps, price, sign).items():
        assert least <= filled.get(key, 0) <= most, (key, price)


def best_with_losses(
    bids: Sequence[Step], offers: Sequence[Step], zones: Mapping[str, str], losses: Mapping[tuple[str, str], int]
) -> float:
    """The largest welfare when offers serve bids with what their zones leave of it: one column per pair of orders."""
    pairs = [(o, b, 1 - losses.get((zones[o.key], zones[b.key]), 0) / 1e6) for o in offers for b in bids]
    if not pairs:
        return 0.0
    gains = [o.price - b.price * part for o, b, part in pairs]
    rows = [[1.0 if o is own else 0.0 for o, _, _ in pairs] for own in offers]
    rows += [[part if b is own else 0.0 for _, b, part in pairs] for own in bids]
    limits = [own.quantity for own in (*offers, *bids)]
    return -float(linprog(gains, A_ub=rows, b_ub=limits, method="highs").fun)
