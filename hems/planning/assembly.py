"""Assembly: a plan from powers; its states, cost and broken wishes are re-simulated, not read from the solver."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.program import powers
from hems.planning.objective import constant_cost, objective
from hems.planning.physics import heat_kw, on_flags, state
from hems.planning.plan import DevicePlan, Plan
from hems.planning.problem import Problem
from hems.planning.rules.rule_plan import rule_powers
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome
from hems.planning.violations import violations

Floats = NDArray[np.float64]


def _device_plans(problem: Problem, powers_kw: dict[str, Floats]) -> dict[str, DevicePlan]:
    made = {}
    for device in problem.devices:
        heat = heat_kw(device.id, problem.devices, powers_kw, problem.slots)
        power = powers_kw[device.id]
        made[device.id] = DevicePlan(
            power_kw=power, state=state(device, power, heat, problem.slot_h), on=on_flags(device, power)
        )
    return made


def _assembled(problem: Problem, powers_kw: dict[str, Floats], unserved_kw: Floats) -> Plan:
    """A plan from powers alone, with the status of one that nothing was proven about."""
    devices = _device_plans(problem, powers_kw)
    states = {id_: device.state for id_, device in devices.items()}
    grid_kw = problem.base_kw - unserved_kw + sum(powers_kw.values(), np.zeros(problem.slots))
    return Plan(
        status="fallback",
        objective=objective(problem, grid_kw, unserved_kw, powers_kw, states),
        bound=None,
        gap=None,
        grid_kw=grid_kw,
        unserved_kw=unserved_kw,
        devices=devices,
        marginal_price_per_kwh=np.where(
            grid_kw < 0.0, problem.tariff.export_price_per_kwh, problem.tariff.import_price_per_kwh
        ),
        violations=violations(problem, unserved_kw, powers_kw, states),
    )


def solved(problem: Problem, found: Found, outcome: Outcome, marginal: Floats, gap: float) -> Plan:
    """The plan of solved values, with what is proven about its cost."""
    x = outcome.x
    unserved = np.zeros(problem.slots)
    flow = found.program.connection.unserved
    unserved[flow.slots] = np.clip(x[flow.columns], 0.0, problem.base_kw[flow.slots])
    unserved[unserved < 1e-7] = 0.0
    made = _assembled(problem, powers(found.program, problem.devices, x, problem.slots), unserved)
    bound = min(made.objective, found.bound + constant_cost(problem))
    relative = (made.objective - bound) / max(abs(made.objective), 1e-9)
    proven = found.outcome.proven and (relative <= gap or not found.program.arrays.integer.any())
    return replace(
        made,
        status="optimal" if proven else "feasible",
        bound=bound,
        gap=relative,
        marginal_price_per_kwh=marginal,
    )


def rule_based(problem: Problem) -> Plan:
    """The plan of plain rules, for when the solver gives nothing."""
    unserved, made = rule_powers(problem)
    return _assembled(problem, made, unserved)
