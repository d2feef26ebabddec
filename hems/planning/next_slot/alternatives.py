"""Alternatives: decisions that differ from a plan's in what one device does in slot 0, with the rest adapted."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Chp, Device, Zone
from hems.planning.model.appliance import BlockPart, ProgrammePart
from hems.planning.model.arrays import Ints
from hems.planning.model.connection import Connection
from hems.planning.model.machine import ChpPart
from hems.planning.model.program import Part
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart
from hems.planning.problem import Problem
from hems.planning.solving.groups import Groups, decision_groups
from hems.planning.solving.incumbent import Decisions, best_guess, improved
from hems.planning.solving.rounding import machine_runs
from hems.planning.solving.search import Found
from hems.planning.solving.solver import Outcome, Solver

Floats = NDArray[np.float64]

ADAPTING_SOLVES = 40  # spent on letting the later decisions of an alternative follow
TIME_LEFT_S = 10.0
NONE = np.zeros(0, np.int64)


def alternatives(solver: Solver, problem: Problem, found: Found, outcome: Outcome) -> tuple[Floats, ...]:
    """Decisions (integer columns,) that suit slot 0 better than those of the plan when its price is another one.

    Each device is turned in slot 0 and the rest adapted to it; then all of them are adapted to energy that is as
    cheap in slot 0 as anywhere, in the middle, and as dear. What is not possible is left out. The solver holds the
    plan afterwards.
    """
    built = found.program
    columns = np.flatnonzero(built.arrays.integer)
    if not len(columns):
        return ()
    decided, values = np.round(outcome.x[columns]), np.round(outcome.x) * built.arrays.integer
    decisions, groups = Decisions(solver, built.arrays, lambda: TIME_LEFT_S), decision_groups(problem, built)
    made: list[Floats] = []
    turns = [partial(_turn, device, built.parts[device.id]) for device in problem.devices]
    for turn in (partial(_turn_connection, built.connection), *turns):
        turned = values.copy()
        held = turn(turned)
        if len(held) and not np.array_equal(turned, values):
            made += _adapted(decisions, [turned[columns]], groups.without(np.isin(columns, held)))
    if made:
        for price in _prices(problem):
            _set_price(solver, found, price * problem.slot_h)
            made += _adapted(decisions, [decided, *made], groups)
        _reset_prices(solver, found)
    decisions.hold_all(decided)
    decisions.solve()
    return tuple(made)


def _prices(problem: Problem) -> tuple[float, float, float]:
    """Lowest, middle and highest price of the horizon [currency/kWh]."""
    if problem.exchange is not None:
        prices = problem.exchange.prices_per_kwh
    else:
        prices = np.stack([problem.tariff.export_price_per_kwh, problem.tariff.import_price_per_kwh])
    return float(prices.min()), float(np.median(prices)), float(prices.max())


def _set_price(solver: Solver, found: Found, cost_per_kw: float) -> None:
    """One price both ways for the energy of slot 0."""
    connection = found.program.connection
    for columns, sign in ((connection.first_imports(), 1.0), (connection.first_exports(), -1.0)):
        solver.set_costs(columns, np.full(len(columns), sign * cost_per_kw))


def _reset_prices(solver: Solver, found: Found) -> None:
    connection = found.program.connection
    for columns in (connection.first_imports(), connection.first_exports()):
        solver.set_costs(columns, found.cost[columns])


def _adapted(decisions: Decisions, starts: list[Floats], groups: Groups) -> list[Floats]:
    """The best of `starts` after flips that make it cheaper; none when nothing is possible."""
    best = best_guess(decisions, starts, -np.inf)
    if best is None:
        return []
    return [improved(decisions, best, groups, -np.inf, solves=ADAPTING_SOLVES).decided]


def _turn_connection(connection: Connection, values: Floats) -> Ints:
    first: Ints = connection.direction.columns[connection.direction.slots == 0]
    values[first] = 1.0 - values[first]
    return first


def _turn(device: Device, part: Part, values: Floats) -> Ints:
    """The columns that turn the device in slot 0, none without a choice; sets them in the values of all columns."""
    match part:
        case StoragePart() if len(part.choice.slots) and part.choice.slots[0] == 0:
            first = part.choice.columns[:1]
            values[first] = 1.0 - values[first]
            return first
        case TakerPart(on=on) | ChpPart(on=on) if on is not None and isinstance(device, Zone | Chp):
            return _turn_machine(device, on, values)
        case ProgrammePart() if len(part.starts.slots) > 1 and part.starts.slots[0] == 0:
            return _turn_programme(part, values)
        case BlockPart() if isinstance(device, Appliance) and len(part.on.slots) and part.on.slots[0] == 0:
            return _turn_blocks(device, part, values)
        case _:
            return NONE


def _turn_machine(device: Zone | Chp, on: Ints, values: Floats) -> Ints:
    runs = values[on] > 0.5
    lasting = device.min_off_slots if runs[0] else device.min_on_slots
    runs[:lasting] = not runs[0]
    values[on] = machine_runs(device, runs)
    return on[:lasting]


def _turn_programme(part: ProgrammePart, values: Floats) -> Ints:
    """Start now instead of later (or never), or a slot later instead of now."""
    starts = part.starts.columns
    now = values[starts[0]] > 0.5
    values[starts] = 0.0
    values[starts[1 if now else 0]] = 1.0
    return starts[:1]


def _turn_blocks(device: Appliance, part: BlockPart, values: Floats) -> Ints:
    """One run from slot 0 or 1 on where runs have rules; else slot 0 changes places with the last or next one."""
    on = part.on.columns
    running, count = values[on] > 0.5, int(values[on].sum())
    other = np.flatnonzero(running != running[0])
    if count == 0 or not len(other):
        return NONE
    if device.min_run_slots > 1 or device.starts_max is not None:
        first = 1 if running[0] else 0
        values[on] = 0.0
        values[on[first : first + count]] = 1.0
    else:
        values[on[[0, int(other[0] if running[0] else other[-1])]]] = [1.0 - running[0], float(running[0])]
    return on[:1]
