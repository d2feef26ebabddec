"""What losses between zones do not allow of an outcome."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from benchmarks.invariants.lossy_places import Places, places
from benchmarks.invariants.lossy_program import can_flow, welfare_bound
from benchmarks.invariants.orders import Orders
from broker.clearing.book import Step
from broker.clearing.outcome import Outcome
from broker.network.grid import MILLION, Grid

NOT_WHOLE_WH = 3  # and the logarithm of what is sold: what whole Wh may cost a pair of places


def findings(outcome: Outcome, orders: Orders, grid: Grid) -> Iterator[str]:
    """What losses do not allow of an outcome in which everybody stands in a zone and trades inside its limits."""
    market = places(orders, grid)
    sold, bought = _sums(outcome.sold, market.sells_at), _sums(outcome.bought, market.buys_at)
    best = sum(_best(market.bids[b], wh) for b, wh in bought.items())
    best -= sum(_best(market.offers[a], wh) for a, wh in sold.items())
    if outcome.welfare != best:
        yield f"welfare {outcome.welfare}, the best orders of each place make {best} of the same energy"
    if not can_flow(sold, bought, market.arrives):
        yield f"{sold} cannot become {bought}"
    most, (less, more) = welfare_bound(market), not_whole(market)
    if not most - less <= outcome.welfare <= most + more:
        yield f"welfare {outcome.welfare}, of flows {float(most)}, in whole Wh {float(less)} less or {more} more"
    yield from _uneven(outcome, market)


def _sums(amounts: Mapping[str, int], at: Mapping[str, str]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for key, amount in amounts.items():
        totals[at[key]] = totals.get(at[key], 0) + amount
    return totals


def _best(steps: Sequence[Step], energy: int) -> int:
    """What the first steps of a side say about an energy [nano]."""
    total = 0
    for step in steps:
        part = min(energy, step.quantity)
        total += part * step.price
        energy -= part
    return total


def _uneven(outcome: Outcome, market: Places) -> Iterator[str]:
    """Sellers of a place have one whole price, its buyers one amount per Wh to the nano."""
    for awards, money, at, most in (
        (outcome.sold, outcome.receipts(), market.sells_at, 0),
        (outcome.bought, outcome.payments(), market.buys_at, 1),
    ):
        energy, total = _sums(awards, at), _sums(money, at)
        for key, nano in money.items():
            price = Fraction(total[at[key]], energy[at[key]])
            off = abs(nano - price * awards[key])
            if off > most or (not most and price.denominator != 1):
                yield f"{key} has {nano} for {awards[key]} Wh, its place {price} per Wh"


def not_whole(market: Places) -> tuple[Fraction, int]:
    """How much less and how much more welfare whole Wh may have than flows [nano].

    Less by some Wh that arrive for each pair of places that serves, at the most that one gains; the best flows use no
    more pairs than there are places. More by what of one Wh sent does not arrive for lack of a whole one, where
    sellers pay to get rid of it.
    """
    if all(part == MILLION for part in market.arrives.values()):
        return Fraction(0), 0
    value = max(0, *(step.price for steps in market.bids.values() for step in steps))
    less, more = [], []
    for (a, _), part in market.arrives.items():
        relief = max(0, *(-step.price for step in market.offers[a]))
        sent = sum(step.quantity for step in market.offers[a])
        less.append((NOT_WHOLE_WH + Fraction(math.log(sent))) * (value + Fraction(relief * MILLION, part)))
        more.append(relief)
    most = len(market.offers) + len(market.bids)
    return sum(sorted(less)[-most:], Fraction(0)), sum(sorted(more)[-most:])
