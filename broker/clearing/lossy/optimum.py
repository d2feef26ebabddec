"""The largest welfare when energy is lost between places: a flow with gains, solved exactly.

    max sum over j of V_j(d_j) - sum over i of C_i(s_i),   s_i = sum over j of f_ij,   d_j = sum over i of a_ij f_ij

with f_ij >= 0 sent from i to j of which the share a_ij arrives, V_j the value of the best bids of a place and C_i the
cost of its best offers. A primal simplex in rational numbers whose variables are the flows and the `positions` s and
d: along a direction it goes on over the ends of levels while the welfare still grows (long steps), so the number of
orders hardly counts. The largest gain enters, ties by number; after a step of length zero the first one does (Bland),
so it ends. Between touching orders a bid counts for a billionth of a micro more: they trade.

Source: Dantzig 1963, Linear Programming and Extensions, ch. 21 (flows with gains); Fourer 1985
(doi 10.1007/BF01585766) for piecewise-linear costs; Bland 1977 (doi 10.1287/moor.2.2.103).
Complexity: O(places^2) rational operations per step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import count

from broker.clearing.lossy.places import Ladder, LossyMarket
from broker.network.grid import MILLION

SCALE = 10**9  # a touch of 1 / SCALE micro per kWh
OPERATIONS_MAX = 10_000_000  # bounds the time of a round; many times what 50 zones need
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Optimum:
    """Exact flows `sent[i][j]` and the positions of places of sellers and of buyers [Wh].

    `is_proven` is false when the steps ran out: the flows can be had, and may not be the best.
    """

    sent: list[list[Fraction]]
    sold: list[Fraction]
    bought: list[Fraction]
    is_proven: bool


def optimum(market: LossyMarket, steps_max: int | None = None) -> Optimum:
    """The best flows of a market; `steps_max` None: as many steps as a round has time for."""
    simplex = _Simplex(market)
    is_proven = simplex.solved(OPERATIONS_MAX // simplex.nodes**2 if steps_max is None else steps_max)
    sellers, buyers = len(market.supply), len(market.demand)
    nodes = sellers + buyers
    sent = [simplex.values[nodes + i * buyers : nodes + (i + 1) * buyers] for i in range(sellers)]
    return Optimum(sent, simplex.values[:sellers], simplex.values[sellers:nodes], is_proven)


class _Simplex:
    """Variables: the positions of the sellers' and buyers' places, then the flows row by row.

    One row per place says that its flows are its position. `basis` has the variable of each row, `inverse` the
    inverse of their columns. `level` of a position is the level in which it lies, or, outside the basis, the number
    of levels below it. `worth` per Wh of a level is what the objective gains.
    """

    def __init__(self, market: LossyMarket) -> None:
        sellers, buyers = len(market.supply), len(market.demand)
        self.nodes = nodes = sellers + buyers
        self.ladders: list[Ladder] = [*market.supply, *market.demand]
        self.worth = [[-price * SCALE for price in ladder.prices] for ladder in market.supply]
        self.worth += [[price * SCALE + 1 for price in ladder.prices] for ladder in market.demand]
        pairs = [(i, j) for i in range(sellers) for j in range(buyers)]
        self.ends = [(i, sellers + j) for i, j in pairs]
        self.share = [Fraction(market.arrives[i][j], MILLION) for i, j in pairs]
        self.parts = [share.as_integer_ratio() for share in self.share]
        self.values = [ZERO] * (nodes + len(pairs))
        self.level = [0] * nodes
        self.basis = list(range(nodes))
        self.is_basic = [True] * nodes + [False] * len(pairs)
        self.inverse = [[Fraction(-(row == column)) for column in range(nodes)] for row in range(nodes)]

    def solved(self, steps_max: int) -> bool:
        """Goes to the optimum; whether it is one."""
        is_short = False
        for _ in range(steps_max):
            found = self._entering(first=is_short)
            if found is None:
                return True
            is_short = self._step(*found) == 0
        return self._entering(first=True) is None

    def _entering(self, *, first: bool) -> tuple[Fraction, int, int] | None:
        """(gain, variable, direction) of the first or the largest gain, None in the optimum."""
        gains = self._gains()
        return next(gains, None) if first else max(gains, key=lambda g: (g[0], -g[1]), default=None)

    def _gains(self) -> Iterator[tuple[Fraction, int, int]]:
        """What one Wh more (1) or less (-1) of each variable outside the basis gains, where it does."""
        duals = self._duals()
        for n in range(self.nodes):
            if self.is_basic[n]:
                continue
            level, worth = self.level[n], self.worth[n]
            if level < len(worth) and (gain := worth[level] + duals[n]) > 0:
                yield gain, n, 1
            if level > 0 and (gain := -worth[level - 1] - duals[n]) > 0:
                yield gain, n, -1
        ratios = [dual.as_integer_ratio() for dual in duals]
        for arc, ((tail, head), (part, whole)) in enumerate(zip(self.ends, self.parts, strict=True)):
            (own, over), (other, under) = ratios[tail], ratios[head]
            if own * under * whole + other * over * part < 0:
                yield -duals[tail] - self.share[arc] * duals[head], self.nodes + arc, 1

    def _duals(self) -> list[Fraction]:
        duals = [ZERO] * self.nodes
        for row, variable in zip(self.inverse, self.basis, strict=True):
            if variable < self.nodes:
                worth = self.worth[variable][self.level[variable]]
                duals = [dual + worth * entry if entry else dual for dual, entry in zip(duals, row, strict=True)]
        return duals

    def _column(self, variable: int) -> list[Fraction]:
        """The column of a variable in terms of the basis."""
        if variable < self.nodes:
            return [-row[variable] for row in self.inverse]
        (tail, head), share = self.ends[variable - self.nodes], self.share[variable - self.nodes]
        return [row[tail] + share * row[head] for row in self.inverse]

    def _step(self, gain: Fraction, entering: int, sign: int) -> Fraction:
        """Moves a variable as far as the welfare grows, and changes the basis; returns the length."""
        column = self._column(entering)
        rates = {b: -sign * entry for b, entry in zip(self.basis, column, strict=True) if entry}
        rates[entering] = Fraction(sign)
        if entering < self.nodes and sign < 0:
            self.level[entering] -= 1
        length, leaving = self._farthest(gain, rates)
        for variable, rate in rates.items():
            self.values[variable] += length * rate
        if leaving < self.nodes and rates[leaving] > 0:
            self.level[leaving] += 1
        if leaving != entering:
            self._replace(self.basis.index(leaving), entering, column)
        return length

    def _farthest(self, slope: Fraction, rates: dict[int, Fraction]) -> tuple[Fraction, int]:
        """(how far the variables move at these rates, which one ends there); levels on the way are passed."""
        events = [event for variable, rate in rates.items() if (event := self._end(variable, rate)) is not None]
        heapify(events)
        while True:
            length, variable = heappop(events)
            rate = rates[variable]
            if variable >= self.nodes:
                return length, variable
            worth, level, way = self.worth[variable], self.level[variable], 1 if rate > 0 else -1
            if not 0 <= level + way < len(worth):
                return length, variable
            slope += rate * (worth[level + way] - worth[level])
            if slope <= 0:
                return length, variable
            self.level[variable] += way
            ends = self.ladders[variable].ends
            size = ends[level + way + 1] - ends[level + way]
            heappush(events, (length + size / abs(rate), variable))

    def _end(self, variable: int, rate: Fraction) -> tuple[Fraction, int] | None:
        """(how far it is to the end of a variable's level, the variable); None where nothing ends."""
        value = self.values[variable]
        if variable >= self.nodes:
            return None if rate > 0 else (value / -rate, variable)
        ends, level = self.ladders[variable].ends, self.level[variable]
        return (ends[level + 1] - value if rate > 0 else value - ends[level]) / abs(rate), variable

    def _replace(self, place: int, entering: int, column: Sequence[Fraction]) -> None:
        """Puts a variable into a row of the basis."""
        pivot = column[place]
        row = [entry / pivot if entry else ZERO for entry in self.inverse[place]]
        filled = [k for k, entry in enumerate(row) if entry]
        for i, factor in zip(count(), column):
            if factor and i != place:
                other = self.inverse[i]
                for k in filled:
                    other[k] -= factor * row[k]
        self.inverse[place] = row
        self.is_basic[self.basis[place]], self.is_basic[entering] = False, True
        self.basis[place] = entering
