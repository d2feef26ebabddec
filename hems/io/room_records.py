"""Records of rooms for identification, from the columns of measured files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hems.identification.grid import Grid, ends_on_grid, means_on_grid, sample_step_s
from hems.identification.lighting_record import LightingRecord
from hems.identification.room_record import Floats, RoomRecord
from hems.io.measured_file import Measured, MeasuredFileError, column_names, read_measured
from hems.site.finding import Finding

NONE = "none"
STEPS_MAX = 400_000

# role -> columns that are taken when none is named, the first that exists
USUAL: Mapping[str, Sequence[str]] = {
    "temp": ("indoor_temp_c", "air_temp_c", "temp_c"),
    "outdoor": ("outdoor_temp_c", "temp_air_c"),
    "heating": ("heating_thermal_kw",),
    "cooling": ("cooling_thermal_kw",),
    "setpoint": ("temp_setpoint_c", "cooling_setpoint_c", "heating_setpoint_c"),
    "solar": ("ghi_w_m2", "dhi_w_m2"),
    "occupants": ("occupant_count",),
    "appliances": ("other_load_kw", "plug_kw"),
    "lux": ("illuminance_lux", "light_lux"),
    "lamp": ("lighting_kw",),
    "daylight": ("ghi_w_m2", "daylight_lux"),
}

# gain -> the role of what causes it, and what makes the driver's unit of the column's
DRIVERS = {
    "solar_aperture_m2": ("solar", 1e-3),
    "occupant_kw": ("occupants", 1.0),
    "appliance_share": ("appliances", 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where columns come from: the room's file, rows of it, a file of weather (or None), and what to do with them.

    `names` of columns by role (USUAL; `none`: leave it out), `shift_h` by column [h, + later], `every_min` the step
    (None: as in the room's file).
    """

    path: Path
    where: Mapping[str, str] = field(default_factory=dict)
    weather: Path | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    shift_h: Mapping[str, float] = field(default_factory=dict)
    every_min: float | None = None


class RoomColumns:
    """The columns of a source by role, on one grid. Raises MeasuredFileError when one is missing or unusable."""

    def __init__(self, source: Source, roles: Sequence[str], required: Sequence[str]) -> None:
        self.source = source
        self.used = self._chosen(roles, required)
        self._measured = self._read()
        times_s = self._measured[source.path].times_s
        step_s = sample_step_s(times_s) if source.every_min is None else max(1, round(60 * source.every_min))
        start_s = int(times_s[0]) - int(times_s[0]) % step_s
        self.grid = Grid(start_s=start_s, step_s=step_s, count=(int(times_s[-1]) - start_s) // step_s + 1)
        if self.grid.count > STEPS_MAX:
            wrong = f"spans {self.grid.count:,} steps of {step_s} s"
            raise MeasuredFileError(
                str(source.path),
                [Finding(where="(whole file)", wrong=wrong, remedy="give --every-min 15, or less time")],
            )
        unknown = [
            name for name in source.shift_h if name not in {n for _, names in self.used.values() for n in names}
        ]
        if unknown:
            finding = Finding(where=f"column {unknown[0]}", wrong="is shifted but not used", remedy="correct --shift")
            raise MeasuredFileError(str(source.path), [finding])

    @property
    def step_h(self) -> float:
        """Length of a step [h]."""
        return self.grid.step_s / 3600.0

    def mean(self, role: str) -> Floats | None:
        """The mean of a role's columns per step, several (a+b) added; None when it has none."""
        if role not in self.used:
            return None
        path, names = self.used[role]
        return np.asarray(sum(means_on_grid(self._times(path, n), self._values(path, n), self.grid) for n in names))

    def end(self, role: str) -> Floats:
        """A role's column at the end of each step."""
        path, (name, *_) = self.used[role]
        return ends_on_grid(self._times(path, name), self._values(path, name), self.grid)

    def label(self, role: str) -> str:
        """How messages name a role: its column, or the option that names one."""
        return f"column {'+'.join(self.used[role][1])}" if role in self.used else f"--{role}"

    def _chosen(self, roles: Sequence[str], required: Sequence[str]) -> dict[str, tuple[Path, list[str]]]:
        headers = {path: column_names(path) for path in (self.source.path, self.source.weather) if path is not None}
        chosen = {}
        for role in roles:
            named = self.source.names.get(role)
            options = [[name] for name in USUAL[role]] if named is None else [named.split("+")]
            found = [(path, o) for o in options for path, header in headers.items() if set(o) <= set(header)]
            if found and named != NONE:
                chosen[role] = found[0]
            elif role in required or named not in (None, NONE):
                missing = " or ".join("+".join(option) for option in options)
                wrong = "is needed" if named == NONE else f"no column {missing}"
                there = ", ".join(dict.fromkeys(name for header in headers.values() for name in header))
                finding = Finding(where=f"--{role}", wrong=wrong, remedy=f"name one with --{role}; there are {there}")
                raise MeasuredFileError(str(self.source.path), [finding])
        return chosen

    def _read(self) -> dict[Path, Measured]:
        read = {}
        for path in dict.fromkeys([self.source.path, *(path for path, _ in self.used.values())]):
            wanted = list(dict.fromkeys(n for p, names in self.used.values() if p == path for n in names))
            read[path] = read_measured(path, wanted, self.source.where if path == self.source.path else {})
        return read

    def _times(self, path: Path, name: str) -> "np.typing.NDArray[np.int64]":
        return self._measured[path].times_s + round(3600.0 * self.source.shift_h.get(name, 0.0))

    def _values(self, path: Path, name: str) -> Floats:
        return self._measured[path].columns[name]


def room_record(columns: RoomColumns, *, heating_factor: float, cooling_factor: float) -> RoomRecord:
    """The record of a room; the factors make thermal kW of what the power columns hold (cop, kWh per 5 min: 12)."""
    heating, cooling = columns.mean("heating"), columns.mean("cooling")
    nothing = np.zeros(columns.grid.count)
    heat_kw = (nothing if heating is None else heating_factor * heating) - (
        nothing if cooling is None else cooling_factor * cooling
    )
    outdoor = columns.mean("outdoor")
    assert outdoor is not None
    found = {name: (columns.mean(role), scale) for name, (role, scale) in DRIVERS.items()}
    drivers = {name: values * scale for name, (values, scale) in found.items() if values is not None}
    return RoomRecord(
        start_s=columns.grid.start_s,
        step_h=columns.step_h,
        temp_c=columns.end("temp"),
        outdoor_temp_c=outdoor,
        heat_kw=heat_kw,
        drivers=drivers,
        setpoint_c=columns.mean("setpoint"),
    )


def lighting_record(columns: RoomColumns, *, rated_kw: float | None) -> LightingRecord:
    """The record of a room's light."""
    lux, lamp_kw, daylight = columns.mean("lux"), columns.mean("lamp"), columns.mean("daylight")
    assert lux is not None and lamp_kw is not None
    unit = "lux" if daylight is not None and columns.used["daylight"][1][0].endswith("lux") else "W/m2"
    return LightingRecord(
        start_s=columns.grid.start_s,
        step_h=columns.step_h,
        illuminance_lux=lux,
        lamp_kw=lamp_kw,
        daylight=daylight,
        daylight_unit=unit,
        rated_kw=rated_kw,
    )
