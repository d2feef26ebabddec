"""RoomRecord: what was measured in a room, on a regular grid of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# coefficient of a driver -> its unit; the driver is in the unit that makes the product kW
GAIN_UNITS = {
    "gain_kw": "kW",
    "solar_aperture_m2": "m2",
    "occupant_kw": "kW per person",
    "appliance_share": "kW per kW",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRecord:
    """Columns (n,) of steps of `step_h` from `start_s` on, NaN where nothing was measured.

    `temp_c` is the room's temperature at the end of a step, everything else a mean over the step: `outdoor_temp_c`,
    `heat_kw` (thermal, + into the room, cooling negative), `drivers` by the name of the gain they cause (irradiance
    in kW/m2 for `solar_aperture_m2`, persons for `occupant_kw`, kW for `appliance_share`), `setpoint_c` None when it
    is not known.
    """

    start_s: int
    step_h: float
    temp_c: Floats
    outdoor_temp_c: Floats
    heat_kw: Floats
    drivers: Mapping[str, Floats] = field(default_factory=dict)
    setpoint_c: Floats | None = None

    def __len__(self) -> int:
        """Number of steps n."""
        return len(self.temp_c)

    @property
    def hour_of_day(self) -> npt.NDArray[np.int64]:
        """Hour of the day in UTC of each step, (n,)."""
        return ((self.start_s + np.round(np.arange(len(self)) * self.step_h * 3600.0)) % 86_400 // 3600).astype(int)

    def part(self, first: int, end: int) -> RoomRecord:
        """The steps from `first` to before `end`."""
        cut = slice(first, end)
        return replace(
            self,
            start_s=self.start_s + round(first * self.step_h * 3600.0),
            temp_c=self.temp_c[cut],
            outdoor_temp_c=self.outdoor_temp_c[cut],
            heat_kw=self.heat_kw[cut],
            drivers={name: values[cut] for name, values in self.drivers.items()},
            setpoint_c=None if self.setpoint_c is None else self.setpoint_c[cut],
        )

    def without(self, name: str) -> RoomRecord:
        """The record without one driver."""
        return replace(self, drivers={key: values for key, values in self.drivers.items() if key != name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """What a filter runs over: `drives` (n, m) are outdoor temperature, heat, 1 and the record's drivers.

    At a restart the state is not known from before (first step, or a driver is missing): it begins anew at the
    measured temperature.
    """

    temp_c: Floats
    drives: Floats
    restarts: Bools
    step_h: float

    @property
    def usable(self) -> int:
        """Steps whose temperature can be compared with a prediction."""
        return int(np.count_nonzero(~self.restarts & ~np.isnan(self.temp_c)))


def transitions(record: RoomRecord) -> Transitions:
    """The transitions of a record: gaps in the temperature are bridged, gaps in a driver restart the state."""
    drives = np.column_stack([record.outdoor_temp_c, record.heat_kw, np.ones(len(record)), *record.drivers.values()])
    is_missing: Bools = np.isnan(drives.sum(axis=1))
    measured = ~np.isnan(record.temp_c)
    restarts = np.zeros(len(record), dtype=bool)
    is_known = False
    for k, (missing, seen) in enumerate(zip(is_missing.tolist(), measured.tolist(), strict=True)):
        if missing or not is_known:
            restarts[k], is_known = True, seen
    return Transitions(
        temp_c=record.temp_c,
        drives=np.where(is_missing[:, None], 0.0, drives),
        restarts=restarts,
        step_h=record.step_h,
    )
