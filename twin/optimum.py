"""The lower bound: one controller of all homes that knows everything, on the same slots and the same prices."""

import time
from dataclasses import dataclass

import numpy as np

from hems.planning.device import Battery, Device, Ev, Pv, Session
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem, Tariff
from hems.site.home import BatteryUnit, EvUnit, PvUnit
from twin.world import CarStay, TwinHome, World

LOST_LOAD_PER_KWH = 10.0
SMALLEST_NEED_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Cost of the central optimum over the counted slots [currency], its proven bound, and the plan behind it."""

    cost: float
    bound: float
    plan: Plan


def community_optimum(world: World, *, gap: float = 1e-4, time_limit_s: float = 120.0) -> Optimum:
    """The least cost that the community could have had with perfect foresight, its homes billed as one connection.

    Energy that a car cannot be given by full power during its whole stay is not asked for, as in every scheme.
    """
    problem = community_problem(world)
    plan = Planner(time.monotonic).plan(problem, gap=gap, time_limit_s=time_limit_s, explain=False)
    initial = sum(twin.stored_kwh() for twin in world.homes) * world.stored.extra_per_kwh
    bound = plan.objective if plan.bound is None else plan.bound
    return Optimum(cost=plan.objective + initial, bound=bound + initial, plan=plan)


def community_problem(world: World) -> Problem:
    """All homes of a world behind one connection, over the counted slots."""
    counted = slice(world.count_from, world.end)
    devices: list[Device] = []
    base = np.zeros(world.counted_slots)
    for twin in world.homes:
        base += twin.load_kw[counted]
        devices += _devices(world, twin)
    unlimited = np.full(world.counted_slots, np.inf)
    return Problem(
        slot_h=world.first.duration_s / 3600.0,
        base_kw=base,
        import_limit_kw=unlimited,
        export_limit_kw=unlimited,
        lost_load_value_per_kwh=LOST_LOAD_PER_KWH,
        tariff=Tariff(
            import_price_per_kwh=world.retail_per_kwh[counted], export_price_per_kwh=world.feed_in_per_kwh[counted]
        ),
        devices=tuple(devices),
    )


def _devices(world: World, twin: TwinHome) -> list[Device]:
    devices: list[Device] = []
    for unit in twin.home.units:
        name = f"{twin.name}.{unit.id}"
        match unit:
            case PvUnit():
                devices.append(Pv(id=name, available_kw=twin.pv_kw[world.count_from : world.end]))
            case BatteryUnit():
                devices.append(_battery(name, unit, twin.soc_initial[unit.id], world))
            case EvUnit():
                sessions = _sessions(twin.stays.get(unit.id, ()), unit, world)
                if sessions:
                    devices.append(_ev(name, unit, sessions))
            case _:
                raise AssertionError(f"no optimum for {unit!r}")
    return devices


def _battery(name: str, unit: BatteryUnit, soc_initial: float, world: World) -> Battery:
    return Battery(
        id=name,
        capacity_kwh=unit.capacity_kwh,
        charge_kw_max=unit.charge_kw_max,
        discharge_kw_max=unit.discharge_kw_max,
        charge_efficiency=unit.charge_efficiency,
        discharge_efficiency=unit.discharge_efficiency,
        soc_min=unit.soc_min,
        soc_max=unit.soc_max,
        soc_initial=soc_initial,
        wear_per_kwh=unit.wear_per_kwh,
        final_value_per_kwh=world.stored.extra_per_kwh,
        final_missing_per_kwh=world.stored.missing_per_kwh,
    )


def _sessions(stays: tuple[CarStay, ...], unit: EvUnit, world: World) -> list[tuple[int, int, float]]:
    """(arrival, departure, energy) of the stays inside the counted slots; what full power could not give is cut."""
    width, start_s = world.first.duration_s, world.slot(world.count_from).start_s
    found = []
    for stay in stays:
        arrival = max(0, -(-(stay.arrival_s - start_s) // width))
        departure = min(world.counted_slots, (stay.departure_s - start_s) // width)
        most = unit.charge_kw_max * (departure - arrival) * width / 3600.0
        if departure > arrival and min(stay.energy_kwh, most) > SMALLEST_NEED_KWH:
            found.append((arrival, departure, min(stay.energy_kwh, most)))
    return found


def _ev(name: str, unit: EvUnit, sessions: list[tuple[int, int, float]]) -> Ev:
    capacity = max(energy for _, _, energy in sessions)
    return Ev(
        id=name,
        capacity_kwh=capacity,
        charge_kw_max=unit.charge_kw_max,
        sessions=tuple(
            Session(arrival_slot=a, departure_slot=d, soc_arrival=1.0 - energy / capacity, soc_departure_min=1.0)
            for a, d, energy in sessions
        ),
    )
