"""From the orders of a slot to its public clearing and private awards."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.preferences import preferences_of
from broker.market.day_rules import Surroundings
from broker.market.sessions.iteration import Iteration
from broker.market.sessions.publication import gate_tree, session_name
from broker.market.sessions.slot_book import Holding, Listed, SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.network.grid_text import grid_in_slot
from wire.commitments import RoundName, award_leaf
from wire.merkle import Tree, leaf_hash
from wire.messages import Award, AwardReason, BookEntry, Clearing, CurveStep, Level, Side, Stage
from wire.quantities import round_half_even
from wire.slots import Slot

CURVE_LEVELS_MAX = 100


def steps_of(listed: Iterable[Listed], side: Side) -> list[Step]:
    """All steps of one side in the order of the list; participants are pseudonyms."""
    return [
        Step(order.entry.pseudonym, price, energy, order.entry.arrival)
        for order in listed
        for price, energy in (order.entry.buy if side is Side.BUY else order.entry.sell)
    ]


def auction(
    book: SlotBook, listed: Sequence[Listed], terms: Terms, at_s: int, rules: Rules
) -> tuple[Clearing, list[Award]]:
    """The clearing of a slot's current session and the award of every meter that sent an order.

    `listed` are the received orders by ascending pseudonym. The participants of the book are pseudonyms, so anyone
    who knows the published book and the `rules` gets the same outcome. A slot that is already over when it is cleared
    (the broker was down) has no market: nobody could follow an award.
    """
    has_market = has_market_at(book, at_s)
    if book.session.iteration is not None:
        return _cleared_in_rounds(book, listed, book.session.iteration, terms, has_market=has_market)
    bids, offers = steps_of(listed, Side.BUY), steps_of(listed, Side.SELL)
    if not has_market:
        bids, offers = [], []
    clear = MECHANISMS[stage_of(book, terms).mechanism].clear
    outcome = no_trade() if clear is None else clear(Book(book_side(bids), book_side(offers)), rules)
    return cleared(book, listed, outcome, (bids, offers), terms, has_market=has_market)


def _cleared_in_rounds(
    book: SlotBook, listed: Sequence[Listed], asked: Iteration, terms: Terms, *, has_market: bool
) -> tuple[Clearing, list[Award]]:
    """The messages of a session whose members have answered questions: their orders stay sealed."""
    outcome = asked.outcome() if has_market else no_trade()
    silent = {order.entry.pseudonym for order in listed} - asked.rounds.heard.keys()
    told = Told(silent, asked.wanted(mean_price(outcome)))
    curves = asked.curves() if has_market else ([], [])
    return cleared(book, listed, outcome, curves, terms, has_market=has_market, told=told)


def has_market_at(book: SlotBook, at_s: int) -> bool:
    """Whether a slot can be traded at a moment: prices leave room for a market, it is not over, nobody paused it."""
    has_room = book.prices is not None and book.prices.has_market
    return has_room and at_s < book.slot.end_s and not book.session.is_paused


def stage_of(book: SlotBook, terms: Terms) -> Stage:
    """The stage of a slot's current session."""
    stage = terms.stage_named(book.session.gate.stage)
    assert stage is not None, "sessions are made of the calendar's stages"
    return stage


@dataclass(frozen=True, slots=True)
class Told:
    """Of orders that stay sealed: the `silent` pseudonyms, and what the others `wanted` at the price [Wh]."""

    silent: Set[str]
    wanted: Mapping[str, int]


def cleared(
    book: SlotBook,
    listed: Sequence[Listed],
    outcome: Outcome,
    steps: tuple[list[Step], list[Step]],
    terms: Terms,
    *,
    has_market: bool,
    told: Told | None = None,
) -> tuple[Clearing, list[Award]]:
    """The messages of an outcome of the current session; `steps` are the bids and offers it was made of.

    `told` is what is known where orders stay sealed. Every member that is listed has an award, in the tree of the
    round too.
    """
    stage, of = stage_of(book, terms), session_name(book, terms.community)
    entries = [order.entry for order in listed]
    orders = gate_tree(entries)
    awards = Tree(leaf_hash(_leaf(entry.pseudonym, outcome, of)) for entry in entries)
    clearing = Clearing(
        community=terms.community,
        stage=of.stage,
        slot=of.slot,
        round=of.round,
        mechanism=stage.mechanism,
        outcome=_verdict(outcome, has_market=has_market, is_auction=stage.takes_orders),
        price_micro_per_kwh=mean_price(outcome),
        buyer_price_micro_per_kwh=outcome.buyer_price,
        seller_price_micro_per_kwh=outcome.seller_price,
        price_low_micro_per_kwh=outcome.low,
        price_high_micro_per_kwh=outcome.high,
        volume_wh=outcome.volume,
        lost_wh=outcome.lost or None,
        surplus_nano=outcome.surplus(),
        note=outcome.note[:200] or None,
        demand=public_curve(steps[0], falling=True),
        supply=public_curve(steps[1], falling=False),
        orders=len(entries),
        orders_root=orders.root().hex(),
        awards_root=awards.root().hex(),
        unrevealed=sum(entry.salt is None for entry in entries) if told is None else len(told.silent),
    )
    proved = [
        _award(book, order, outcome, clearing, place=Place(i, tuple(order_path), tuple(award_path)), told=told)
        for i, (order, order_path, award_path) in enumerate(
            zip(listed, orders.inclusion_proofs(), awards.inclusion_proofs(), strict=True)
        )
    ]
    return clearing, sorted(proved, key=lambda award: award.meter)


