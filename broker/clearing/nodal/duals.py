"""Optimal duals of a nodal market: steepest descent of its exact dual function, from a start near the optimum.

D(r) = sum over nodes of the surplus of their orders at r + sum over arcs of capacity x max(0, r_head - r_tail -
rank). D is convex in the sense of L-natural functions, so a point that no move of some nodes by +1 or -1 improves is
the minimum; the minimum cut of `balance` is such a move, and `moves` follows it as long as D falls. Every move makes
a whole number smaller, so the descent ends; all arithmetic is exact, however rough the start.

Source: Murota 2003, Discrete Convex Analysis, ch. 10 (doi 10.1137/1.9780898718508); long steps: Shioura 2017
(doi 10.1287/moor.2016.0822). Start: a linear program for many nodes, one common price for few.
"""

import math

import numpy as np

from broker.clearing.nodal.balance import Balance, Move, balance
from broker.clearing.nodal.curves import NodalMarket
from broker.clearing.nodal.moves import Moves
from broker.solver.linear import LinearProgram, solve

FEW_NODES = 64
_EXACT_FLOAT = 2**50


def optimum(market: NodalMarket) -> tuple[list[int], Balance]:
    """Optimal duals [ranks] and flows that balance every node at them."""
    duals, moves = _start(market), Moves(market)
    while isinstance(found := balance(market, duals), Move):
        moves.make(duals, found)
    return duals, found


def _start(market: NodalMarket) -> list[int]:
    count = len(market.nodes)
    common = _common(market)
    if count <= FEW_NODES:
        return [common] * count
    return _relaxed(market) or [common] * count


def _common(market: NodalMarket) -> int:
    """The rank at which all orders together balance, as if there were no network."""
    ranks = sorted({rank for node in market.nodes for side in node for rank in side.ranks})
    low, high = 0, max(len(ranks) - 1, 0)
    while low < high:
        middle = (low + high) // 2
        rank = ranks[middle]
        if sum(node.offers.up_to(rank) - node.bids.above(rank) for node in market.nodes) >= 0:
            high = middle
        else:
            low = middle + 1
    return ranks[low] if ranks else 0


def _relaxed(market: NodalMarket) -> list[int] | None:
    """The duals that a linear program in floats finds, as whole ranks; None where floats cannot hold the numbers."""
    columns: list[tuple[int, float, tuple[tuple[int, float], ...]]] = []  # rank, size, entries (node, sign)
    for i, node in enumerate(market.nodes):
        for curve, sign in ((node.bids, -1), (node.offers, 1)):
            sizes = zip(curve.ranks, curve.sizes(), strict=True)
            columns += [(sign * rank, float(size), ((i, float(sign)),)) for rank, size in sizes]
    free = market.free
    for arc, capacity in zip(market.arcs, market.capacities(), strict=True):
        size = math.inf if capacity == free else float(capacity)
        columns.append((2 * arc.cost, size, ((arc.tail, -1.0), (arc.head, 1.0))))
    if max([free, *(abs(rank) for rank, *_ in columns)]) > _EXACT_FLOAT:
        return None
    solution = solve(
        LinearProgram(
            cost=np.array([rank for rank, *_ in columns], dtype=float),
            lower=np.zeros(len(columns)),
            upper=np.array([size for _, size, _ in columns]),
            right=np.zeros(len(market.nodes)),
            starts=np.cumsum([0, *(len(entries) for *_, entries in columns)][:-1], dtype=np.int32),
            rows=np.array([node for *_, entries in columns for node, _ in entries], dtype=np.int32),
            values=np.array([sign for *_, entries in columns for _, sign in entries]),
        )
    )
    return None if solution is None else [round(dual) for dual in solution.duals.tolist()]
