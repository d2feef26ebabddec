"""Hydrogen in the program: a storage filled by an electrolyser and emptied by a fuel cell."""

import numpy as np

from hems.planning.device import Hydrogen
from hems.planning.model.site_rows import SiteRows
from hems.planning.model.storage import StoragePart, add_energy, add_flows, wish_at_least


def add_hydrogen(site: SiteRows, device: Hydrogen) -> StoragePart:
    """Columns and rows of electrolyser, store and fuel cell."""
    making, using = add_flows(
        site,
        np.arange(site.slots),
        charge_max=device.electrolyser_kw_max,
        discharge_max=device.fuel_cell_kw_max,
        wear_per_kwh=0.0,
    )
    energy = add_energy(
        site,
        making,
        using,
        into=device.electrolyser_efficiency,
        out_of=1.0 / device.fuel_cell_efficiency,
        initial_kwh=device.level_initial * device.capacity_kwh,
        low_kwh=0.0,
        high_kwh=device.capacity_kwh,
    )
    choice = site.either_or(device.id, making, using, device.electrolyser_kw_max, device.fuel_cell_kw_max)
    site.supplied.append(using)
    if device.level_final_min is not None:
        wish_at_least(site, energy[-1:], device.level_final_min * device.capacity_kwh)
    return StoragePart(charge=making, discharge=using, energy=energy, choice=choice)
