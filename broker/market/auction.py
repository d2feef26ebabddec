"""From the orders of a slot to its public clearing and private awards."""

from collections.abc import Mapping

from broker.clearing.book import Book, Outcome, Step, book_side
from broker.clearing.mechanisms import MECHANISMS
from broker.clearing.uniform import price_between
from broker.ledger.log import commitment, pseudonym, salt
from broker.market.slot_book import Held, SlotBook
from broker.market.terms import Terms
from wire.codec import canonical
from wire.merkle import leaf_hash, root
from wire.messages import Award, AwardReason, Clearing, CurveStep, OrderStep, Side

CURVE_LEVELS_MAX = 100


def steps_of(orders: Mapping[str, Held], side: Side) -> list[Step]:
    """All steps of one side, by ascending meter: the order of arrival leaves no trace."""
    return [
        Step(meter, step.price_micro_per_kwh, step.energy_wh)
        for meter in sorted(orders)
        for step in orders[meter].order.steps
        if step.side is side
    ]


def auction(book: SlotBook, terms: Terms, secret: bytes, at_s: int) -> tuple[Clearing, list[Award]]:
    """The clearing of a slot's orders and the award of every meter that sent one.

    A slot that is already over when it is cleared (the broker was down) has no market: nobody could follow an award.
    """
    bids, offers = steps_of(book.orders, Side.BUY), steps_of(book.orders, Side.SELL)
    has_market = book.prices is not None and book.prices.has_market and at_s < book.slot.end_s
    if not has_market:
        bids, offers = [], []
    outcome = MECHANISMS[terms.mechanism].clear(Book(book_side(bids), book_side(offers)))
    price = None
    if outcome.low is not None and outcome.high is not None:
        price = price_between(outcome.low, outcome.high, terms.k)
    clearing = Clearing(
        community=terms.community,
        stage=terms.stage,
        slot=book.slot.label,
        mechanism=terms.mechanism,
        outcome="no_market" if not has_market else "cleared" if outcome.volume else "no_trade",
        price_micro_per_kwh=price,
        price_low_micro_per_kwh=outcome.low,
        price_high_micro_per_kwh=outcome.high,
        volume_wh=outcome.volume,
        demand=public_curve(bids, falling=True),
        supply=public_curve(offers, falling=False),
        orders=len(book.orders),
        orders_root=orders_root(book, secret),
    )
    return clearing, [_award(held, outcome, clearing, terms) for _, held in sorted(book.orders.items())]


def public_curve(steps: list[Step], *, falling: bool) -> tuple[CurveStep, ...]:
    """The aggregated curve of one side, best price first, at most 100 levels: neighbours merge at the worse price.

    The best level stays as it is: energy that is traded at any price is seen by all.
    """
    totals: dict[int, int] = {}
    for step in steps:
        totals[step.price] = totals.get(step.price, 0) + step.quantity
    levels = sorted(totals.items(), reverse=falling)
    width = -(-len(levels[1:]) // (CURVE_LEVELS_MAX - 1)) or 1
    rest = [levels[i : i + width] for i in range(1, len(levels), width)]
    groups = [levels[:1], *rest] if levels else []
    return tuple(
        CurveStep(price_micro_per_kwh=group[-1][0], energy_wh=sum(energy for _, energy in group)) for group in groups
    )


def orders_root(book: SlotBook, secret: bytes) -> str:
    """The Merkle root of the salted commitments to the orders that counted, by ascending pseudonym."""
    leaves = []
    for meter, held in book.orders.items():
        name = pseudonym(secret, meter, book.slot.start_s)
        sealed = commitment(salt(secret, "order", meter, book.slot.label), held.digest.encode())
        leaves.append(canonical({"commitment": sealed, "pseudonym": name}))
    return root([leaf_hash(leaf) for leaf in sorted(leaves)]).hex()


def _award(held: Held, outcome: Outcome, clearing: Clearing, terms: Terms) -> Award:
    meter = held.order.meter
    bought, sold = outcome.bought.get(meter, 0), outcome.sold.get(meter, 0)
    return Award(
        community=terms.community,
        meter=meter,
        stage=terms.stage,
        slot=clearing.slot,
        sequence=held.order.sequence,
        bought_wh=bought,
        sold_wh=sold,
        price_micro_per_kwh=clearing.price_micro_per_kwh,
        reason=_award_reason(held.order.steps, bought + sold, clearing),
    )


def _award_reason(steps: tuple[OrderStep, ...], traded_wh: int, clearing: Clearing) -> AwardReason:
    price = clearing.price_micro_per_kwh
    if not steps:
        return AwardReason.WITHDRAWN
    if clearing.outcome == "no_market":
        return AwardReason.NO_MARKET
    if price is None:
        return AwardReason.NO_COUNTERPART
    if traded_wh == 0:
        return AwardReason.NOT_COMPETITIVE
    wanted = sum(
        step.energy_wh
        for step in steps
        if (step.price_micro_per_kwh >= price if step.side is Side.BUY else step.price_micro_per_kwh <= price)
    )
    return AwardReason.TRADED if traded_wh >= wanted else AwardReason.PART_TRADED
