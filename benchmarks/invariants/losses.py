"""The market with losses on random books: what arrives is what is sent less the loss, at prices that support it.

It computes in floats, so the judge allows a part in a million of the case's own size.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from scipy.optimize import linprog

from benchmarks.invariants.check import Check, Judged
from broker.clearing.loss_program import Delivered, FloatOrder, deliver

NAMES = "abc"
PART = 1e-6

Loss = Mapping[tuple[str, str], float]
Orders = Sequence[FloatOrder]


def checks() -> list[Check]:
    """The check of the offline market with losses."""
    return [Check("loss_factors", _judge, "offline")]


def _judge(rng: random.Random) -> Judged:
    price, quantity = rng.choice((3, 20, 500)), rng.choice((3, 9, 4_000))
    bids, offers = (_side(rng, price, quantity) for _ in range(2))
    pairs = [(seller, buyer) for seller in NAMES for buyer in NAMES if rng.random() < 0.7]
    loss = {pair: rng.choice((0.0, 0.02, 0.05, 0.2, 0.5)) for pair in pairs}
    result = deliver(bids, offers, loss)
    if result is None:
        return Judged(["the solver found no result"], False, (bids, offers, loss))
    size = max([1.0, *(abs(order.price) * order.quantity for order in (*bids, *offers))])
    found = [*_energy(result, bids, offers, loss, PART * quantity), *_prices(result, loss, size * PART)]
    best = _best(bids, offers, loss)
    if abs(result.welfare - best) > PART * size:
        found.append(f"welfare {result.welfare}, each offer to each bid makes {best}")
    other = deliver(rng.sample(bids, len(bids)), rng.sample(offers, len(offers)), loss)
    if other is None or abs(other.welfare - result.welfare) > PART * size:
        found.append("the order of the inputs changes the welfare")
    return Judged(found, sum(result.sold.values()) > 0, (bids, offers, loss))


def _side(rng: random.Random, price: int, quantity: int) -> list[FloatOrder]:
    return [
        FloatOrder(rng.choice(NAMES), float(rng.randint(-price // 3, price)), float(rng.randint(1, quantity)))
        for _ in range(rng.randint(0, 5))
    ]


def _energy(result: Delivered, bids: Orders, offers: Orders, loss: Loss, most: float) -> Iterator[str]:
    for end, energies, orders in ((0, result.sold, offers), (1, result.bought, bids)):
        for name, energy in energies.items():
            total = sum(order.quantity for order in orders if order.id == name)
            way = sum(
                sent * (1 - loss.get(pair, 0.0) if end else 1)
                for pair, sent in result.sent.items()
                if pair[end] == name
            )
            if abs(way - energy) > most or not -most <= energy <= total + most:
                yield f"{name} trades {energy} of {total}, on the way {way}"


def _prices(result: Delivered, loss: Loss, most: float) -> Iterator[str]:
    """No pair gains beyond its prices, and those that trade are just at them, so what is paid is what is received."""
    if abs(result.gap) > most:
        yield f"the dual bound leaves {result.gap} open"
    for (seller, buyer), sent in result.sent.items():
        worth = result.buyer_prices[buyer] * (1 - loss.get((seller, buyer), 0.0))
        if worth > result.seller_prices[seller] + most or (
            sent > most and worth < result.seller_prices[seller] - most
        ):
            yield f"{seller} to {buyer}: {sent} at {result.seller_prices[seller]}, arriving worth {worth}"
    paid = sum(result.buyer_prices[name] * energy for name, energy in result.bought.items())
    received = sum(result.seller_prices[name] * energy for name, energy in result.sold.items())
    if abs(paid - received) > most * 10:
        yield f"paid {paid}, received {received}"


def _best(bids: Orders, offers: Orders, loss: Loss) -> float:
    """The welfare when every offer serves every bid directly: one column per pair of orders."""
    pairs = [(o, b, 1 - loss.get((o.id, b.id), 0.0)) for o in offers for b in bids]
    if not pairs:
        return 0.0
    cost = [o.price - b.price * part for o, b, part in pairs]
    rows = [[1.0 if o is own else 0.0 for o, _, _ in pairs] for own in offers]
    rows += [[part if b is own else 0.0 for _, b, part in pairs] for own in bids]
    limits = [own.quantity for own in (*offers, *bids)]
    return -float(linprog(cost, A_ub=rows, b_ub=limits, method="highs").fun)
