"""The rounds of the consensus between members who keep their curves: what each pair has come to, in whole numbers.

The same rounds as `protocol` with proposals that come from outside: agreed = the middle of both proposals, price +=
rho/2 (x_buy - x_sell). Energies are whole milli-Wh and prices whole micro, so the rounds are the same on every
machine and can be told in messages. A member that says nothing new stands by its last proposals.

The rounds begin at a price and with energies that are near the end (`starting`), which saves most of them.
Source: as `protocol`. Complexity: O(sellers x buyers) a round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from broker.clearing.preference import product_of, wish_of
from broker.clearing.preferences import ANYTHING, Preference

PRICE_MAX = 10**9  # [micro/kWh] what a message carries, of either sign
FINE = 2 * 10**6  # rho/2 [micro/kWh per kWh] times milli-Wh
BALANCE_EVERY, BALANCE_RATIO = 5, 5
PRIMAL_PART, DUAL_PART = 100, 500  # targets: 1 % of the agreed energy, 0.2 % of the band
LEAST_TARGET = 999  # [milli-Wh] at a whole Wh all and nothing would agree

Table = list[list[int]]


class Start(NamedTuple):
    """Where the rounds begin: a `price` [micro/kWh] and what each seller and buyer would trade at it [Wh]."""

    price: int
    sold: Mapping[str, int]
    bought: Mapping[str, int]


class Row(NamedTuple):
    """A pair as one of its sides sees it: the partner, the price for this side [micro/kWh], the energy [milli-Wh]."""

    partner: str
    price: int
    agreed: int


@dataclass(slots=True)
class PairRounds:
    """All pairs, sellers by buyers; `price` [micro/kWh] is the seller's, a buyer's is less by its premium.

    `agreed`, `offered`, `asked` [milli-Wh]; `rho` [micro/kWh per kWh]; `band` [micro/kWh] is the width of all prices.
    """

    sellers: Sequence[str]
    buyers: Sequence[str]
    premiums: Table
    allowed: Table
    price: Table
    agreed: Table
    rho: int
    band: int
    number: int = 0
    primal_milli_wh: int = 0
    dual_micro: int = 0
    offered: Table = field(init=False)
    asked: Table = field(init=False)

    def __post_init__(self) -> None:
        self.offered = [list(row) for row in self.agreed]
        self.asked = [list(row) for row in self.agreed]

    def sells(self, name: str) -> list[Row]:
        """The pairs in which a member sells, by ascending partner."""
        if name not in self.sellers:
            return []
        i = self.sellers.index(name)
        return [
            Row(buyer, self.price[i][j], self.agreed[i][j])
            for j, buyer in enumerate(self.buyers)
            if self.allowed[i][j]
        ]

    def buys(self, name: str) -> list[Row]:
        """The pairs in which a member buys, by ascending partner."""
        if name not in self.buyers:
            return []
        j = self.buyers.index(name)
        return [
            Row(seller, self.price[i][j] - self.premiums[i][j], self.agreed[i][j])
            for i, seller in enumerate(self.sellers)
            if self.allowed[i][j]
        ]

    def members(self) -> set[str]:
        """Who has a pair."""
        return {name for name in (*self.sellers, *self.buyers) if self.sells(name) or self.buys(name)}

    def hear(self, name: str, sells: Sequence[int], buys: Sequence[int]) -> None:
        """Notes what a member proposes in its pairs [milli-Wh], in the order of `sells` and `buys`."""
        if name in self.sellers:
            i, said = self.sellers.index(name), iter(sells)
            self.offered[i] = [next(said) if is_allowed else 0 for is_allowed in self.allowed[i]]
        if name in self.buyers:
            j, said = self.buyers.index(name), iter(buys)
            for i in range(len(self.sellers)):
                self.asked[i][j] = next(said) if self.allowed[i][j] else 0

    def step(self) -> None:
        """One round: the middle is agreed, prices follow the side that wants more."""
        moved, self.primal_milli_wh = 0, 0
        for i in range(len(self.sellers)):
            for j in range(len(self.buyers)):
                more = self.asked[i][j] - self.offered[i][j]
                agreed = (self.asked[i][j] + self.offered[i][j]) // 2
                self.primal_milli_wh += abs(more)
                moved = max(moved, abs(agreed - self.agreed[i][j]))
                self.agreed[i][j] = agreed
                self.price[i][j] = self._told(i, j, self.price[i][j] + (2 * self.rho * more + FINE) // (2 * FINE))
        self.dual_micro = -(-2 * self.rho * moved // FINE)
        self.number += 1
        if self.number % BALANCE_EVERY == 0:
            self._balance()

    def _told(self, i: int, j: int, price: int) -> int:
        """The nearest price that both sides of a pair can be told; who wants more at any price would move it on."""
        premium = self.premiums[i][j]
        return min(max(price, -PRICE_MAX, premium - PRICE_MAX), PRICE_MAX, premium + PRICE_MAX)

    @property
    def targets(self) -> tuple[int, int]:
        """The residuals at which the rounds end: energy [milli-Wh] and price [micro/kWh]."""
        return max(LEAST_TARGET, sum(map(sum, self.agreed)) // PRIMAL_PART), max(1, self.band // DUAL_PART)

    @property
    def is_converged(self) -> bool:
        """Whether both residuals are at most their targets."""
        primal, dual = self.targets
        return self.number > 0 and self.primal_milli_wh <= primal and self.dual_micro <= dual

    def _balance(self) -> None:
        """Doubles or halves rho where one residual is far behind the other, both as parts of their targets."""
        primal, dual = self.targets
        behind, ahead = self.primal_milli_wh * dual, self.dual_micro * primal
        if behind > BALANCE_RATIO * ahead:
            self.rho *= 2
        elif ahead > BALANCE_RATIO * behind:
            self.rho = max(1, self.rho // 2)


def starting(start: Start, totals: Sequence[int], band: int, preferences: Mapping[str, Preference]) -> PairRounds:
    """The rounds before the first; `totals` [Wh] of all members give the weight of energies. Nobody trades alone."""
    sellers, buyers = sorted(start.sold), sorted(start.bought)
    products = [product_of(preferences.get(name, ANYTHING), name) for name in sellers]
    wishes = [wish_of(preferences.get(name, ANYTHING)) for name in buyers]
    allowed = [
        [int(seller != buyer and wish.takes(product)) for buyer, wish in zip(buyers, wishes, strict=True)]
        for seller, product in zip(sellers, products, strict=True)
    ]
    energy = max(1, sum(totals) // max(1, len(totals)))
    return PairRounds(
        sellers=sellers,
        buyers=buyers,
        premiums=[[wish.premium(product) for wish in wishes] for product in products],
        allowed=allowed,
        price=[[start.price] * len(buyers) for _ in sellers],
        agreed=_shared(start, sellers, buyers, allowed),
        rho=max(1, 1000 * band * max(len(sellers), len(buyers)) // (16 * energy)),
        band=band,
    )


def _shared(start: Start, sellers: Sequence[str], buyers: Sequence[str], allowed: Table) -> Table:
    """What is traded at the start price, everybody with everybody pro rata [milli-Wh]."""
    longer = max(1, sum(start.sold.values()), sum(start.bought.values()))
    return [
        [
            1000 * start.sold[seller] * start.bought[buyer] // longer * is_allowed
            for buyer, is_allowed in zip(buyers, row, strict=True)
        ]
        for seller, row in zip(sellers, allowed, strict=True)
    ]
