"""Plan of a site whose rooms and lamps follow strategies of the literature, priced like any other plan.

Only the powers of those devices come from a strategy. The other devices are planned around them at least cost, so
that what is compared is the strategy alone.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Chp, Lighting, Load, Pv, Zone
from hems.planning.model.power_range import must_serve_kw
from hems.planning.objective import objective
from hems.planning.physics import heat_kw, on_flags, state
from hems.planning.plan import DevicePlan, Plan
from hems.planning.planner import Planner
from hems.planning.problem import Device, Problem
from hems.planning.rules.thermostat import thermostat_kw
from hems.planning.strategies.lamps import LAMP_RULES
from hems.planning.strategies.preparation import (
    departure_and_arrival,
    pre_conditioning,
    preparation_and_pre_conditioning,
)
from hems.planning.strategies.room_view import Habits, RoomView, room_view
from hems.planning.strategies.set_points import constant, curtailment, set_back, temperature_reset
from hems.planning.violations import violations

Floats = NDArray[np.float64]
Powers = dict[str, Floats]

SET_POINTS: dict[str, Callable[[RoomView], Floats]] = {
    "constant set-point": constant,
    "set-back": set_back,
    "curtailment in dear hours": curtailment,
    "departure and arrival": departure_and_arrival,
    "pre-heating or pre-cooling": pre_conditioning,
    "reset by the weather": temperature_reset,
    "preparation and pre-conditioning": preparation_and_pre_conditioning,
}


def set_point_c(problem: Problem, device: Zone, strategy: str, habits: Habits) -> Floats:
    """Set-point of a room by a strategy of `SET_POINTS` [C], shape (n,).

    Raises: KeyError when there is no strategy of that name; `SET_POINTS` has them all.
    """
    view = room_view(device, problem.tariff.import_price_per_kwh, problem.slot_h, habits)
    return (1.0 if device.heats else -1.0) * SET_POINTS[strategy](view)


def baseline(
    problem: Problem, *, rooms: str | None = None, lamps: str | None = None, habits: Habits | None = None
) -> Plan:
    """The plan in which all rooms follow one strategy and all lamps another; None leaves them to the planner.

    Its status is "fallback", nothing is proven about it. A machine that heats a room runs as is best for the rest of
    the site, and the room's thermostat takes what heat it gives into account.
    Raises: KeyError when there is no strategy of that name.
    """
    held = {d.id: LAMP_RULES[lamps](d, problem.slot_h) for d in problem.devices if lamps and isinstance(d, Lighting)}
    if rooms is None:
        return _around(problem, held)
    own = {d.id for d in problem.devices if isinstance(d, Zone)}
    feeding = [d.id for d in problem.devices if isinstance(d, Chp) and d.feeds in own]
    if feeding:
        first = _around(problem, held | _room_powers(problem, rooms, habits or Habits(), {}))
        held |= {id_: first.devices[id_].power_kw for id_ in feeding}
    return _around(problem, held | _room_powers(problem, rooms, habits or Habits(), held))


def _room_powers(problem: Problem, strategy: str, habits: Habits, machines: Powers) -> Powers:
    """Power of every room, given the machines that are known to run; each within what the connection has left."""
    known = {d.id: machines.get(d.id, np.zeros(problem.slots)) for d in problem.devices}
    left_kw = np.maximum(
        0.0, problem.import_limit_kw - problem.base_kw - must_serve_kw(problem.devices, problem.slots)
    )
    made: Powers = {}
    for device in problem.devices:
        if isinstance(device, Zone):
            heat = heat_kw(device.id, problem.devices, known, problem.slots)
            target = set_point_c(problem, device, strategy, habits)
            made[device.id] = thermostat_kw(device, target, left_kw, heat, problem.slot_h)
            left_kw = np.maximum(0.0, left_kw - made[device.id])
    return made


def _around(problem: Problem, held: Powers) -> Plan:
    """The least-cost plan with the powers of some devices given."""
    devices = tuple(_held(d, held[d.id]) if d.id in held else d for d in problem.devices)
    rest = Planner().plan(replace(problem, devices=devices), explain=False)
    powers = {id_: device.power_kw for id_, device in rest.devices.items()}
    made = {}
    for device in problem.devices:
        power = powers[device.id]
        heat = heat_kw(device.id, problem.devices, powers, problem.slots)
        made[device.id] = DevicePlan(
            power_kw=power, state=state(device, power, heat, problem.slot_h), on=on_flags(device, power)
        )
    states = {id_: device.state for id_, device in made.items()}
    return replace(
        rest,
        status="fallback",
        bound=None,
        gap=None,
        objective=objective(problem, rest.grid_kw, rest.unserved_kw, powers, states),
        devices=made,
        violations=violations(problem, rest.unserved_kw, powers, states),
    )


def _held(device: Device, power_kw: Floats) -> Device:
    """A device that can do nothing but take or give the power it is held at."""
    if (power_kw < 0.0).any():
        return Pv(id=device.id, available_kw=-power_kw, curtailable=False)
    return Load(id=device.id, power_kw=power_kw)
