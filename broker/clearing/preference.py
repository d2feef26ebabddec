"""Matching by preference: quality of the energy, named partners, and what buyers add for them.

Sellers offer products (a quality, or a quality of a named seller). A buyer takes only products of at least its
`min_quality` and, where it names partners, only theirs; for some products it adds a premium to its bid. Welfare `sum
of (bid + premium) - sum of offers` is maximal under these constraints, at equal welfare the volume. Buyers with equal
wishes form one class, so the market is a transport from few products to few classes, solved exactly.

Each product has one price, `low + k (high - low)` in its interval, halves upwards; the buyer pays its seller's price.
At these prices every buyer has the product that is worth most to it, net of the price, and no more of it than pays:
buyers select products and the provider serves the highest priorities, without contradiction. Green energy is never
cheaper than grey. Nobody buys from itself: who would, because it adds a premium for what it sells too, is a class and
a product of its own. Budget balance: strong. Individual rationality: yes.

Source: Zade et al. 2022 (doi 10.1016/j.apenergy.2021.118004), setting; Shapley & Shubik 1971 (doi
10.1007/BF01753437), prices. Complexity: O(n log n) and a few maximum flows on the classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from broker.clearing.book import Book, BookSide
from broker.clearing.nodal.allocation import Allocation, allocate
from broker.clearing.nodal.curves import Arc, NodalMarket, Node, bid_curve, offer_curve
from broker.clearing.nodal.pairs import Pair, pairs
from broker.clearing.nodal.places import placed
from broker.clearing.nodal.prices import prices, whole
from broker.clearing.outcome import Outcome, Rules, Trade, no_trade
from broker.clearing.preferences import ANYTHING, QUALITIES, Preference
from broker.clearing.zonal import amounts


class Product(NamedTuple):
    """A level of quality and, when a buyer names this seller, the `seller` ("" for all others)."""

    level: int
    seller: str


class Wish(NamedTuple):
    """What the buyers of one class want: the lowest level, the only partners (None: all), premiums by name.

    `itself` names the one buyer of a class that would buy from itself, "" for all others.
    """

    level: int
    partners: tuple[str, ...] | None
    premiums: tuple[tuple[str, int], ...]
    itself: str = ""

    def takes(self, product: Product) -> bool:
        """True when a buyer of this class may buy the product."""
        is_other = not self.itself or product.seller != self.itself
        return is_other and product.level >= self.level and (self.partners is None or product.seller in self.partners)

    def premium(self, product: Product) -> int:
        """What a buyer adds: the largest premium for a quality that is reached, and that for the named seller."""
        reached = [p for name, p in self.premiums if name in QUALITIES and QUALITIES[name] <= product.level]
        named = [p for name, p in self.premiums if name not in QUALITIES and name == product.seller]
        return max(reached, default=0) + sum(named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Matched products and wishes: the exact price of each product, and the pairs."""

    allocation: Allocation
    arcs: list[Arc]
    prices: dict[Product, Fraction | None]
    pairs: list[Pair]


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome of a book under `rules.preferences`."""
    result = match(book, rules.preferences, rules.k)
    allocation = result.allocation
    if not allocation.volume:
        return no_trade()
    at = [0 if price is None else whole(price) for price in result.prices.values()]
    tails = [at[arc.tail] for arc in result.arcs]
    trades = [Trade(buyer, seller, quantity, tails[arc]) for seller, buyer, quantity, arc in result.pairs]
    sold, received = amounts(allocation.sold[: len(at)], at)
    bought: dict[str, int] = {}
    paid: dict[str, int] = {}
    for buyer, _, quantity, price in trades:
        bought[buyer] = bought.get(buyer, 0) + quantity
        paid[buyer] = paid.get(buyer, 0) + quantity * price
    return Outcome(
        volume=allocation.volume,
        bought=bought,
        sold=sold,
        welfare=allocation.welfare,
        paid=paid,
        received=received,
        trades=tuple(trades),
    )


def match(book: Book, preferences: Mapping[str, Preference], k: Fraction) -> Matched:
    """The matched products and wishes of a book."""
    selves = _selves(book, preferences)
    named = _named(preferences) | selves

    def product(key: str) -> Product:
        return product_of(preferences.get(key, ANYTHING), key if key in named else "")

    def wish(key: str) -> Wish:
        return wish_of(preferences.get(key, ANYTHING))._replace(itself=key if key in selves else "")

    offers, bids = placed(book.offers, product), placed(book.bids, wish)
    products, wishes = sorted(offers), sorted(bids, key=_rank)
    nodes = [Node(bid_curve(()), offer_curve(offers[p])) for p in products]
    nodes += [Node(bid_curve(bids[w]), offer_curve(())) for w in wishes]
    arcs = _arcs(products, wishes)
    market = NodalMarket(nodes, arcs)
    allocation = allocate(market)
    found = prices(market, allocation, k)
    return Matched(
        allocation=allocation,
        arcs=arcs,
        prices=dict(zip(products, found, strict=False)),
        pairs=pairs(allocation, arcs),
    )


def product_of(own: Preference, seller: str) -> Product:
    """What a member sells."""
    return Product(QUALITIES[own.quality], seller)


def wish_of(own: Preference) -> Wish:
    """What a member wants to buy."""
    partners = None if own.partners is None else tuple(sorted(own.partners))
    premiums = tuple(sorted(own.premiums.items())) if own.premiums else ()
    return Wish(QUALITIES[own.min_quality], partners, premiums)


def _selves(book: Book, preferences: Mapping[str, Preference]) -> set[str]:
    """Who would buy from itself: with its premium its best bid reaches its best offer."""
    if book.has_separate_sides:
        return set()
    highest, lowest = _limits(book.bids, max), _limits(book.offers, min)
    found = set()
    for name in highest.keys() & lowest.keys() & preferences.keys():
        wish, own = wish_of(preferences[name]), product_of(preferences[name], name)
        if wish.takes(own) and highest[name] + wish.premium(own) >= lowest[name]:
            found.add(name)
    return found


def _limits(side: BookSide, better: Callable[[int, int], int]) -> dict[str, int]:
    """The best price of each participant of a side."""
    best: dict[str, int] = {}
    for key, price in zip(side.keys, side.prices.tolist(), strict=True):
        best[key] = better(best.get(key, price), price)
    return best


def _named(preferences: Mapping[str, Preference]) -> set[str]:
    names = {name for own in preferences.values() for name in own.partners or ()}
    return names | {name for own in preferences.values() for name in own.premiums if name not in QUALITIES}


def _rank(wish: Wish) -> tuple[int, bool, tuple[str, ...], tuple[tuple[str, int], ...], str]:
    return (-wish.level, wish.partners is None, wish.partners or (), wish.premiums, wish.itself)


def _arcs(products: Sequence[Product], wishes: Sequence[Wish]) -> list[Arc]:
    return [
        Arc(i, len(products) + j, -wish.premium(product))
        for j, wish in enumerate(wishes)
        for i, product in enumerate(products)
        if wish.takes(product)
    ]