def holding_of(award: Award) -> Holding:
    """The part of a position that an award is."""
    return Holding(
        stage=award.stage,
        energy_wh=award.bought_wh - award.sold_wh,
        amount_nano=award.amount_nano,
        price_micro=award.price_micro_per_kwh,
        pool=f"{award.stage}/{award.round}",
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an order stands in its round, with the proofs under the gate's and the awards' root."""

    index: int
    order_proof: tuple[str, ...]
    award_proof: tuple[str, ...]


def _leaf(name: str, outcome: Outcome, of: RoundName) -> bytes:
    return award_leaf(
        name,
        of,
        bought_wh=outcome.bought.get(name, 0),
        sold_wh=outcome.sold.get(name, 0),
        amount_nano=outcome.payment_of(name) - outcome.receipt_of(name),
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


def session_rules(book: SlotBook, terms: Terms, around: Surroundings) -> Rules:
    """What the mechanism of the slot's current session may depend on beside the orders, for a book of pseudonyms."""
    stage, gate = stage_of(book, terms), book.session.gate
    text = f"session/{terms.community}/{gate.stage}/{gate.round}/{book.slot.label}"
    return Rules(
        k=Fraction(stage.k_permille, 1000),
        seed=hashlib.sha256(text.encode()).digest(),
        network=around.grid(book.slot.minutes),
        preferences=around.preferences,
    )


def mean_price(outcome: Outcome) -> int | None:
    """The one price of an outcome, or the mean of what is paid and received per kWh; None without a trade."""
    if not outcome.volume:
        return None
    if outcome.buyer_price is not None and outcome.buyer_price == outcome.seller_price:
        return outcome.buyer_price
    total = sum(outcome.payments().values()) + sum(outcome.receipts().values())
    return round_half_even(Fraction(total, 2 * outcome.volume + outcome.lost))


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


def _award(
    book: SlotBook, order: Listed, outcome: Outcome, clearing: Clearing, *, place: Place, told: Told | None
) -> Award:
    name = order.entry.pseudonym
    bought, sold = outcome.bought.get(name, 0), outcome.sold.get(name, 0)
    amount = outcome.payment_of(name) - outcome.receipt_of(name)
    return Award(
        community=clearing.community,
        meter=order.meter,
        stage=clearing.stage,
        slot=clearing.slot,
        round=clearing.round,
        position_wh=book.position_wh(order.meter) + bought - sold,
        sequence=order.entry.sequence,
        bought_wh=bought,
        sold_wh=sold,
        price_micro_per_kwh=_own_price(outcome, bought - sold, amount),
        amount_nano=amount,
        reason=_award_reason(order.entry, bought + sold, clearing)
        if told is None
        else _sealed_reason(told, name, bought + sold, clearing),
        pseudonym=name,
        index=place.index,
        order_proof=place.order_proof,
        award_proof=place.award_proof,
    )


def _own_price(outcome: Outcome, net_wh: int, amount_nano: int) -> int | None:
    """The price at which a member trades, or would have; None where that is no whole number."""
    if net_wh == 0:
        return mean_price(outcome)
    price, remainder = divmod(amount_nano, net_wh)
    return None if remainder else price


def _award_reason(entry: BookEntry, traded_wh: int, clearing: Clearing) -> AwardReason:
    price = clearing.price_micro_per_kwh
    if entry.salt is None:
        return AwardReason.UNREVEALED
    if not entry.buy and not entry.sell:
        return AwardReason.TRADED if traded_wh else AwardReason.WITHDRAWN
    if clearing.outcome == "no_market":
        return AwardReason.NO_MARKET
    if price is None:
        return AwardReason.NO_COUNTERPART
    if traded_wh == 0:
        return AwardReason.NOT_COMPETITIVE
    wanted = _wanted(entry.buy, lambda limit: limit >= price) + _wanted(entry.sell, lambda limit: limit <= price)
    return AwardReason.TRADED if traded_wh >= wanted else AwardReason.PART_TRADED


def _sealed_reason(told: Told, name: str, traded_wh: int, clearing: Clearing) -> AwardReason:
    if name in told.silent:
        return AwardReason.UNREVEALED
    if clearing.outcome == "no_market":
        return AwardReason.NO_MARKET
    if clearing.price_micro_per_kwh is None:
        return AwardReason.NO_COUNTERPART
    if traded_wh == 0:
        return AwardReason.NOT_COMPETITIVE
    return AwardReason.TRADED if traded_wh >= told.wanted[name] else AwardReason.PART_TRADED


def _wanted(levels: Iterable[Level], accepts: Callable[[int], bool]) -> int:
    return sum(energy for limit, energy in levels if accepts(limit))
