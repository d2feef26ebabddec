"""Appliance: a programme that runs to its end once it is started."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """Power of each part of the programme [kW] and the length of a part [h]."""

    profile_kw: tuple[float, ...]
    part_h: float

    @property
    def duration_h(self) -> float:
        """Length of the programme [h]."""
        return len(self.profile_kw) * self.part_h


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceState:
    """Time since the start of the programme [h]; None: loaded, not started."""

    running_h: float | None = None


def finished(state: ApplianceState, appliance: Appliance) -> bool:
    """Whether the programme has run to its end."""
    return state.running_h is not None and state.running_h >= appliance.duration_h - 1e-9


def step(
    state: ApplianceState, commanded_kw: float, slot_h: float, appliance: Appliance
) -> tuple[ApplianceState, float]:
    """State and mean power of a slot. Any command above 0 starts it; after that commands change nothing."""
    if state.running_h is None and commanded_kw <= 0:
        return state, 0.0
    begin_h = state.running_h or 0.0
    used_kwh = energy_kwh(appliance, begin_h + slot_h) - energy_kwh(appliance, begin_h)
    return ApplianceState(running_h=begin_h + slot_h), used_kwh / slot_h


def energy_kwh(appliance: Appliance, running_h: float) -> float:
    """Energy taken in the first `running_h` hours of the programme [kWh]."""
    edges = np.arange(len(appliance.profile_kw) + 1) * appliance.part_h
    total = np.concatenate([[0.0], np.cumsum(appliance.profile_kw)]) * appliance.part_h
    return float(np.interp(running_h, edges, total))


def profile_per_slot(appliance: Appliance, slot_h: float) -> tuple[float, ...]:
    """The programme as mean power per slot [kW] of another length; the energy stays the same."""
    slots = int(np.ceil(appliance.duration_h / slot_h - 1e-9))
    ends = [energy_kwh(appliance, k * slot_h) for k in range(slots + 1)]
    return tuple((after - before) / slot_h for before, after in pairwise(ends))
