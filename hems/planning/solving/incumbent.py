"""Incumbent: good on/off decisions from hot solves of the continuous program: guessed, dived for, improved by flips.

A plan's program is nearly continuous: its decisions cost little against the bound of the relaxation, and that bound
is often close enough to prove a guess. What is left goes to branch and bound.
Source: Achterberg 2007, Constraint Integer Programming, chapter 9 (rounding, diving and improvement heuristics),
doi:10.14279/depositonce-1634.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Arrays, Ints
from hems.planning.solving.groups import LEFT_OUT, Groups
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]

WHOLE = 1e-6  # a value this close to a whole number is one
DIVE_SHARE = 0.3  # of the undecided columns, rounded before the next solve
DIVE_SOLVES = 80
CHOICE_SAMPLES = 16  # members of a choice that are tried first, spread over time
LEAPS = 5.0  # a rounding that costs more than this many times the room to the target is taken back
FLIPS_PER_DEVICE, FLIPS_PER_ROUND = 6, 24
END_SLOTS = (2, 3, 4)
SMALLEST_GAIN = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """Decisions (integer columns,) and the least cost of the program with them held."""

    decided: Floats
    objective: float


class Decisions:
    """The on/off columns of the program that the solver holds, and what is held of them."""

    def __init__(self, solver: Solver, arrays: Arrays, left_s: Callable[[], float]) -> None:
        """All columns free; `left_s` says how many seconds are left."""
        self.columns = np.flatnonzero(arrays.integer)
        self._solver, self._left_s = solver, left_s
        self._lower, self._upper = arrays.lower[self.columns], arrays.upper[self.columns]

    def hold(self, at: Ints, values: Floats) -> None:
        """Hold some decisions at values."""
        self._solver.set_bounds(self.columns[at], values, values)

    def free(self, at: Ints) -> None:
        """Leave some decisions open again."""
        self._solver.set_bounds(self.columns[at], self._lower[at], self._upper[at])

    def hold_all(self, values: Floats) -> None:
        """Hold every decision."""
        self._solver.set_bounds(self.columns, values, values)

    def free_all(self) -> None:
        """Leave every decision open again."""
        self._solver.set_bounds(self.columns, self._lower, self._upper)

    def allowed(self, values: Floats) -> bool:
        """True when values lie within the bounds of the program."""
        return bool(((values >= self._lower) & (values <= self._upper)).all())

    def solve(self) -> float:
        """Least cost with what is held; infinite when there is none or no time."""
        objective = self._solver.resolve(time_limit_s=self._left_s())
        return np.inf if objective is None else objective

    def values(self) -> Floats:
        """Values of the decisions after the last solve."""
        return np.asarray(self._solver.values()[0][self.columns])

    def worths(self) -> Floats:
        """First-order change of the least cost per unit of each held decision."""
        return np.asarray(self._solver.column_duals()[self.columns])

    def is_over(self) -> bool:
        """True when no time is left."""
        return self._left_s() <= 0.0


def best_guess(decisions: Decisions, guesses: Iterable[Floats], target: float) -> Incumbent | None:
    """The cheapest of guessed decisions, the first one that reaches the target; None when none is possible."""
    best: Incumbent | None = None
    tried: list[Floats] = []
    for guess in guesses:
        if decisions.is_over() or not decisions.allowed(guess) or any(np.array_equal(guess, t) for t in tried):
            continue
        tried.append(guess)
        decisions.hold_all(guess)
        objective = decisions.solve()
        if objective < (np.inf if best is None else best.objective):
            best = Incumbent(decided=guess, objective=objective)
        if objective <= target:
            break
    return best


def dive(decisions: Decisions, relaxed: Outcome, choices: tuple[Ints, ...], target: float) -> Incumbent | None:
    """Decisions found by taking the best of each choice, then rounding what is most decided, solving, and going on.

    None when that leads nowhere.
    """
    decisions.free_all()
    objective, values = relaxed.objective, relaxed.x[decisions.columns]
    leap = LEAPS * max(target - objective, 1e-6)
    for members in choices:
        if (np.abs(values[members] - np.round(values[members])) > WHOLE).any() and not decisions.is_over():
            objective = _take_best(decisions, members, values)
            if not np.isfinite(objective):
                return None
            values = decisions.values()
    for _ in range(DIVE_SOLVES):
        open_ = np.flatnonzero(np.abs(values - np.round(values)) > WHOLE)
        if not len(open_):
            return _complete(decisions, np.round(values))
        if decisions.is_over():
            return None
        order = open_[np.argsort(np.where(values[open_] >= 0.5, 0.9 - values[open_], values[open_]), kind="stable")]
        picked = order[: int(np.ceil(DIVE_SHARE * len(order)))]
        decisions.hold(picked, np.round(values[picked]))
        found = decisions.solve()
        if found > objective + leap:
            decisions.free(picked)
            found = _cheaper_way(decisions, picked[:1], np.round(values[picked[:1]]))
            if not np.isfinite(found):
                return None
        objective, values = found, decisions.values()
    return None


def _take_best(decisions: Decisions, members: Ints, values: Floats) -> float:
    """Take the member of a choice that costs least of a sample over time, then of its neighbours; its cost."""
    costs: dict[int, float] = {}

    def cost(place: int) -> float:
        if place not in costs:
            decisions.hold(members, np.eye(1, len(members), place)[0])
            costs[place] = decisions.solve()
        return costs[place]

    step = max(1, len(members) // CHOICE_SAMPLES)
    sample = [*range(step // 2, len(members), step), int(np.argmax(values[members]))]
    best = min(sample, key=cost)
    while step > 1:
        step = (step + 1) // 2
        best = min((best, max(0, best - step), min(len(members) - 1, best + step)), key=cost)
    if values[members].sum() < 1.0 - WHOLE:
        decisions.hold(members, np.zeros(len(members)))
        if (none := decisions.solve()) < costs[best]:
            return none
    decisions.hold(members, np.eye(1, len(members), best)[0])
    return decisions.solve()


def _cheaper_way(decisions: Decisions, at: Ints, first: Floats) -> float:
    """Hold one decision the way that costs less; its cost, infinite when neither is possible."""
    decisions.hold(at, first)
    as_rounded = decisions.solve()
    decisions.hold(at, 1.0 - first)
    other = decisions.solve()
    if as_rounded <= other:
        decisions.hold(at, first)
        return decisions.solve()
    return other


def _complete(decisions: Decisions, decided: Floats) -> Incumbent | None:
    decisions.hold_all(decided)
    objective = decisions.solve()
    return Incumbent(decided=decided, objective=objective) if np.isfinite(objective) else None


def improved(decisions: Decisions, start: Incumbent, groups: Groups, target: float, *, solves: int) -> Incumbent:
    """The incumbent after flips of decisions that make it cheaper, until the target or after `solves`.

    Decisions that are left out of the groups stay. The worth of a held decision bounds what a flip can gain, so only
    flips with a worth are tried.
    """
    decided, objective, left = start.decided.copy(), start.objective, solves
    tried: set[tuple[int, ...]] = set()
    decisions.hold_all(decided)
    decisions.solve()
    while objective > target and left > 0 and not decisions.is_over():
        gained = False
        for flip in _flips(decided, decisions.worths(), groups, tried)[: min(FLIPS_PER_ROUND, left)]:
            at = np.array(flip)
            decisions.hold(at, 1.0 - decided[at])
            found = decisions.solve()
            left -= 1
            if found < objective - SMALLEST_GAIN:
                decided[at], objective, gained = 1.0 - decided[at], found, True
                tried.clear()
                break
            tried.add(flip)
            decisions.hold(at, decided[at])
        if not gained:
            break
    return Incumbent(decided=decided, objective=objective)


def _pieces(members: Ints, decided: Floats) -> list[Ints]:
    """Every run and pause of a device as a whole, and a few slots at each of its ends."""
    edges = np.flatnonzero(np.diff(decided)) + 1
    stretches = [stretch for stretch in np.split(members, edges) if 1 < len(stretch) < len(members)]
    ends = [stretch[cut] for stretch in stretches for n in END_SLOTS if n < len(stretch) for cut in _both_ends(n)]
    return stretches + ends


def _both_ends(slots: int) -> tuple[slice, slice]:
    return slice(None, slots), slice(-slots, None)


def _flips(decided: Floats, worths: Floats, groups: Groups, tried: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Flips of one device that may gain, the most promising first: one decision, one on and one off, or a stretch."""
    change = np.where(decided > 0.5, -worths, worths)
    found: list[tuple[float, tuple[int, ...]]] = []
    for group in np.unique(groups.device[groups.device != LEFT_OUT]).tolist():
        members = np.flatnonzero(groups.device == group)
        on, off = (_best(members[side], change) for side in (decided[members] > 0.5, decided[members] < 0.5))
        found += [(float(change[i] + change[j]), (int(i), int(j))) for i in on for j in off]
        if group in groups.paired:
            continue
        found += [(float(change[i]), (int(i),)) for i in (*on, *off)]
        found += [(float(change[piece].sum()), tuple(piece.tolist())) for piece in _pieces(members, decided[members])]
    promising = sorted((gain / len(flip), flip) for gain, flip in found if gain < -1e-6 and flip not in tried)
    return [flip for _, flip in promising]


def _best(members: Ints, change: Floats) -> Ints:
    return np.asarray(members[np.argsort(change[members], kind="stable")[:FLIPS_PER_DEVICE]])
