"""Standing by: energy that a battery keeps so that it can give more than planned in some slots, called for or not.

In slot j of a call the battery has to be able to give need_j. Whoever is called in some of the slots can give in all
from the first of them on, so it is enough, and where all are called necessary, that at the start of slot k the
battery holds what all slots from k on need:

    floor_k = least + sum over j >= k of need_j * slot_h / discharge efficiency

Everything else runs as planned. The floors are linear in the needs, so the cost of keeping them is convex in what
stands by.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Battery, Pv
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.tariff import Exchange, Tariff

Floats = NDArray[np.float64]
ROUNDING_KWH = 1e-9


def standing_battery(problem: Problem) -> Battery | None:
    """The battery that stands by: the largest one; None without one."""
    batteries = [device for device in problem.devices if isinstance(device, Battery)]
    return max(batteries, key=lambda battery: (battery.capacity_kwh, battery.id), default=None)


def others_kw(problem: Problem, plan: Plan, battery: Battery) -> Floats:
    """Net power of all but a battery in a plan [kW] (n,); generation that it curtails counts, it is there to use."""
    net = plan.grid_kw - plan.devices[battery.id].power_kw
    for device in problem.devices:
        if isinstance(device, Pv):
            net = net - (device.available_kw + plan.devices[device.id].power_kw)
    return np.asarray(net)


def battery_problem(problem: Problem, plan: Plan, battery: Battery) -> Problem:
    """The problem that is left when everything but a battery runs as planned."""
    net = others_kw(problem, plan, battery)
    surplus = Pv(id="surplus", available_kw=np.maximum(-net, 0.0))
    return replace(problem, base_kw=np.maximum(net, 0.0), devices=(battery, surplus))


def floors_kwh(battery: Battery, first: int, need_kw: Sequence[float], slot_h: float) -> Floats:
    """What a battery has to hold at the start of each slot of a call [kWh], whether or not it can.

    `first` is the place of the call's first slot, `need_kw` what each slot may need on the battery's AC side.
    """
    needs = np.maximum(np.asarray(need_kw, float), 0.0)
    to_come = np.cumsum(needs[::-1])[::-1] * slot_h / battery.discharge_efficiency
    return np.asarray(least_kwh(battery, first, len(needs)) + to_come)


def can_give(battery: Battery, need_kw: Sequence[float], floors: Floats) -> bool:
    """Whether a battery can give what each slot may need, and hold the floors [kWh] that this takes."""
    fits = float(floors.max(initial=0.0)) <= battery.soc_max * battery.capacity_kwh + ROUNDING_KWH
    return fits and max(need_kw, default=0.0) <= battery.discharge_kw_max + ROUNDING_KWH


def least_kwh(battery: Battery, first: int, count: int) -> float:
    """The energy below which a battery is not emptied in some slots: its minimum, and its owner's reserve [kWh]."""
    own = 0.0 if battery.reserve_soc is None else float(battery.reserve_soc[first : first + count].max(initial=0.0))
    return max(battery.soc_min, own) * battery.capacity_kwh


def with_floors(problem: Problem, battery: Battery, first: int, floors: Floats) -> Problem:
    """The problem in which a battery is wished to hold floors [kWh] at the start of the slots from `first` on."""
    reserve = np.zeros(problem.slots) if battery.reserve_soc is None else battery.reserve_soc.copy()
    held = floors if first else floors[1:]  # the present state is what it is
    at = max(first - 1, 0)
    reserve[at : at + len(held)] = np.maximum(reserve[at : at + len(held)], held / battery.capacity_kwh)
    keeping = replace(battery, reserve_soc=reserve)
    devices = tuple(keeping if device.id == battery.id else device for device in problem.devices)
    return replace(problem, devices=devices)


def from_slot(problem: Problem, battery: Battery, start: int, stored_kwh: float) -> Problem:
    """A `battery_problem` from a later slot on, with some energy stored at its start [kWh]."""
    later = replace(
        battery,
        soc_initial=stored_kwh / battery.capacity_kwh,
        reserve_soc=None if battery.reserve_soc is None else battery.reserve_soc[start:],
    )
    surplus = [replace(d, available_kw=d.available_kw[start:]) for d in problem.devices if isinstance(d, Pv)]
    return replace(
        problem,
        base_kw=problem.base_kw[start:],
        import_limit_kw=problem.import_limit_kw[start:],
        export_limit_kw=problem.export_limit_kw[start:],
        tariff=_tariff_from(problem.tariff, start),
        exchange=None if problem.exchange is None else _exchange_from(problem.exchange, start),
        devices=(later, *surplus),
    )


def _tariff_from(tariff: Tariff, start: int) -> Tariff:
    return replace(
        tariff,
        import_price_per_kwh=tariff.import_price_per_kwh[start:],
        export_price_per_kwh=tariff.export_price_per_kwh[start:],
        co2_g_per_kwh=None if tariff.co2_g_per_kwh is None else tariff.co2_g_per_kwh[start:],
    )


def _exchange_from(exchange: Exchange, start: int) -> Exchange:
    return Exchange(prices_per_kwh=exchange.prices_per_kwh[start:], breakpoints_kw=exchange.breakpoints_kw[start:])
