"""Weather forecasts from a CSV that someone else keeps writing: one row per issue and hour.

Columns: `issued_utc, time_utc` (start of the step), `temp_c, ghi_w_m2, dni_w_m2, dhi_w_m2`; an empty cell where
nothing was said.
"""

import csv
import gzip
from pathlib import Path

import numpy as np

from hems.control.weather_watch import WeatherUnavailable
from hems.forecasting.weather import WeatherForecast, as_issued
from wire.slots import parse_utc

COLUMNS = ("temp_c", "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
ROWS_MAX = 500_000
Rows = dict[int, dict[int, list[float]]]


class FileWeather:
    """Reads the file anew when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = (-1, -1)
        self._forecasts: list[WeatherForecast] = []

    async def forecast(self, now_s: int) -> WeatherForecast | None:
        """The newest forecast of the file that was issued by `now_s`; later ones are not looked at.

        Raises: WeatherUnavailable.
        """
        try:
            state = self._path.stat()
            if (state.st_mtime_ns, state.st_size) != self._read_at:
                self._forecasts = read_forecasts(self._path)
                self._read_at = (state.st_mtime_ns, state.st_size)
        except OSError as error:
            raise WeatherUnavailable(f"{self._path}: cannot be read: {error.strerror or error}") from error
        return as_issued(self._forecasts, now_s)


def read_forecasts(path: Path) -> list[WeatherForecast]:
    """All forecasts of a file, gzip or not, by time of issue.

    Raises: WeatherUnavailable naming the line; OSError.
    """
    issues: Rows = {}
    line = 1
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as rows:
            for line, row in enumerate(csv.DictReader(rows), start=2):
                numbers = [float(row[name]) if row.get(name) else np.nan for name in COLUMNS]
                issues.setdefault(parse_utc(row["issued_utc"]), {})[parse_utc(row["time_utc"])] = numbers
                if line > ROWS_MAX:
                    raise ValueError(f"more than {ROWS_MAX:,} rows")
    except (KeyError, TypeError, ValueError, EOFError, csv.Error) as error:
        needed = ", ".join(("issued_utc", "time_utc", *COLUMNS))
        raise WeatherUnavailable(f"{path}: line {line}: needs {needed} ({error})") from error
    return [_forecast(path, issued_s, steps) for issued_s, steps in sorted(issues.items()) if len(steps) > 1]


def _forecast(path: Path, issued_s: int, steps: dict[int, list[float]]) -> WeatherForecast:
    """The forecast of one issue; hours that were left out are NaN."""
    times = np.array(sorted(steps))
    step_s = int(np.diff(times).min())
    if step_s not in (900, 1800, 3600, 10_800) or np.any(np.diff(times) % step_s != 0):
        raise WeatherUnavailable(
            f"{path}: times of issue {issued_s} are not a quarter, half, one or three hours apart"
        )
    n = int((times[-1] - times[0]) // step_s) + 1
    values = np.full((n, len(COLUMNS)), np.nan)
    values[(times - times[0]) // step_s] = [steps[int(time)] for time in times]
    temp_c, ghi, dni, dhi = values.T
    return WeatherForecast(
        issued_s=issued_s,
        start_s=int(times[0]),
        step_s=step_s,
        temp_c=temp_c,
        ghi_w_m2=ghi,
        dni_w_m2=dni,
        dhi_w_m2=dhi,
    )
