"""Loads and lamps in the program: power wanted less what is given up, in two steps (priced comfort, then need)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Lighting, Load
from hems.planning.model.arrays import Rank
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedPart:
    """Power wanted (n,) and the columns that lower it."""

    full_kw: Floats
    given_up: tuple[Flow, ...]

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], shape (slots,)."""
        power = self.full_kw.copy()
        for flow in self.given_up:
            power[flow.slots] -= x[flow.columns]
        return np.asarray(np.maximum(power, 0.0))


def add_shed(site: SiteRows, device: Load | Lighting) -> ShedPart:
    """Columns of the power given up: above the floor its discomfort is paid, below it is lost load, by need only."""
    full, floor = device.full_kw(), device.floor_kw()
    slots = np.flatnonzero(full > floor)
    cost = device.discomfort_per_kwh * site.slot_h
    paid = Flow(columns=site.model.columns(len(slots), upper=(full - floor)[slots], cost=cost), slots=slots)
    need = np.flatnonzero(site.short & (floor > 0.0))
    cost = site.lost_load_value_per_kwh * site.slot_h
    lost = Flow(
        columns=site.model.columns(len(need), upper=floor[need], cost=cost, rank=Rank.SERVED, weight=site.slot_h),
        slots=need,
    )
    for flow in (paid, lost):
        site.feed(flow)
        site.given_up.append(flow)
    site.base_kw += full
    return ShedPart(full_kw=full, given_up=(paid, lost))
