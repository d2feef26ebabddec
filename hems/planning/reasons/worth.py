"""Worth of an action over a run of slots, in currency, at the marginal prices of the plan."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Chp, Device, Lighting, Load, Pv

Floats = NDArray[np.float64]


def worth(device: Device, power_kw: Floats, price: Floats, *, first: int, slot_h: float, mean_price: float) -> float:
    """Currency gained by what `device` does from slot `first` on; `power_kw` and `price` are those of the run.

    Storage, cars, rooms and programmes: against moving the same energy at `mean_price`. Generation: its value, less
    the fuel of a machine (heat not counted). Loads and lamps: the energy saved less the discomfort of giving it up.
    """
    inside = slice(first, first + len(power_kw))
    match device:
        case Pv():
            return -slot_h * float(power_kw @ price)
        case Chp():
            fuel = device.fuel_price_per_kwh[inside] / device.electrical_efficiency
            return -slot_h * float(power_kw @ (price - fuel))
        case Load() | Lighting():
            given_up_kw = device.full_kw()[inside] - power_kw
            return slot_h * float(given_up_kw @ (price - device.discomfort_per_kwh))
        case _:
            return slot_h * float(power_kw @ (mean_price - price))
