"""Program: the mixed-integer program of a problem, and how its columns read back as powers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import (
    Appliance,
    Battery,
    Chp,
    Device,
    Ev,
    Hydrogen,
    Lighting,
    Load,
    Pv,
    Tank,
    Zone,
)
from hems.planning.model.appliance import add_appliance
from hems.planning.model.arrays import Arrays, Model, Rank
from hems.planning.model.connection import Connection, add_connection
from hems.planning.model.forcing import add_forced
from hems.planning.model.generation import add_pv
from hems.planning.model.hydrogen import add_hydrogen
from hems.planning.model.machine import add_chp
from hems.planning.model.power_range import most_given_kw, most_taken_kw, must_serve_kw
from hems.planning.model.sharing_rules import add_sharing_rules
from hems.planning.model.shedding import add_shed
from hems.planning.model.site_rows import Flow, SiteRows
from hems.planning.model.storage import StoragePart, add_battery
from hems.planning.model.thermal import add_tank, add_zone
from hems.planning.model.vehicle import add_ev
from hems.planning.problem import Problem

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Part(Protocol):
    """Columns of one device."""

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], shape (slots,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a program is built with: either-or slots by id, appliances that may run late, limits of broken wishes."""

    exclusive: dict[str, Bools] = field(default_factory=dict)
    late_ids: frozenset[str] = frozenset()
    caps: dict[Rank, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Arrays for the solver and the parts that read its values."""

    arrays: Arrays
    balance_rows: NDArray[np.int64]
    connection: Connection
    parts: dict[str, Part]


_ADD: dict[type, Callable[[SiteRows, Any], Part]] = {
    Pv: add_pv,
    Battery: add_battery,
    Ev: add_ev,
    Zone: add_zone,
    Tank: add_tank,
    Lighting: add_shed,
    Load: add_shed,
    Appliance: add_appliance,
    Chp: add_chp,
    Hydrogen: add_hydrogen,
}


def program(problem: Problem, choices: Choices) -> Program:
    """The program of a problem; machines come before what they heat."""
    site = _site_rows(problem, choices)
    ordered = sorted(problem.devices, key=lambda device: isinstance(device, Tank | Zone))
    parts: dict[str, Part] = {}
    for turn, device in enumerate(ordered):
        site.turn = turn
        parts[device.id] = _ADD[type(device)](site, device)
    if problem.forced is not None:
        add_forced(site, parts, problem.forced)
    connection = add_connection(
        site,
        tariff=problem.tariff,
        exchange=problem.exchange,
        import_limit_kw=problem.import_limit_kw,
        export_limit_kw=problem.export_limit_kw,
        base_kw=problem.base_kw,
        most_taken_kw=problem.base_kw + most_taken_kw(problem.devices, problem.slots),
        most_given_kw=most_given_kw(problem.devices, problem.slots),
    )
    add_sharing_rules(site, connection)
    arrays = site.model.arrays(caps=choices.caps)
    arrays.row_lower[site.balance] = site.base_kw
    arrays.row_upper[site.balance] = site.base_kw
    return Program(arrays=arrays, balance_rows=site.balance, connection=connection, parts=parts)


def _site_rows(problem: Problem, choices: Choices) -> SiteRows:
    must_kw = problem.base_kw + must_serve_kw(problem.devices, problem.slots)
    return SiteRows(
        model=Model(),
        slots=problem.slots,
        slot_h=problem.slot_h,
        outage=problem.outage,
        short=must_kw > problem.import_limit_kw - 1e-9,
        exclusive=choices.exclusive,
        late_ids=choices.late_ids,
        lost_load_value_per_kwh=problem.lost_load_value_per_kwh,
    )


def powers(built: Program, devices: tuple[Device, ...], x: Floats, slots: int) -> dict[str, Floats]:
    """Power of every device [kW] (slots,) at the values x, cleaned of the solver's rounding."""
    found = {}
    for device in devices:
        power = built.parts[device.id].power_kw(x, slots)
        power[np.abs(power) < 1e-7] = 0.0
        found[device.id] = power
    return found


def overlaps(built: Program, devices: tuple[Device, ...], x: Floats, slots: int) -> dict[str, Bools]:
    """Slots by id in which opposite flows run at once although that costs or hides energy; empty when all is well.

    A storage without losses may do so unseen, but not where a rule counts what devices take or give.
    """
    found = {}
    counted = any(_has_sharing_rule(device) for device in devices)
    for device in devices:
        part = built.parts[device.id]
        if isinstance(part, StoragePart):
            both = _both(part.charge, part.discharge, x, slots)
            if both.any() and (counted or device_loses(device)):
                found[device.id] = both
    if any(isinstance(device, Ev) and not device.from_battery_allowed for device in devices):
        both = _both(built.connection.imports, built.connection.exports, x, slots)
        if both.any():
            found["grid"] = both
    return found


def _has_sharing_rule(device: Device) -> bool:
    match device:
        case Ev(from_battery_allowed=False):
            return True
        case Battery() | Ev():
            return not (device.grid_charge_allowed and device.grid_discharge_allowed)
        case _:
            return False


def _both(first: Flow, second: Flow, x: Floats, slots: int) -> Bools:
    ins = np.bincount(first.slots, weights=x[first.columns], minlength=slots)
    outs = np.bincount(second.slots, weights=x[second.columns], minlength=slots)
    return np.asarray(np.minimum(ins, outs) > 1e-5)


def device_loses(device: Device) -> bool:
    """True when a storage loses energy on a round trip."""
    if isinstance(device, Battery | Ev):
        return device.charge_efficiency * device.discharge_efficiency < 1.0
    if isinstance(device, Hydrogen):
        return device.electrolyser_efficiency * device.fuel_cell_efficiency < 1.0
    return False
