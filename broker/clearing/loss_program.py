"""The market with losses as a file names it, pair by pair: a linear program in floats.

    max sum of value d - sum of cost s,   s_i = sum over j of f_ij,   d_j = sum over i of (1 - loss_ij) f_ij

with f_ij >= 0 sent from seller i to buyer j, d and s within their orders: a flow with gains. Its duals are the
prices: p_i at the seller per kWh sent, p_j at the buyer per kWh delivered, `p_j (1 - loss_ij) = p_i` where something
flows and `<=` elsewhere. So buyers pay exactly what sellers receive, and the losses are in the price. Where several
prices support the optimum, these are one of them.

Results are floats of the linear program, checked by its dual: `gap` is what the dual bound leaves open. The live
market is `broker.clearing.loss_factors`: between zones, in whole Wh and nano.

Source: Schweppe et al. 1988 (doi 10.1007/978-1-4613-1683-1), losses in spot prices. Complexity: a linear program with
one column per pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from broker.solver.linear import LinearProgram, solve

TOUCH = 1e-9  # part of the largest price that tells touching orders to trade


class FloatOrder(NamedTuple):
    """One order in floats."""

    id: str
    price: float
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Sent energy by pair, sold by seller, bought by buyer, prices of sellers and buyers, welfare and its gap."""

    sent: dict[tuple[str, str], float]
    sold: dict[str, float]
    bought: dict[str, float]
    seller_prices: dict[str, float]
    buyer_prices: dict[str, float]
    welfare: float
    gap: float


def deliver(
    bids: Sequence[FloatOrder], offers: Sequence[FloatOrder], loss: Mapping[tuple[str, str], float]
) -> Delivered | None:
    """The optimum with losses; pairs that are not named lose nothing. None where the solver finds none."""
    sellers, buyers = sorted({o.id for o in offers}), sorted({b.id for b in bids})
    row = {("s", name): i for i, name in enumerate(sellers)} | {
        ("b", name): len(sellers) + j for j, name in enumerate(buyers)
    }
    pairs = [(seller, buyer) for seller in sellers for buyer in buyers]
    touch = TOUCH * max([1e-9, *(abs(order.price) for order in (*bids, *offers))])
    cost = [o.price for o in offers] + [-b.price - touch for b in bids] + [0.0] * len(pairs)
    upper = [o.quantity for o in offers] + [b.quantity for b in bids] + [float("inf")] * len(pairs)
    entries: list[list[tuple[int, float]]] = [[(row["s", o.id], 1.0)] for o in offers]
    entries += [[(row["b", b.id], -1.0)] for b in bids]
    entries += [[(row["s", s], -1.0), (row["b", b], 1.0 - loss.get((s, b), 0.0))] for s, b in pairs]
    solution = solve(
        LinearProgram(
            cost=np.array(cost),
            lower=np.zeros(len(cost)),
            upper=np.array(upper),
            right=np.zeros(len(row)),
            starts=np.cumsum([0, *(len(entry) for entry in entries)][:-1], dtype=np.int32),
            rows=np.array([i for entry in entries for i, _ in entry], dtype=np.int32),
            values=np.array([value for entry in entries for _, value in entry]),
        )
    )
    if solution is None:
        return None
    x, duals = solution.x.tolist(), solution.duals.tolist()
    seller_prices = {name: duals[row["s", name]] for name in sellers}
    buyer_prices = {name: duals[row["b", name]] for name in buyers}
    sold, bought = x[: len(offers)], x[len(offers) : len(offers) + len(bids)]
    welfare = sum(b.price * q for b, q in zip(bids, bought, strict=True))
    welfare -= sum(o.price * q for o, q in zip(offers, sold, strict=True))
    bound = sum(max(0.0, seller_prices[o.id] - o.price) * o.quantity for o in offers)
    bound += sum(max(0.0, b.price - buyer_prices[b.id]) * b.quantity for b in bids)
    return Delivered(
        sent=dict(zip(pairs, x[len(offers) + len(bids) :], strict=True)),
        sold=_totals(offers, sold),
        bought=_totals(bids, bought),
        seller_prices=seller_prices,
        buyer_prices=buyer_prices,
        welfare=welfare,
        gap=bound - welfare,
    )


def _totals(orders: Sequence[FloatOrder], filled: Sequence[float]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for order, quantity in zip(orders, filled, strict=True):
        totals[order.id] = totals.get(order.id, 0.0) + quantity
    return totals
