"""From the orders of a slot to its public clearing and private awards."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.preferences import preferences_of
from broker.ledger.log import commitment, pseudonym, salt
from broker.market.slot_book import Held, Holding, SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.network.grid_text import grid_in_slot
from wire.codec import canonical
from wire.merkle import leaf_hash, root
from wire.messages import Award, AwardReason, Clearing, CurveStep, OrderStep, Side, Stage
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
    """The clearing of the orders of a slot's current session, and the award of every meter that sent one.

    A slot that is already over when it is cleared (the broker was down) has no market: nobody could follow an award.
    """
    bids, offers = steps_of(book.orders, Side.BUY), steps_of(book.orders, Side.SELL)
    has_market = has_market_at(book, at_s)
    if not has_market:
        bids, offers = [], []
    stage = stage_of(book, terms)
    clear = MECHANISMS[stage.mechanism].clear
    if clear is None:
        outcome = no_trade()
    else:
        outcome = clear(Book(book_side(bids), book_side(offers)), session_rules(book, terms))
    return cleared(book, outcome, (bids, offers), terms, secret, has_market=has_market)


def has_market_at(book: SlotBook, at_s: int) -> bool:
    """Whether a slot can be traded at a moment: it has prices that leave room for a market, and is not over."""
    return book.prices is not None and book.prices.has_market and at_s < book.slot.end_s


def stage_of(book: SlotBook, terms: Terms) -> Stage:
    """The stage of a slot's current session."""
    stage = terms.stage_named(book.session.gate.stage)
    assert stage is not None, "sessions are made of the calendar's stages"
    return stage


def cleared(
    book: SlotBook,
    outcome: Outcome,
    steps: tuple[list[Step], list[Step]],
    terms: Terms,
    secret: bytes,
    *,
    has_market: bool,
    sequences: Mapping[str, int] | None = None,
) -> tuple[Clearing, list[Award]]:
    """The messages of an outcome of the current session; `steps` are the bids and offers it was made of.

    A member that trades without an order in the slot (by a block order) is awarded under its sequence in `sequences`.
    """
    stage, gate = stage_of(book, terms), book.session.gate
    clearing = Clearing(
        community=terms.community,
        stage=gate.stage,
        slot=book.slot.label,
        round=gate.round,
        mechanism=stage.mechanism,
        outcome=_verdict(outcome, has_market=has_market, is_auction=stage.takes_orders),
        price_micro_per_kwh=mean_price(outcome),
        buyer_price_micro_per_kwh=outcome.buyer_price,
        seller_price_micro_per_kwh=outcome.seller_price,
        price_low_micro_per_kwh=outcome.low,
        price_high_micro_per_kwh=outcome.high,
        volume_wh=outcome.volume,
        surplus_nano=outcome.surplus(),
        note=outcome.note[:200] or None,
        demand=public_curve(steps[0], falling=True),
        supply=public_curve(steps[1], falling=False),
        orders=len(book.orders),
        orders_root=orders_root(book, secret),
    )
    traded = (outcome.bought.keys() | outcome.sold.keys()) - book.orders.keys()
    named = {meter: (held.order.sequence, held.order.steps) for meter, held in book.orders.items()}
    named |= {meter: ((sequences or {})[meter], ()) for meter in traded}
    return clearing, [_award(book, meter, order, outcome, clearing) for meter, order in sorted(named.items())]


def holding_of(award: Award) -> Holding:
    """The part of a position that an award is."""
    return Holding(
        stage=award.stage,
        energy_wh=award.bought_wh - award.sold_wh,
        amount_nano=award.amount_nano,
        price_micro=award.price_micro_per_kwh,
    )


def _verdict(
    outcome: Outcome, *, has_market: bool, is_auction: bool
) -> Literal["cleared", "no_trade", "no_market", "shared"]:
    if not has_market:
        return "no_market"
    if not is_auction:
        return "shared"
    return "cleared" if outcome.volume else "no_trade"


def slot_rules(slot: Slot, terms: Terms) -> Rules:
    """What a rule for the whole slot may depend on beside what was metered; the seed follows from the slot."""
    seed = hashlib.sha256(f"slot/{terms.community}/{slot.label}".encode()).digest()
    return Rules(
        k=terms.k,
        seed=seed,
        network=grid_in_slot(terms.network, slot.minutes),
        preferences=preferences_of(terms.preferences),
    )


def session_rules(book: SlotBook, terms: Terms) -> Rules:
    """What the mechanism of the slot's current session may depend on beside the orders."""
    stage, gate = stage_of(book, terms), book.session.gate
    text = f"session/{terms.community}/{gate.stage}/{gate.round}/{book.slot.label}"
    k, seed = Fraction(stage.k_permille, 1000), hashlib.sha256(text.encode()).digest()
    return replace(slot_rules(book.slot, terms), k=k, seed=seed)


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
    """The Merkle root of the salted commitments to the orders that count in the current session, by pseudonym."""
    leaves, gate = [], book.session.gate
    session = f"{book.slot.label}/{gate.stage}/{gate.round}"
    for meter, held in book.orders.items():
        name = pseudonym(secret, meter, book.slot.start_s)
        sealed = commitment(salt(secret, "order", meter, session), held.digest.encode())
        leaves.append(canonical({"commitment": sealed, "pseudonym": name}))
    return root([leaf_hash(leaf) for leaf in sorted(leaves)]).hex()


def _award(
    book: SlotBook, meter: str, order: tuple[int, tuple[OrderStep, ...]], outcome: Outcome, clearing: Clearing
) -> Award:
    sequence, steps = order
    bought, sold = outcome.bought.get(meter, 0), outcome.sold.get(meter, 0)
    amount = outcome.payment_of(meter) - outcome.receipt_of(meter)
    return Award(
        community=clearing.community,
        meter=meter,
        stage=clearing.stage,
        slot=clearing.slot,
        round=clearing.round,
        position_wh=book.position_wh(meter) + bought - sold,
        sequence=sequence,
        bought_wh=bought,
        sold_wh=sold,
        price_micro_per_kwh=_own_price(outcome, bought - sold, amount),
        amount_nano=amount,
        reason=_award_reason(steps, bought + sold, clearing),
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
        return AwardReason.TRADED if traded_wh else AwardReason.WITHDRAWN
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
