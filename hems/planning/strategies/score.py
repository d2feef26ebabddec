"""Score of a plan by what people pay and feel: money, energy, peak, temperature and light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Lighting, Zone
from hems.planning.plan import Plan
from hems.planning.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Sums over the horizon; `cost` is the objective of the plan, `discomfort` the part of it that nobody pays.

    `energy_kwh` is what rooms and lamps take, `end_c` the mean temperature of the rooms at the end.
    """

    cost: float
    discomfort: float
    energy_kwh: float
    peak_kw: float
    outside_k_h: float
    missing_lux_h: float
    end_c: float | None  # None: there is no room


def score(problem: Problem, plan: Plan) -> Score:
    """What a plan of the problem costs and gives."""
    energy, discomfort, outside, missing, ends = 0.0, 0.0, 0.0, 0.0, []
    for device in problem.devices:
        made = plan.devices[device.id]
        if isinstance(device, Zone) and made.state is not None:
            k_h = problem.slot_h * float(outside_k(device, made.state).sum())
            outside += k_h
            discomfort += (device.discomfort_per_k_hour or 0.0) * k_h
            energy += problem.slot_h * float(made.power_kw.sum())
            ends.append(float(made.state[-1]))
        if isinstance(device, Lighting):
            missing += problem.slot_h * float(missing_lux(device, made.power_kw).sum())
            energy += problem.slot_h * float(made.power_kw.sum())
            dimmed_kw = np.clip(device.full_kw() - made.power_kw, 0.0, device.full_kw() - device.floor_kw())
            discomfort += device.discomfort_per_kwh * problem.slot_h * float(dimmed_kw.sum())
    return Score(
        cost=plan.objective,
        discomfort=discomfort,
        energy_kwh=energy,
        peak_kw=max(0.0, float(plan.grid_kw.max())),
        outside_k_h=outside,
        missing_lux_h=missing,
        end_c=sum(ends) / len(ends) if ends else None,
    )


def outside_k(device: Zone, temp_c: Floats) -> Floats:
    """How far a temperature is outside the band [K], shape (n,)."""
    return np.maximum(0.0, device.temp_min_c - temp_c) + np.maximum(0.0, temp_c - device.temp_max_c)


def missing_lux(device: Lighting, power_kw: Floats) -> Floats:
    """What daylight and lamps leave of the required level [lux], shape (n,)."""
    lamps_lux = power_kw * (device.lux_at_rated / device.rated_kw) if device.rated_kw > 0.0 else 0.0 * power_kw
    return np.maximum(0.0, device.required_lux - device.daylight_lux - lamps_lux)
