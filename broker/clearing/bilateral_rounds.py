"""Bilateral consensus as questions to members who keep their orders: which to ask, and what the answers make.

1. Prices over the whole band, of all: who sells, who buys, and near which price the rounds begin. 2. The pairs, of
each member alone, until both residuals reach their targets or one question is left (`consensus.pair_rounds`). 3. The
prices around those of the pairs, of all again: the answers are the orders as far as they were told, each step at the
worse end of what was asked. `whole_trades` makes of them and of what was agreed whole trades that nobody loses by.

So no answer can break a limit or a balance, whatever it says of pairs: what trades is within what was told at prices.
Who has answered no price is out. Where there are too many pairs the questions go on as an iterated price; with wishes
what was told at prices is then matched by preference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from broker.clearing import preference
from broker.clearing.admm_bilateral import PAIRS_MAX, outcome_of
from broker.clearing.book import Book, book_side
from broker.clearing.consensus.ladder import Ladder
from broker.clearing.consensus.pair_rounds import PairRounds, Start, starting
from broker.clearing.consensus.whole_trades import whole_trades
from broker.clearing.iterated_price import Reply
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.preferences import Preference
from broker.clearing.price_rounds import PriceRounds
from wire.messages import PARTNERS_MAX

Asked = tuple[int, ...] | PairRounds


@dataclass(slots=True)
class BilateralRounds:
    """The questions of one session; `at_prices` holds what was asked of all."""

    at_prices: PriceRounds
    preferences: Mapping[str, Preference]
    pairs: PairRounds | None = None
    is_asking_pairs: bool = False
    is_closed: bool = False
    many: int = 0

    def next(self, *, is_last: bool) -> Asked:
        """What to ask next, prices or the pairs; () when nothing is left. `is_last`: no other question can follow."""
        if not self.at_prices.asked:
            return self.at_prices.question()
        if self.pairs is None and not self.many:
            self._pair()
        if self.many:
            return self.at_prices.question()
        if self.is_asking_pairs:
            self._pairs.step()
            self.is_asking_pairs = False
        if self.is_closed or not self._pairs.members():
            return ()
        if is_last or self._pairs.is_converged:
            self.is_closed = True
            return self._closing()
        self.is_asking_pairs = True
        return self._pairs

    @property
    def _pairs(self) -> PairRounds:
        assert self.pairs is not None, "made after the first answers"
        return self.pairs

    @property
    def is_converged(self) -> bool:
        """Whether the members have agreed, or have nobody to agree with."""
        pairs = self._answered_pairs()
        if pairs is None:
            return self.at_prices.is_converged
        return not pairs.members() or (pairs.is_converged and self.is_closed)

    def outcome(self) -> Outcome:
        """What the answers so far make."""
        pairs = self._answered_pairs()
        if pairs is None:
            return self._of_many()
        sellers = [offer_ladder(name, self.at_prices.heard[name]) for name in pairs.sellers]
        buyers = [bid_ladder(name, self.at_prices.heard[name]) for name in pairs.buyers]
        note = "" if self.is_converged else self._note(pairs)
        if not sellers or not buyers:
            return outcome_of([], sellers, buyers, self.preferences, note)
        trades = whole_trades(
            sellers,
            buyers,
            np.array(pairs.agreed, dtype=float) / 1000,
            np.array(pairs.price, dtype=float),
            premiums=pairs.premiums,
            allowed=np.array(pairs.allowed, dtype=float),
        )
        return outcome_of(trades, sellers, buyers, self.preferences, note)

    def _of_many(self) -> Outcome:
        """What is traded without pairs: at one price, or by preference where there are wishes."""
        found = self.at_prices.outcome()
        if self.preferences and self.at_prices.asked:
            found = replace(self._by_preference(), note=found.note)
            return _noted(found, f"{self.many or self._paired()} pairs are too many: by preference")
        return found if not self.many else _noted(found, f"{self.many} pairs are too many: one price for all")

    def _by_preference(self) -> Outcome:
        """What was told at prices, matched by preference."""
        heard = self.at_prices.heard
        book = Book(
            book_side(step for name in heard for step in bid_ladder(name, heard[name]).steps()),
            book_side(step for name in heard for step in offer_ladder(name, heard[name]).steps()),
        )
        return preference.clear(book, Rules(k=self.at_prices.k, preferences=self.preferences))

    def _answered_pairs(self) -> PairRounds | None:
        """The pairs, also where the questions ended before the first about them: wishes count from the start.

        None before the first question, and where the pairs are too many.
        """
        if self.pairs is not None or self.many or not self.at_prices.asked:
            return self.pairs
        found = self._paired()
        return found if isinstance(found, PairRounds) else None

    def _note(self, pairs: PairRounds) -> str:
        if not pairs.number:
            return "not converged: the questions ended before the first about pairs"
        apart_wh, micro = -(-pairs.primal_milli_wh // 1000), pairs.dual_micro
        return f"not converged after {pairs.number} rounds of pairs: {apart_wh} Wh apart, prices by {micro} micro"

    def _pair(self) -> None:
        """Begins with the pairs, where they are not too many."""
        found = self._paired()
        if isinstance(found, PairRounds):
            self.pairs = found
        else:
            self.many = found

    def _paired(self) -> PairRounds | int:
        """Sides, pairs and the start, from the answers to the first question; how many where they are too many."""
        low, high = self.at_prices.band
        ends = self.at_prices.at(low), self.at_prices.at(high)
        bought = {name: said.bought_most for name, said in ends[0].items() if said.bought_most}
        sold = {name: said.sold_most for name, said in ends[1].items() if said.sold_most}
        count = len(sold) * len(bought)
        if count > PAIRS_MAX or max(len(sold), len(bought)) > PARTNERS_MAX:
            return count
        price = self.at_prices.price_of_most_trade()
        said = self.at_prices.at(price)
        start = Start(price, {n: said[n].sold_most for n in sold}, {n: said[n].bought_most for n in bought})
        totals = [*sold.values(), *bought.values()]
        return starting(start, totals, max(1, high - low), self.preferences)

    def _closing(self) -> tuple[int, ...]:
        """At most as many prices as a question may have, around those of the pairs that trade, inside the band."""
        low, high = self.at_prices.band
        found = {
            min(max(price, low), high)
            for name in self._pairs.members()
            for row in (*self._pairs.sells(name), *self._pairs.buys(name))
            for price in (row.price - 1, row.price, row.price + 1)
            if row.agreed
        }
        prices, most = sorted(found), self.at_prices.prices
        if len(prices) <= most:
            return tuple(prices)
        return tuple(sorted({prices[i * (len(prices) - 1) // (most - 1)] for i in range(most)}))


def bid_ladder(name: str, said: Mapping[int, Reply]) -> Ladder:
    """What a member buys at falling prices, each step at the lowest price at which it was told."""
    prices = sorted(said, reverse=True)
    return _ladder(name, [(price, said[price].bought_most) for price in prices])


def offer_ladder(name: str, said: Mapping[int, Reply]) -> Ladder:
    """What a member sells at rising prices, each step at the lowest price at which it was told."""
    return _ladder(name, [(price, said[price].sold_most) for price in sorted(said)])


def _ladder(name: str, levels: list[tuple[int, int]]) -> Ladder:
    prices, sums = [], [0]
    for price, total in levels:
        if total > sums[-1]:
            prices.append(price)
            sums.append(total)
    return Ladder(name, prices, sums)


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, note=note if not outcome.note else f"{note}; {outcome.note}")
