"""How the temperature of a room or a tank moves from slot to slot."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Tank, Zone

Floats = NDArray[np.float64]

KWH_PER_LITRE_K = 0.001163  # heat capacity of water
AIR_KWH_PER_M3_K = 1.2 * 1.006 / 3600.0  # heat capacity of air: 1.2 kg/m3 at 1.006 kJ/(kg K)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamics:
    """`T[k] = keep[k] * T[k-1] + given_k[k] + k_per_kwh * heat[k]` from `initial_c` on; arrays (n,)."""

    initial_c: float
    keep: Floats
    given_k: Floats
    k_per_kwh: float

    def next_c(self, temp_c: float, slot: int, heat_kwh: float) -> float:
        """Temperature at the end of a slot that began at `temp_c` and was given some heat [C]."""
        return float(self.keep[slot]) * temp_c + float(self.given_k[slot]) + self.k_per_kwh * heat_kwh


def zone_dynamics(device: Zone, slot_h: float) -> Dynamics:
    """How the temperature of a zone moves (explicit 1R1C step); outdoor air adds to the loss of its slot."""
    per_kwh = 1.0 / device.thermal_capacity_kwh_per_k
    loss_kw_per_k = np.full(len(device.cop), 1.0 / device.thermal_resistance_k_per_kw)
    if device.outdoor_air_m3_per_h is not None:
        loss_kw_per_k = loss_kw_per_k + AIR_KWH_PER_M3_K * device.outdoor_air_m3_per_h
    leak = slot_h * per_kwh * loss_kw_per_k
    return Dynamics(
        initial_c=device.temp_initial_c,
        keep=1.0 - leak,
        given_k=leak * device.outdoor_temp_c + slot_h * per_kwh * device.gain_kw,
        k_per_kwh=per_kwh,
    )


def tank_dynamics(device: Tank, slot_h: float) -> Dynamics:
    """How the temperature of a tank moves."""
    per_kwh = 1.0 / (device.volume_l * KWH_PER_LITRE_K)
    leak = slot_h * per_kwh * device.loss_kw_per_k
    return Dynamics(
        initial_c=device.temp_initial_c,
        keep=np.full(len(device.ambient_c), 1.0 - leak),
        given_k=leak * device.ambient_c - per_kwh * device.draw_kwh,
        k_per_kwh=per_kwh,
    )
