"""Counterfactuals: what the least cost would be if a device did something else, everything else free to adapt.

The solved program of the last plan is solved again from its last basis with a few bounds or prices changed. On/off
decisions of the other devices stay as planned. All changes are undone, so that later questions do not notice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from hems.planning.assembly import solved
from hems.planning.device import Device
from hems.planning.model.arrays import Rank
from hems.planning.model.program import powers
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.reasons.columns import decision_columns
from hems.planning.solving.rounding import rounded_decisions
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NO_COLUMNS: Ints = np.empty(0, np.int64)
_NO_VALUES: Floats = np.empty(0)
_ROUND_SHARES = (0.5, 1e-3)  # of its minimum power, from which on a machine is taken as on


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Other bounds for some columns, and costs added to some columns."""

    columns: Ints = field(default_factory=lambda: _NO_COLUMNS)
    lower: Floats = field(default_factory=lambda: _NO_VALUES)
    upper: Floats = field(default_factory=lambda: _NO_VALUES)
    priced: Ints = field(default_factory=lambda: _NO_COLUMNS)
    added: Floats = field(default_factory=lambda: _NO_VALUES)  # currency per unit of the priced columns

    def __add__(self, other: "Change") -> "Change":
        """Both changes at once; they are about different columns."""
        return Change(
            columns=np.concatenate([self.columns, other.columns]),
            lower=np.concatenate([self.lower, other.lower]),
            upper=np.concatenate([self.upper, other.upper]),
            priced=np.concatenate([self.priced, other.priced]),
            added=np.concatenate([self.added, other.added]),
        )


