"""Value curve: what one kWh more of net import in slot 0 is worth, over all net imports that are possible.

With the on/off decisions held the least cost of the rest of the problem is a convex, piecewise-linear function V(x)
of the net import x of slot 0. Its corners are found where tangents of two known points meet. Across decisions that
differ in slot 0 the curve is the convex hull of theirs; each corner is the cost of a plan that can be carried out.
Source: Eisner and Severance 1976, doi:10.1145/321978.321982 (parametric minimum by intersecting tangents).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Rank
from hems.planning.plan import ValueCurve
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]

# Steps of the curve smaller than this [currency/kWh] come from the time preference, not from money.
SMALLEST_STEP_PER_KWH = 1e-4
# What a further corner can be worth [currency]; less is not looked for.
SMALLEST_GAIN = 2e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Net import of slot 0 [kW], least cost of the rest and its slope there [currency/kW]."""

    net_kw: float
    cost: float
    slope: float


class Slice:
    """The program with slot 0's net exchange taken out of the money and held at a value; undone by `restore`."""

    def __init__(self, solver: Solver, found: Found, outcome: Outcome) -> None:
        """Free slot 0 of its prices and hold broken wishes as they are."""
        self._solver, self._found = solver, found
        arrays, connection = found.program.arrays, found.program.connection
        self._first = np.concatenate([connection.first_imports(), connection.first_exports()])
        self._into, self._out = int(connection.first_imports()[0]), int(connection.first_exports()[0])
        self._direction = connection.direction.columns[connection.direction.slots == 0]
        wishes = np.flatnonzero((arrays.rank != Rank.NONE) & ~arrays.integer)
        self._wishes, self._planned = wishes, outcome.x[wishes]
        self._decided = np.round(outcome.x[arrays.integer])
        self._integer = np.flatnonzero(arrays.integer)
        solver.set_bounds(wishes, self._planned, self._planned)
        solver.set_costs(self._first, np.zeros(len(self._first)))

    def decide(self, decided: Floats) -> None:
        """Hold the on/off decisions (integer columns,) but for the direction of slot 0."""
        self._solver.set_bounds(self._integer, decided, decided)
        free = len(self._direction)
        self._solver.set_bounds(self._direction, np.zeros(free), np.ones(free))

    def ends(self) -> tuple[float, float] | None:
        """Smallest and largest net import that is possible [kW]; None when even the planned one is not."""
        arrays, solver = self._found.program.arrays, self._solver
        every = np.arange(arrays.columns)
        solver.set_bounds(self._first, np.zeros(len(self._first)), arrays.upper[self._first])
        toll = np.zeros(arrays.columns)
        toll[self._first] = np.where(np.isin(self._first, self._found.program.connection.first_imports()), 1.0, -1.0)
        solver.set_costs(every, toll)
        low = solver.resolve()
        solver.set_costs(self._first, -toll[self._first])
        high = solver.resolve()
        cost = self._found.cost.copy()
        cost[self._first] = 0.0
        solver.set_costs(every, cost)
        self._hold_others()
        return None if low is None or high is None else (low, -high)

    def _hold_others(self) -> None:
        zero = np.zeros(len(self._first))
        self._solver.set_bounds(self._first, zero, zero)

    def at(self, net_kw: float) -> Point | None:
        """Least cost and slope at a net import; None when it is not possible."""
        pair = np.array([self._into, self._out])
        held = np.array([max(net_kw, 0.0), max(-net_kw, 0.0)])
        self._solver.set_bounds(pair, held, held)
        cost = self._solver.resolve()
        if cost is None:
            return None
        slope = self._solver.column_dual(self._into) if net_kw > 0.0 else -self._solver.column_dual(self._out)
        return Point(net_kw=net_kw, cost=cost, slope=slope)

    def restore(self) -> None:
        """Put prices, bounds and wishes back."""
        arrays, solver = self._found.program.arrays, self._solver
        solver.set_costs(self._first, self._found.cost[self._first])
        solver.set_bounds(self._first, np.zeros(len(self._first)), arrays.upper[self._first])
        solver.set_bounds(self._wishes, arrays.lower[self._wishes], arrays.upper[self._wishes])
        solver.set_bounds(self._integer, self._decided, self._decided)


