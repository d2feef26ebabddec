"""Cars in the program: one storage per stay, charging power 0 or at least a minimum, back-feed where allowed."""

import numpy as np

from hems.planning.device import Ev, Session
from hems.planning.model.arrays import Ints
from hems.planning.model.site_rows import Flow, SiteRows
from hems.planning.model.storage import StoragePart, add_energy, add_flows, add_reserve, wish_at_least

MET_KWH = 1e-4  # a departure this short is met


def add_ev(site: SiteRows, device: Ev) -> StoragePart:
    """Columns and rows of a car over all its stays inside the horizon."""
    stays = [s for s in device.sessions if s.arrival_slot < site.slots]
    there = np.zeros(site.slots, bool)
    for stay in stays:
        there[stay.arrival_slot : stay.departure_slot] = True
    slots = np.flatnonzero(there)
    charge, discharge = add_flows(
        site,
        slots,
        charge_max=device.charge_kw_max,
        discharge_max=device.discharge_kw_max,
        wear_per_kwh=device.wear_per_kwh,
    )
    energy = [_add_stay(site, device, stay, charge, discharge) for stay in stays]
    if device.charge_kw_min > 0.0:
        choice = _add_minimum(site, device, charge, discharge)
    else:
        choice = site.either_or(device.id, charge, discharge, device.charge_kw_max, device.discharge_kw_max)
    _share_rules(site, device, charge, discharge)
    columns = np.concatenate(energy) if energy else np.empty(0, np.int64)
    return StoragePart(charge=charge, discharge=discharge, energy=columns, choice=choice)


def _add_stay(site: SiteRows, device: Ev, stay: Session, charge: Flow, discharge: Flow) -> Ints:
    end = min(stay.departure_slot, site.slots)
    inside = _within(charge, stay.arrival_slot, end)
    outside = _within(discharge, stay.arrival_slot, end)
    capacity = device.capacity_kwh
    energy = add_energy(
        site,
        inside,
        outside,
        into=device.charge_efficiency,
        out_of=1.0 / device.discharge_efficiency,
        initial_kwh=stay.soc_arrival * capacity,
        low_kwh=device.soc_min * capacity,
        high_kwh=device.soc_max * capacity,
        final_value_per_kwh=device.final_value_per_kwh if stay.departure_slot >= site.slots else 0.0,
    )
    add_reserve(site, device, energy, inside.slots)
    if stay.soc_departure_min is not None and stay.departure_slot <= site.slots:
        # one more slot at the least power is not worth an amount that counts as nothing
        met_kwh = MET_KWH if device.charge_kw_min > 0.0 else 0.0
        wish_at_least(site, energy[-1:], stay.soc_departure_min * capacity - met_kwh)
    if device.soc_final_min is not None and stay.departure_slot >= site.slots:
        wish_at_least(site, energy[-1:], device.soc_final_min * capacity)
    return energy


def _within(flow: Flow, first: int, end: int) -> Flow:
    inside = (flow.slots >= first) & (flow.slots < end)
    return Flow(columns=flow.columns[inside], slots=flow.slots[inside])


def _add_minimum(site: SiteRows, device: Ev, charge: Flow, discharge: Flow) -> Flow:
    """Decisions that charging is at least the minimum, or off; the same decisions keep discharging out."""
    model, count = site.model, len(charge.columns)
    charging = model.binaries(count)
    rows = model.rows(count, lower=0.0)
    model.entries(rows, charge.columns, 1.0)
    model.entries(rows, charging, -device.charge_kw_min)
    rows = model.rows(count, upper=0.0)
    model.entries(rows, charge.columns, 1.0)
    model.entries(rows, charging, -device.charge_kw_max)
    if len(discharge.columns):
        rows = model.rows(count, upper=device.discharge_kw_max)
        model.entries(rows, discharge.columns, 1.0)
        model.entries(rows, charging, device.discharge_kw_max)
    return Flow(columns=charging, slots=charge.slots)


def _share_rules(site: SiteRows, device: Ev, charge: Flow, discharge: Flow) -> None:
    site.supplied.append(discharge)
    if not device.grid_charge_allowed:
        site.own_charge.append(charge)
    if not device.grid_discharge_allowed:
        site.own_discharge.append(discharge)
    if not device.from_battery_allowed:
        site.no_battery.append(charge)
