"""Combined heat and power in the program: electricity given, fuel paid, heat handed to what it feeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Chp
from hems.planning.model.arrays import Ints
from hems.planning.model.on_off import Cycling, add_cycling
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChpPart:
    """Columns of the power given and, for a machine with a minimum, its on/off columns."""

    given: Flow
    on: Ints | None = None

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], never positive, shape (slots,)."""
        power = np.zeros(slots)
        power[self.given.slots] = -x[self.given.columns]
        return power


def add_chp(site: SiteRows, device: Chp) -> ChpPart:
    """Columns and rows of a machine that makes heat and power."""
    cost = site.slot_h / device.electrical_efficiency * device.fuel_price_per_kwh
    columns = site.model.columns(site.slots, upper=device.electric_kw_max, cost=cost, tie=site.early)
    given = Flow(columns=columns, slots=np.arange(site.slots))
    site.feed(given)
    site.generated.append(given)
    site.supplied.append(given)
    if device.feeds is not None:
        site.heat.setdefault(device.feeds, []).append((given, device.heat_per_electric))
        most_kw = device.electric_kw_max * device.heat_per_electric
        site.heat_kw_max[device.feeds] = site.heat_kw_max.get(device.feeds, 0.0) + most_kw
    if device.electric_kw_min <= 0.0:
        return ChpPart(given=given)
    limits = Cycling(
        kw_min=device.electric_kw_min,
        kw_max=device.electric_kw_max,
        min_on_slots=device.min_on_slots,
        min_off_slots=device.min_off_slots,
        initial_on_slots=device.initial_on_slots,
        initial_off_slots=device.initial_off_slots,
    )
    return ChpPart(given=given, on=add_cycling(site, columns, limits))