def value_curve(
    solver: Solver,
    found: Found,
    outcome: Outcome,
    slot_h: float,
    *,
    others: Sequence[Floats] = (),
    points_kw: Floats | None,
    max_points: int,
) -> ValueCurve:
    """The curve over `points_kw` (those that are possible), or over its own corners, at most `max_points`.

    `others` are further decisions (integer columns,) beside those of the plan.
    """
    cut = Slice(solver, found, outcome)
    smallest_step, points = SMALLEST_STEP_PER_KWH * slot_h, list[Point]()
    for decided in (np.round(outcome.x[found.program.arrays.integer]), *others):
        cut.decide(decided)
        ends = cut.ends()
        if ends is None:
            continue
        if points_kw is None:
            points += _corners(cut, ends, smallest_step, max_points)
        else:
            points += _asked(cut, ends, points_kw)
    cut.restore()
    solver.resolve()
    if others:
        points = _bent(_hull(points), smallest_step)
        points = _fewer(points, max_points if points_kw is None else len(points))
    net = np.array([point.net_kw for point in points])
    cost = np.array([point.cost for point in points])
    return ValueCurve(net_kw=net, marginal_per_kwh=-np.diff(cost) / np.diff(net) / slot_h)


def _asked(cut: Slice, ends: tuple[float, float], points_kw: Floats) -> list[Point]:
    wanted = np.unique(np.clip(points_kw, *ends))
    return [point for point in map(cut.at, wanted.tolist()) if point is not None]


def _hull(points: list[Point]) -> list[Point]:
    """The lower convex hull, by net import."""
    hull: list[Point] = []
    for point in _cheapest(points):
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _cheapest(points: list[Point]) -> list[Point]:
    """The points by net import, the cheapest of those at the same one."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: p.net_kw):
        if kept and point.net_kw - kept[-1].net_kw < 1e-6:
            kept[-1] = min(kept[-1], point, key=lambda p: p.cost)
        else:
            kept.append(point)
    return kept


def _is_above(left: Point, middle: Point, right: Point) -> bool:
    """True when the middle point lies on or above the chord of its neighbours."""
    return _below_chord(left, middle, right) <= 0.0


def _below_chord(left: Point, middle: Point, right: Point) -> float:
    share = (middle.net_kw - left.net_kw) / (right.net_kw - left.net_kw)
    return left.cost + share * (right.cost - left.cost) - middle.cost


def _fewer(points: list[Point], most: int) -> list[Point]:
    """At most `most` of the points; those that bend the curve least go first."""
    kept = list(points)
    while len(kept) > max(most, 2):
        bends = [_below_chord(*kept[i - 1 : i + 2]) for i in range(1, len(kept) - 1)]
        del kept[1 + int(np.argmin(bends))]
    return kept


def _corners(cut: Slice, ends: tuple[float, float], smallest_step: float, max_points: int) -> list[Point]:
    low, high = cut.at(ends[0]), cut.at(ends[1])
    if low is None or high is None:
        return [point for point in (low, high) if point is not None]
    if high.net_kw - low.net_kw < 1e-6:
        return [low]
    points, open_intervals = [low, high], [(low, high)]
    while open_intervals and len(points) < max_points:
        worst = max(range(len(open_intervals)), key=lambda i: _gain(*open_intervals[i]))
        left, right = open_intervals.pop(worst)
        if _gain(left, right) < SMALLEST_GAIN:
            break
        net_kw = _meeting(left, right, smallest_step)
        point = None if net_kw is None else cut.at(net_kw)
        if point is None or net_kw is None:
            continue
        points.append(point)
        if point.cost - (left.cost + left.slope * (net_kw - left.net_kw)) > SMALLEST_GAIN:
            open_intervals += [(left, point), (point, right)]
    return _bent(sorted(points, key=lambda point: point.net_kw), smallest_step)


def _meeting(left: Point, right: Point, smallest_step: float) -> float | None:
    """Net import at which the tangents meet; None when the curve between the points is straight."""
    bend = right.slope - left.slope
    if bend < smallest_step:
        return None
    at = (left.cost - left.slope * left.net_kw - right.cost + right.slope * right.net_kw) / bend
    return at if left.net_kw + 1e-6 < at < right.net_kw - 1e-6 else None


def _gain(left: Point, right: Point) -> float:
    """How far the tangents can lie below the chord [currency], the most the interval can hide."""
    at = _meeting(left, right, 1e-12)
    if at is None:
        return 0.0
    chord = left.cost + (right.cost - left.cost) * (at - left.net_kw) / (right.net_kw - left.net_kw)
    return chord - (left.cost + left.slope * (at - left.net_kw))


def _bent(points: list[Point], smallest_step: float) -> list[Point]:
    """The points at which the curve bends, and its ends."""
    if len(points) < 2:
        return points
    kept = [points[0]]
    for point, after in pairwise(points[1:]):
        before = (point.cost - kept[-1].cost) / (point.net_kw - kept[-1].net_kw)
        behind = (after.cost - point.cost) / (after.net_kw - point.net_kw)
        if behind - before > smallest_step / 2:
            kept.append(point)
    return [*kept, points[-1]]
