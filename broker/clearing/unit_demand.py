"""Books in which everyone trades one order of one equal quantity, and where their trading ends.

McAfee's auction and trade reduction are proved for such books only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from broker.clearing import huang_multiunit
from broker.clearing.book import Book
from broker.clearing.merit_order import MeritOrder
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.participants import Amounts

NOT_UNIT_DEMAND = "not one order of one equal quantity each: cleared by huang_multiunit"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrices:
    """How many units trade, and the price of each side [micro/kWh], None without a trade; `p0` of McAfee."""

    trades: int
    buyer_price: Fraction | None = None
    seller_price: Fraction | None = None
    p0: Fraction | None = None


def unit_of(book: Book) -> int | None:
    """The one quantity of all orders [Wh]; None when they differ or a participant has several."""
    sides = (book.bids, book.offers)
    unit = int(book.bids.quantities[0]) if len(book.bids) else 0
    is_equal = all(bool((side.quantities == unit).all()) for side in sides)
    return unit if is_equal and book.has_single_steps else None


def efficient_trades(bids: Sequence[Fraction], offers: Sequence[Fraction]) -> int:
    """k: how many of the best pairs have a bid that reaches its offer; both sides come best first."""
    reach = [bid >= offer for bid, offer in zip(bids, offers, strict=False)]
    return reach.index(False) if False in reach else len(reach)


def reduced(k: int, last_bid: Fraction, last_offer: Fraction, p0: Fraction | None = None) -> UnitPrices:
    """All but the k-th pair trade: buyers pay the k-th bid, sellers receive the k-th offer."""
    if k < 2:
        return UnitPrices(trades=0, p0=p0)
    return UnitPrices(trades=k - 1, buyer_price=last_bid, seller_price=last_offer, p0=p0)


def traded(bids: MeritOrder, offers: MeritOrder, unit: int, prices: UnitPrices) -> Outcome:
    """The outcome in which the best units trade at the prices of their sides, each rounded once to a whole micro."""
    if prices.buyer_price is None or prices.seller_price is None:
        return no_trade()
    volume = prices.trades * unit
    (bought, value), (sold, cost) = bids.fill(volume), offers.fill(volume)
    return Outcome(
        volume=volume,
        buyer_price=round(prices.buyer_price),
        seller_price=round(prices.seller_price),
        bought=Amounts(bids.keys, bids.by_step(bought)),
        sold=Amounts(offers.keys, offers.by_step(sold)),
        welfare=value - cost,
    )


def otherwise(book: Book, rules: Rules) -> Outcome:
    """The declared alternative for every other book, with the reason."""
    return replace(huang_multiunit.clear(book, rules), note=NOT_UNIT_DEMAND)
