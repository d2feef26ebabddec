"""Trade at a given price with a Vickrey auction on the long side: welfare at the price, fees, nobody loses."""

import random

from benchmarks.invariants import auctions
from benchmarks.invariants.check import Check, Judged, not_whole
from benchmarks.invariants.orders import Orders, max_welfare, random_orders
from broker.clearing import vickrey_side
from broker.clearing.book import Step


def checks() -> list[Check]:
    """The check of a given price."""
    return [Check("muda_vickrey_side", _judge)]


def _judge(rng: random.Random) -> Judged:
    orders = random_orders(rng)
    limits = [step.price for step in (*orders.bids, *orders.offers)]
    price = rng.choice((0, *limits, rng.randint(min(limits, default=0), max(limits, default=0))))
    outcome = vickrey_side.trade_at(orders.book, price)
    values, costs, found = auctions.worth(orders, outcome)
    found = [*found, *auctions.imbalances(outcome), *not_whole([outcome.volume, outcome.welfare])]
    found += not_whole([*outcome.payments().values(), *outcome.receipts().values()])
    found += auctions.losers(outcome, values, costs)
    if outcome.surplus() < 0:
        found.append(f"budget balance is weak, surplus {outcome.surplus()}")
    willing = Orders([s for s in orders.bids if s.price >= price], [s for s in orders.offers if s.price <= price])
    found += [
        f"{key} pays less than the price"
        for key, wh in outcome.bought.items()
        if outcome.payment_of(key) < wh * price
    ]
    found += [
        f"{key} gets more than the price" for key, wh in outcome.sold.items() if outcome.receipt_of(key) > wh * price
    ]
    if not found and (outcome.welfare, outcome.volume) != (most := _best(willing)):
        found.append(f"welfare and volume {outcome.welfare}, {outcome.volume}, at the price {most}")
    if vickrey_side.trade_at(orders.shuffled(rng).book, price) != outcome:
        found.append("the order of the steps matters")
    return Judged(found, bool(outcome.volume), (orders, price))


def _best(willing: Orders) -> tuple[int, int]:
    """The largest welfare and the volume when the short side trades wholly: nobody willing loses by it."""
    volume = min(sum(s.quantity for s in side) for side in (willing.bids, willing.offers))
    sure = [Step(s.key, s.price + 1, s.quantity) for s in willing.bids]  # one more each, so that touching ones trade
    return max_welfare(Orders(sure, willing.offers)) - volume, volume
