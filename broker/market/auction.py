"""From the orders of a slot to its public clearing and private awards."""

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.ledger.log import commitment, pseudonym, salt
from broker.market.slot_book import Held, SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire.codec import canonical
from wire.merkle import leaf_hash, root
from wire.messages import Award, AwardReason, Clearing, CurveStep, OrderStep, Side
from wire.quantities import round_half_even
from wire.slots import Slot

CURVE_LEVELS_MAX = 100


def steps_of(orders: Mapping[str, Held], side: Side) -> list[Step]:
    """All steps of one side, by ascending meter; the rank of acceptance is for price-time priority only."""
    arrivals = {meter: rank for rank, meter in enumerate(orders, start=1)}
    return [
        Step(meter, step.price_micro_per_kwh, step.energy_wh, arrivals[meter])
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
    clear = MECHANISMS[terms.mechanism].clear
    if clear is None:
        outcome = no_trade()
    else:
        outcome = clear(Book(book_side(bids), book_side(offers)), slot_rules(book.slot, terms))
    clearing = Clearing(
        community=terms.community,
        stage=terms.stage,
        slot=book.slot.label,
        mechanism=terms.mechanism,
        outcome=_verdict(outcome, has_market=has_market, is_auction=clear is not None),
        price_micro_per_kwh=mean_price(outcome),
        buyer_price_micro_per_kwh=outcome.buyer_price,
        seller_price_micro_per_kwh=outcome.seller_price,
        price_low_micro_per_kwh=outcome.low,
        price_high_micro_per_kwh=outcome.high,
        volume_wh=outcome.volume,
        surplus_nano=outcome.surplus(),
        note=outcome.note[:200] or None,
        demand=public_curve(bids, falling=True),
        supply=public_curve(offers, falling=False),
        orders=len(book.orders),
        orders_root=orders_root(book, secret),
    )
    return clearing, [_award(held, outcome, clearing, terms) for _, held in sorted(book.orders.items())]


def _verdict(
    outcome: Outcome, *, has_market: bool, is_auction: bool
) -> Literal["cleared", "no_trade", "no_market", "shared"]:
    if not has_market:
        return "no_market"
    if not is_auction:
        return "shared"
    return "cleared" if outcome.volume else "no_trade"


def slot_rules(slot: Slot, terms: Terms) -> Rules:
    """What the slot's mechanism may depend on beside the orders; the seed follows from community and slot."""
    seed = hashlib.sha256(f"slot/{terms.community}/{slot.label}".encode()).digest()
    return Rules(k=terms.k, seed=seed)


def mean_price(outcome: Outcome) -> int | None:
    """The one price of an outcome, or the mean of what is paid and received per kWh; None without a trade."""
    if not outcome.volume:
        return None
    if outcome.buyer_price is not None and outcome.buyer_price == outcome.seller_price:
        return outcome.buyer_price
    total = sum(outcome.payments().values()) + sum(outcome.receipts().values())
    return round_half_even(Fraction(total, 2 * outcome.volume))


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
    amount = outcome.payment_of(meter) - outcome.receipt_of(meter)
    return Award(
        community=terms.community,
        meter=meter,
        stage=terms.stage,
        slot=clearing.slot,
        sequence=held.order.sequence,
        bought_wh=bought,
        sold_wh=sold,
        price_micro_per_kwh=_own_price(outcome, bought - sold, amount),
        amount_nano=amount,
        reason=_award_reason(held.order.steps, bought + sold, clearing),
    )


def _own_price(outcome: Outcome, net_wh: int, amount_nano: int) -> int | None:
    """The price at which a member trades, or would have; None where that is no whole number."""
    if net_wh == 0:
        return mean_price(outcome)
    price, remainder = divmod(amount_nano, net_wh)
    return None if remainder else price


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