def held(columns: Ints, values: Floats | float) -> Change:
    """Columns held at values."""
    at = np.broadcast_to(np.asarray(values, dtype=float), len(columns)).copy()
    return Change(columns=columns, lower=at, upper=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Values of a changed program: penalised cost that was minimised, its money [currency] and the values.

    `exact` is False when on/off decisions had to stay fractional: the money is then a lower bound.
    """

    penalised: float
    money: float
    x: Floats
    exact: bool = True


class WhatIf:
    """Questions to the program of the last plan; use it in a `with` block, which leaves the solver as it was."""

    def __init__(self, solver: Solver, problem: Problem, found: Found, outcome: Outcome) -> None:
        """Take the kept solver; wishes that the plan breaks stay broken at least as much."""
        self.problem, self.found = problem, found
        self._solver, self._outcome = solver, outcome
        arrays, connection = found.program.arrays, found.program.connection
        self._money = arrays.cost.copy()
        first = np.concatenate([connection.first_imports(), connection.first_exports()])
        self._money[first] = found.cost[first]
        self._lower, self._upper = arrays.lower.copy(), arrays.upper.copy()
        decided = np.flatnonzero(arrays.integer)
        self._lower[decided] = self._upper[decided] = np.round(outcome.x[decided])
        self._wishes = self._broken_wishes() if found.broken else _NO_COLUMNS
        self._lower[self._wishes] = np.clip(outcome.x[self._wishes], 0.0, self._upper[self._wishes])

    def _broken_wishes(self) -> Ints:
        """Columns of broken wishes; unserved load of slot 0 is left alone, its bounds follow the measured load."""
        arrays, unserved = self.found.program.arrays, self.found.program.connection.unserved
        amounts = (arrays.rank != Rank.NONE) & ~arrays.integer
        amounts[unserved.columns[unserved.slots == 0]] = False
        return np.flatnonzero(amounts)

    def __enter__(self) -> "WhatIf":
        arrays, choices = self.found.program.arrays, self.found.choices
        self._solver.set_bounds(self._wishes, self._lower[self._wishes], self._upper[self._wishes])
        # totals of broken wishes are held by their planned amounts; doing without an action may break more
        self._solver.free_caps(arrays.rows - len(choices.caps), arrays.rows)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        arrays = self.found.program.arrays
        self._solver.set_bounds(self._wishes, arrays.lower[self._wishes], arrays.upper[self._wishes])
        self._solver.resolve()

    def values(self, change: Change) -> Answer | None:
        """The best values with a change, decisions as planned where the change does not say otherwise."""
        solver, at = self._solver, change.columns
        solver.set_bounds(at, change.lower, change.upper)
        solver.set_costs(change.priced, self.found.cost[change.priced] + change.added)
        penalised = solver.resolve()
        x = solver.values()[0] if penalised is not None else _NO_VALUES
        solver.set_bounds(at, self._lower[at], self._upper[at])
        solver.set_costs(change.priced, self.found.cost[change.priced])
        return None if penalised is None else Answer(penalised=penalised, money=float(self._money @ x), x=x)

    def planned(self, columns: Ints) -> tuple[Floats, Floats]:
        """Bounds of columns in the plan's program (decisions held)."""
        return self._lower[columns], self._upper[columns]

    def best_of(self, changes: Iterable[Change]) -> Answer | None:
        """The least costly of several changes; None when none is possible."""
        answers = [answer for change in changes if (answer := self.values(change)) is not None]
        return min(answers, key=lambda answer: answer.penalised, default=None)

    def least(self, device: Device, change: Change) -> Answer | None:
        """The best values with a change when the device may also decide anew when it is on or off."""
        free = self.freed(device, change)
        relaxed = self.values(change + free)
        if relaxed is None or not len(free.columns):
            return relaxed
        tried = [self._rounded(relaxed.x, share)[free.columns] for share in _ROUND_SHARES]
        tried.append(self._lower[free.columns])
        whole = self.best_of([change + held(free.columns, decided) for decided in tried])
        if whole is not None:
            return whole
        if len(self.found.program.connection.direction.columns):
            # importing and exporting at once would earn money that nobody pays: such a bound says nothing
            return None
        return Answer(penalised=relaxed.penalised, money=relaxed.money, x=relaxed.x, exact=False)

    def free_values(self, device: Device, change: Change) -> Floats | None:
        """The best values with a change when the device's own decisions may be fractional; None when impossible."""
        answer = self.values(change + self.freed(device, change))
        return None if answer is None else answer.x

    def freed(self, device: Device, change: Change) -> Change:
        """The device's decisions and the direction of the connection between no and yes, where not held already."""
        built = self.found.program
        own = np.concatenate([decision_columns(built.parts[device.id]), built.connection.direction.columns])
        own = np.setdiff1d(own, change.columns)
        return Change(columns=own, lower=np.zeros(len(own)), upper=np.ones(len(own)))

    def _rounded(self, x: Floats, share: float) -> Floats:
        """Values of all columns with decisions that stand for the powers in x."""
        values, built = x.copy(), self.found.program
        values[built.arrays.integer] = rounded_decisions(self.problem, built, x, share)
        return values

    def planned_prices(self) -> Floats:
        """What one more kWh costs in each slot [currency/kWh], shape (n,); the tariff's where wishes are broken."""
        if not self.found.broken:
            return np.asarray(self._outcome.row_dual[self.found.program.balance_rows] / self.problem.slot_h)
        tariff, selling = self.problem.tariff, self.plan_of(self._outcome.x).grid_kw < 0.0
        return np.where(selling, tariff.export_price_per_kwh, tariff.import_price_per_kwh)

    def planned_plan(self) -> Plan:
        """The plan that is explained, with its marginal prices."""
        return solved(self.problem, self.found, self._outcome, self.planned_prices(), 0.0)

    def plan_of(self, x: Floats) -> Plan:
        """Powers, states and broken wishes of values, re-simulated."""
        none = Outcome(proven=False, x=x, row_dual=_NO_VALUES, objective=0.0, bound=0.0)
        return solved(self.problem, self.found, none, np.zeros(self.problem.slots), 0.0)

    def power_kw(self, device: Device, x: Floats, slot: int) -> float:
        """Power of one device in one slot [kW]."""
        return float(powers(self.found.program, (device,), x, self.problem.slots)[device.id][slot])
