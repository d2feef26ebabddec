"""Forced powers: what people want a device to do in the first slots of a plan, whatever it costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Weight of a forced kWh that is not followed among the wishes, where 1 kWh counts as 1 K: what somebody asks for now
# comes before what he once wished for.
FORCED_WEIGHT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """Power of a device [kW, + into it] in slots 0 to m-1, shape (m,); later slots are free. A wish above all others
    but load served: limits of the device and of the connection stay hard."""

    device: str
    power_kw: Floats


def missed_kwh(forced: Forced, power_kw: Floats, slot_h: float) -> Floats:
    """By how much a planned power (n,) differs from what was asked for in the forced slots [kWh], shape (m,)."""
    return np.asarray(np.abs(power_kw[: len(forced.power_kw)] - forced.power_kw) * slot_h)
