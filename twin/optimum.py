"""The lower bound: one controller of all homes that knows everything, on the same slots and the same prices."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.dispatch.rules import comfort_at
from hems.planning.device import Appliance, Battery, Device, Ev, Lighting, Pv, Session, Zone
from hems.planning.home_problem import appliance_profile_kw
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem, Tariff
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, LightingUnit, PvUnit, ZoneUnit
from twin.programmes import programmes
from twin.world import CarStay, TwinHome, World
from wire.quantities import micro_per_kwh

Floats = NDArray[np.float64]

LOST_LOAD_PER_KWH = 10.0
SMALLEST_NEED_KWH = 1e-6
SMALLEST_VALUE_PER_KWH = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The central optimum over the counted slots [currency]: cost of the plan found, and what none can be below.

    `bound` is None when nothing was proven in time.
    """

    cost: float
    bound: float | None
    plan: Plan


def community_optimum(world: World, *, gap: float = 1e-4, time_limit_s: float = 600.0) -> Optimum:
    """The least cost that the community could have had with perfect foresight, its homes billed as one connection.

    Its `bound` is below the cost of every scheme that serves all cars and
    appliances, but for the rounding of meters to whole Wh, while feed-in is nowhere above retail. Energy that a car
    cannot be given by full power during its whole stay is not asked for, as in every scheme.
    """
    plan = Planner(time.monotonic).plan(community_problem(world), gap=gap, time_limit_s=time_limit_s, explain=False)
    initial = sum(twin.stored_kwh() for twin in world.homes) * _stored_value(world)
    bound = None if plan.bound is None else plan.bound + initial
    return Optimum(cost=plan.objective + initial, bound=bound, plan=plan)


def community_problem(world: World) -> Problem:
    """All homes of a world behind one connection, over the counted slots, at the whole micro prices of the market."""
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
            import_price_per_kwh=_whole_micro(world.retail_per_kwh[counted]),
            export_price_per_kwh=_whole_micro(world.feed_in_per_kwh[counted]),
        ),
        devices=tuple(devices),
    )


def _whole_micro(prices: Floats) -> Floats:
    return np.array([micro_per_kwh(price) / 1e6 for price in prices.tolist()])


def _devices(world: World, twin: TwinHome) -> list[Device]:
    devices: list[Device] = []
    for unit in twin.home.units:
        name = f"{twin.name}.{unit.id}"
        match unit:
            case PvUnit():
                devices.append(Pv(id=name, available_kw=twin.pv_kw[world.count_from : world.end]))
            case BatteryUnit():
                devices.append(_battery(name, unit, twin, world))
            case EvUnit():
                sessions = _sessions(twin.stays.get(unit.id, ()), unit, world)
                if sessions:
                    devices.append(_ev(name, unit, sessions))
            case ZoneUnit():
                devices.append(_zone(name, unit, twin, world))
            case LightingUnit():
                devices.append(_lighting(name, unit, twin, world))
            case ApplianceUnit():
                pass  # one device per owed run, below
    devices += [
        Appliance(
            id=f"{twin.name}.{owed.unit.id}.{owed.day}",
            profile_kw=appliance_profile_kw(owed.unit, world.first.duration_s),
            earliest_slot=owed.first,
            latest_end_slot=owed.end,
        )
        for owed in programmes(world, twin)
    ]
    return devices


def _stored_value(world: World) -> float:
    """Worth of a kWh stored at the end; never quite 0, for the planner takes 0 as "no value and no loss either"."""
    return world.stored.extra_per_kwh or SMALLEST_VALUE_PER_KWH


def _battery(name: str, unit: BatteryUnit, twin: TwinHome, world: World) -> Battery:
    """The battery without its wear, which is on no bill.

    A home's batteries are counted together at the end; where there are several, a kWh less in one may be made up
    for by another, so that what is missing is only worth what an extra kWh is.
    """
    is_only_one = sum(isinstance(other, BatteryUnit) for other in twin.home.units) == 1
    return Battery(
        id=name,
        capacity_kwh=unit.capacity_kwh,
        charge_kw_max=unit.charge_kw_max,
        discharge_kw_max=unit.discharge_kw_max,
        charge_efficiency=unit.charge_efficiency,
        discharge_efficiency=unit.discharge_efficiency,
        soc_min=unit.soc_min,
        soc_max=unit.soc_max,
        soc_initial=twin.soc_initial[unit.id],
        final_value_per_kwh=_stored_value(world),
        final_missing_per_kwh=world.stored.missing_per_kwh if is_only_one else None,
    )


def _sessions(stays: tuple[CarStay, ...], unit: EvUnit, world: World) -> list[tuple[int, int, float]]:
    """(arrival, departure, energy) of the stays inside the counted slots; what full power could not give is cut.

    As in the plant, a car is there for the whole of a slot at whose start it is there.
    """
    width, start_s = world.first.duration_s, world.slot(world.count_from).start_s
    found = []
    for stay in stays:
        arrival = max(0, -(-(stay.arrival_s - start_s) // width))
        departure = min(world.counted_slots, -(-(stay.departure_s - start_s) // width))
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


def _zone(name: str, unit: ZoneUnit, twin: TwinHome, world: World) -> Zone:
    """The zone under its true weather and gains, its comfort at its price; a band without a price binds no scheme."""
    slots = range(world.count_from, world.end)
    low, high = np.full(world.counted_slots, -np.inf), np.full(world.counted_slots, np.inf)
    for k, index in enumerate(slots):
        period = comfort_at(unit.comfort, twin.home.local_hour(world.slot(index).start_s))
        if period is not None and unit.discomfort_per_k_hour is not None:
            low[k], high[k] = period.temp_min_c, period.temp_max_c
    return Zone(
        id=name,
        heats=unit.mode == "heat",
        electric_kw_max=unit.electric_kw_max,
        electric_kw_min=unit.electric_kw_min,
        cop=np.full(world.counted_slots, unit.cop),
        thermal_capacity_kwh_per_k=unit.thermal_capacity_kwh_per_k,
        thermal_resistance_k_per_kw=unit.thermal_resistance_k_per_kw,
        outdoor_temp_c=_signal(world, twin, f"{unit.id}.outdoor_temp_c", 0.0),
        gain_kw=_signal(world, twin, f"{unit.id}.gain_kw", unit.gain_kw),
        temp_initial_c=twin.temp_initial_c[unit.id],
        temp_min_c=low,
        temp_max_c=high,
        discomfort_per_k_hour=unit.discomfort_per_k_hour or 0.0,
    )


def _lighting(name: str, unit: LightingUnit, twin: TwinHome, world: World) -> Lighting:
    """The lamps under true daylight and presence; all light may be given up at its price, as the plant allows."""
    return Lighting(
        id=name,
        rated_kw=unit.rated_kw,
        lux_at_rated=unit.lux_at_rated,
        daylight_lux=_signal(world, twin, f"{unit.id}.daylight_lux", 0.0),
        required_lux=_signal(world, twin, f"{unit.id}.required_lux", 0.0),
        dim_fraction_max=1.0,
        discomfort_per_kwh=unit.discomfort_per_kwh,
    )


def _signal(world: World, twin: TwinHome, name: str, otherwise: float) -> Floats:
    values = twin.signals.get(name)
    return np.full(world.counted_slots, otherwise) if values is None else values[world.count_from : world.end]
