"""Slot 0 again: what devices do when the running slot's own load, generation or price curve is known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Pv
from hems.planning.model.connection import export_steps, import_steps
from hems.planning.model.generation import PvPart
from hems.planning.model.program import Program, powers
from hems.planning.plan import SlotPlan
from hems.planning.problem import Problem
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Solver
from hems.planning.tariff import Exchange

Floats = NDArray[np.float64]


def set_load(solver: Solver, problem: Problem, built: Program, base_kw: float) -> None:
    """Tell the program the base load of slot 0."""
    wanted_kw = float(built.arrays.row_lower[built.balance_rows[0]] - problem.base_kw[0]) + base_kw
    solver.set_row(int(built.balance_rows[0]), wanted_kw)
    column = built.connection.unserved.columns[:1]
    solver.set_bounds(column, np.zeros(1), np.array([base_kw]))


def set_generation(solver: Solver, built: Program, available_kw: dict[str, float]) -> None:
    """Tell the program what is available from some generators in slot 0."""
    for id_, kw in available_kw.items():
        part = built.parts[id_]
        if not isinstance(part, PvPart):
            raise KeyError(f"{id_} is not a pv device of the planned problem: name one of its pv devices")
        solver.set_bounds(part.used.columns[:1], np.zeros(1), np.array([kw]))
        if part.take_rows is not None:
            solver.set_row_at_least(int(part.take_rows[0]), kw)


def set_prices(solver: Solver, problem: Problem, found: Found, prices: Floats, breakpoints: Floats) -> None:
    """Tell the program the price curve of slot 0; it needs as many steps as it was planned with."""
    exchange = Exchange(prices_per_kwh=prices[None, :], breakpoints_kw=breakpoints[None, :])
    built, connection = found.program, found.program.connection
    co2 = problem.tariff.co2_per_kwh(problem.slots)[:1]
    sides = (
        (connection.first_imports(), import_steps(exchange, problem.import_limit_kw[:1], co2), 1.0),
        (connection.first_exports(), export_steps(exchange, problem.export_limit_kw[:1]), -1.0),
    )
    for columns, steps, sign in sides:
        if steps.size_kw.shape[1] != len(columns):
            raise ValueError(f"slot 0 was planned with {len(columns)} price steps, {len(prices)} were given")
        cost = sign * steps.price_per_kwh[0] * problem.slot_h
        solver.set_costs(columns, cost)
        solver.set_bounds(columns, np.zeros(len(columns)), steps.size_kw[0])
        built.arrays.upper[columns] = steps.size_kw[0]
        found.cost[columns] = cost


def best_decisions(solver: Solver, built: Program, current: Floats, others: Sequence[Floats], keep: float) -> Floats:
    """The decisions (integer columns,) that cost least now; the current ones unless others gain more than `keep`.

    The solver holds them afterwards.
    """
    columns = np.flatnonzero(built.arrays.integer)
    if not others:
        return current
    best, least = current, np.inf
    for decided in (current, *others):
        solver.set_bounds(columns, decided, decided)
        cost = solver.resolve()
        if cost is not None and cost < least - (0.0 if decided is current else keep):
            best, least = decided, cost
    solver.set_bounds(columns, best, best)
    return best


def solved_slot(solver: Solver, problem: Problem, built: Program, base_kw: float) -> SlotPlan | None:
    """Slot 0 of the re-solved program; None when the decisions of the plan no longer fit."""
    if solver.resolve() is None:
        return None
    x, row_dual = solver.values()
    made = {id_: float(power[0]) for id_, power in powers(built, problem.devices, x, problem.slots).items()}
    unserved = float(x[built.connection.unserved.columns[0]])
    return SlotPlan(
        grid_kw=base_kw - unserved + sum(made.values()),
        unserved_kw=unserved,
        power_kw=made,
        marginal_price_per_kwh=float(row_dual[built.balance_rows[0]]) / problem.slot_h,
    )


def held_slot(
    problem: Problem, planned_kw: dict[str, float], base_kw: float, available_kw: dict[str, float]
) -> SlotPlan:
    """The planned powers with the generation that is really there; what the connection cannot carry is cut."""
    made = dict(planned_kw)
    for device in problem.devices:
        if isinstance(device, Pv):
            made[device.id] = -min(-made[device.id], available_kw.get(device.id, float(device.available_kw[0])))
    net_kw = base_kw + sum(made.values())
    unserved = min(base_kw, max(0.0, net_kw - float(problem.import_limit_kw[0])))
    spill = max(0.0, -net_kw - float(problem.export_limit_kw[0]))
    for device in problem.devices:
        if isinstance(device, Pv):
            cut = min(spill, -made[device.id])
            made[device.id] += cut
            spill -= cut
    grid_kw = base_kw - unserved + sum(made.values())
    tariff = problem.tariff
    price = (tariff.import_price_per_kwh if grid_kw >= 0.0 else tariff.export_price_per_kwh)[0]
    return SlotPlan(grid_kw=grid_kw, unserved_kw=unserved, power_kw=made, marginal_price_per_kwh=float(price))
