"""The smallest excess that an allocation can leave, by an exact linear program over all coalitions.

    max e  subject to  x(S) >= v(S) + e for the free coalitions,  x(S) = given for the fixed ones,  x_i >= floor_i

Solved through its dual, which has one row per player and one more, by the revised simplex method in rational
numbers: a basis gives a point (x, e), the constraint it breaks most enters, and the lexicographic ratio test,
against the first basis, rules out cycles. Nothing is rounded. The dual weights say which constraints are tight in
every optimum.

Source: Maschler, Peleg & Shapley 1979, doi 10.1287/moor.4.4.303 (least core and lexicographic centre); Dantzig,
Orden & Wolfe 1955, doi 10.2140/pjm.1955.5.183 (lexicographic rule). Complexity: O(2^n + n^2) exact operations per
iteration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from broker.sharing.coalition import Game, common_unit, subset_sums

Row = list[Fraction]
ZERO, ONE = Fraction(0), Fraction(1)


class Constraint(NamedTuple):
    """sign x(mask) - counts e >= bound; `counts` is 1 for a free coalition, 0 for the others."""

    mask: int
    sign: int
    counts: int
    bound: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastCore:
    """An optimum: `slack` e (negative: some coalition objects), the point `payoff`, and what is tight everywhere.

    `weights` are the positive dual weights of free coalitions (sum 1), `at_floor` the players with a positive dual
    weight on their floor; `grand_weight` is the dual weight of the grand coalition.
    """

    slack: Fraction
    payoff: tuple[Fraction, ...]
    weights: Mapping[int, Fraction]
    at_floor: tuple[int, ...]
    grand_weight: Fraction


def least_core(
    game: Game, free: Sequence[int], fixed: Mapping[int, Fraction], floor: Sequence[Fraction]
) -> LeastCore:
    """The optimum over at least one free coalition; `fixed` has the grand coalition, the constraints are feasible."""
    n = len(game.players)
    side = [Constraint(1 << i, 1, 0, floor[i]) for i in range(n)]
    for mask, worth in sorted(fixed.items()):
        side += [Constraint(mask, -1, 0, -worth), Constraint(mask, 1, 0, worth)]
    first = min(free, key=lambda mask: (mask.bit_count(), mask))
    basis = _Basis(n, _start(game, first, side))
    while (entering := _most_broken(game, free, side, basis)) is not None:
        basis.exchange(entering)
    weights = list(zip(basis.constraints, basis.weights(), strict=True))
    point, slack = basis.point()
    return LeastCore(
        slack=slack,
        payoff=tuple(point),
        weights={c.mask: weight for c, weight in weights if c.counts and weight},
        at_floor=tuple(i for i in range(n) for c, weight in weights if weight and c == side[i] and not c.counts),
        grand_weight=sum((-c.sign * w for c, w in weights if c.mask == game.everybody), ZERO),
    )


def _start(game: Game, first: int, side: Sequence[Constraint]) -> list[Constraint]:
    """A dual feasible basis: one free coalition, the grand coalition from above, all floors but one inside it."""
    inside = (first & -first).bit_length() - 1
    above = next(c for c in side if c.mask == game.everybody and c.sign < 0)
    floors = [c for i, c in enumerate(side[: len(game.players)]) if i != inside]
    return [Constraint(first, 1, 1, Fraction(game.worth[first])), above, *floors]


def _most_broken(game: Game, free: Sequence[int], side: Sequence[Constraint], basis: "_Basis") -> Constraint | None:
    """The constraint that the basis' point breaks most, the first of several; None at the optimum."""
    point, slack = basis.point()
    unit = common_unit([*point, slack])
    gets = subset_sums([int(part * unit) for part in point])
    level = int(slack * unit)
    worst, entering = ZERO, None
    for c in side:
        left = c.sign * gets[c.mask] - c.bound * unit
        if left < worst:
            worst, entering = left, c
    lowest = min(free, key=lambda mask: (gets[mask] - game.worth[mask] * unit, mask))
    if gets[lowest] - level - game.worth[lowest] * unit < worst:
        return Constraint(lowest, 1, 1, Fraction(game.worth[lowest]))
    return entering


class _Basis:
    """n + 1 constraints that hold as equations, the inverse of their matrix, and its product with the first one."""

    def __init__(self, n: int, constraints: list[Constraint]) -> None:
        self.n = n
        self.constraints = constraints
        size = n + 1
        columns = [self._column(c) for c in constraints]
        matrix = [[columns[j][i] for j in range(size)] for i in range(size)]
        self.inverse = _inverse(matrix)
        self.order = [[ONE if i == j else ZERO for j in range(size)] for i in range(size)]

    def weights(self) -> Row:
        """The dual weight of each constraint, never negative: the inverse times (0, .., 0, 1)."""
        return [row[-1] for row in self.inverse]

    def point(self) -> tuple[Row, Fraction]:
        """(x, e) at which all constraints of the basis hold as equations."""
        solved = [ZERO] * (self.n + 1)
        for c, row in zip(self.constraints, self.inverse, strict=True):
            if c.bound:
                for j, entry in enumerate(row):
                    if entry:
                        solved[j] += c.bound * entry
        return solved[:-1], -solved[-1]

    def exchange(self, entering: Constraint) -> None:
        """Takes a constraint in and the one out whose dual weight would get negative first (lexicographically)."""
        column = self._column(entering)
        step = [sum((a * b for a, b in zip(row, column, strict=True) if a and b), ZERO) for row in self.inverse]
        out = min(
            (r for r in range(self.n + 1) if step[r] > 0),
            key=lambda r: [self.inverse[r][-1] / step[r], *(entry / step[r] for entry in self.order[r])],
        )
        for rows in (self.inverse, self.order):
            _pivot(rows, step, out)
        self.constraints[out] = entering

    def _column(self, c: Constraint) -> Row:
        return [Fraction(c.sign * (c.mask >> i & 1)) for i in range(self.n)] + [Fraction(c.counts)]


def _pivot(rows: list[Row], step: Row, out: int) -> None:
    leaving = [entry / step[out] for entry in rows[out]]
    for r, factor in enumerate(step):
        if factor and r != out:
            rows[r] = [a - factor * b if b else a for a, b in zip(rows[r], leaving, strict=True)]
    rows[out] = leaving


def _inverse(matrix: list[Row]) -> list[Row]:
    """The exact inverse of a regular matrix (Gauss-Jordan)."""
    size = len(matrix)
    rows = [[*row, *(ONE if i == j else ZERO for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = next(r for r in range(i, size) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        _pivot(rows, [row[i] for row in rows], i)
    return [row[size:] for row in rows]
