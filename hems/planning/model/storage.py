"""Storage in the program: flows in and out, stored energy, band, reserve, the wish for the end; the battery."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Battery, Ev
from hems.planning.model.arrays import Ints
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePart:
    """Columns of a storage: power is charge less discharge, per slot of `slots`."""

    charge: Flow
    discharge: Flow
    energy: Ints
    choice: Flow  # on/off columns of some slots, 1: charging

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], shape (slots,)."""
        power = np.zeros(slots)
        power[self.charge.slots] += x[self.charge.columns]
        power[self.discharge.slots] -= x[self.discharge.columns]
        return power


def add_flows(
    site: SiteRows, slots: Ints, *, charge_max: float, discharge_max: float, wear_per_kwh: float
) -> tuple[Flow, Flow]:
    """Charge and discharge columns over `slots`; a discharge of 0 kW gets no columns."""
    model, early = site.model, site.early[slots]
    charge = Flow(columns=model.columns(len(slots), upper=charge_max, tie=early), slots=slots)
    used = slots if discharge_max > 0.0 else slots[:0]
    cost = wear_per_kwh * site.slot_h
    out = model.columns(len(used), upper=discharge_max, cost=cost, tie=site.early[used])
    discharge = Flow(columns=out, slots=used)
    site.draw(charge)
    site.feed(discharge)
    return charge, discharge


def add_energy(
    site: SiteRows,
    charge: Flow,
    discharge: Flow,
    *,
    into: float,
    out_of: float,
    initial_kwh: float,
    low_kwh: float,
    high_kwh: float,
    final_value_per_kwh: float = 0.0,
    final_missing_per_kwh: float | None = None,
) -> Ints:
    """Columns of the energy at the end of each slot of `charge`; `into`, `out_of` are kWh stored per AC kWh."""
    model, count = site.model, len(charge.columns)
    energy = model.columns(count, lower=min(low_kwh, initial_kwh), upper=max(high_kwh, initial_kwh))
    start = np.zeros(count)
    start[0] = initial_kwh
    rows = model.rows(count, lower=start, upper=start)
    model.entries(rows, energy, 1.0)
    model.entries(rows[1:], energy[:-1], -1.0)
    model.entries(rows, charge.columns, -site.slot_h * into)
    if len(discharge.columns):
        model.entries(rows, discharge.columns, site.slot_h * out_of)
    if final_value_per_kwh:
        # worth of the last stored kWh: a column equal to it, so that the energy columns stay free of cost
        worth = model.columns(1, lower=-np.inf, cost=-final_value_per_kwh)
        row = model.rows(1, lower=0.0, upper=0.0)
        model.entries(row, energy[-1:], 1.0)
        model.entries(row, worth, -1.0)
        if final_missing_per_kwh is not None:
            extra = max(0.0, final_missing_per_kwh - final_value_per_kwh)
            model.entries(model.rows(1, lower=initial_kwh), energy[-1:], 1.0)
            model.entries(model.row_count - 1, model.columns(1, cost=extra), 1.0)
    return energy


def wish_at_least(site: SiteRows, energy: Ints, target_kwh: Floats | float) -> None:
    """Wish that the energy columns reach a target [kWh]."""
    site.wish_below(-np.asarray(target_kwh), energy, -1.0, weight=1.0)


def add_reserve(site: SiteRows, device: Battery | Ev, energy: Ints, slots: Ints) -> None:
    """Wish for a reserve outside outages; a reserve at the hard minimum wishes nothing."""
    if device.reserve_soc is None:
        return
    reserve_soc = device.reserve_soc[slots]
    wanted = (reserve_soc > device.soc_min) & ~site.outage[slots]
    if wanted.any():
        wish_at_least(site, energy[wanted], reserve_soc[wanted] * device.capacity_kwh)


def add_battery(site: SiteRows, device: Battery) -> StoragePart:
    """Columns and rows of a battery."""
    slots = np.arange(site.slots)
    charge, discharge = add_flows(
        site,
        slots,
        charge_max=device.charge_kw_max,
        discharge_max=device.discharge_kw_max,
        wear_per_kwh=device.wear_per_kwh,
    )
    energy = add_energy(
        site,
        charge,
        discharge,
        into=device.charge_efficiency,
        out_of=1.0 / device.discharge_efficiency,
        initial_kwh=device.soc_initial * device.capacity_kwh,
        low_kwh=device.soc_min * device.capacity_kwh,
        high_kwh=device.soc_max * device.capacity_kwh,
        final_value_per_kwh=device.final_value_per_kwh,
        final_missing_per_kwh=device.final_missing_per_kwh,
    )
    choice = site.either_or(device.id, charge, discharge, device.charge_kw_max, device.discharge_kw_max)
    add_reserve(site, device, energy, slots)
    if device.soc_final_min is not None:
        wish_at_least(site, energy[-1:], device.soc_final_min * device.capacity_kwh)
    if not device.grid_charge_allowed:
        site.own_charge.append(charge)
    if not device.grid_discharge_allowed:
        site.own_discharge.append(discharge)
    return StoragePart(charge=charge, discharge=discharge, energy=energy, choice=choice)
