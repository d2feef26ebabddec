"""Issued forecasts: what the models expected at each slot, so that their errors can show how today may go on.

The error of a path is taken whole, load and generation together: it keeps how errors hang together over the day.
Source: Clark et al. 2004, J. Hydrometeorology 5, 243 (the Schaake shuffle: paths of the past give the order in time),
doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.forecasting.series import DAY_S, FloatArray, Series

KEEP_DAYS = 28
NEAR_HOURS = 1  # on both sides that count as the same time of day
MINUTE_HOURS = 2  # the same where only this minute of the hour counts
UNLIKE = 10.0  # times the median size of the others
LEAST_ALIKE = 8
HOUR_S = 3600
LEAST_DAYS = 5  # fewer days do not show how wrong a forecast can be

Small = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Load and generation expected from `start_s` on [kW], each (n,)."""

    start_s: int
    load_kw: Small
    pv_kw: Small

    @staticmethod
    def of(start_s: int, load_kw: FloatArray, pv_kw: FloatArray) -> "Path":
        """A path in the precision that it is remembered with."""
        return Path(start_s=start_s, load_kw=load_kw.astype(np.float32), pv_kw=pv_kw.astype(np.float32))

    def packed(self) -> bytes:
        """The path as bytes, start left out."""
        return np.stack([self.load_kw, self.pv_kw]).tobytes()

    @staticmethod
    def unpacked(start_s: int, blob: bytes) -> "Path":
        """The path of some bytes. Raises: ValueError when they are none; leave it out then."""
        load, pv = np.frombuffer(blob, dtype=np.float32).reshape(2, -1)
        return Path(start_s=start_s, load_kw=load, pv_kw=pv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured of load and generation."""

    load: Series
    pv: Series


class IssuedPaths:
    """The paths of the last weeks by the slot that they start in."""

    def __init__(self) -> None:
        self._paths: dict[int, Path] = {}
        self._planned_kw: dict[int, float] = {}  # after a restart the paths alone are known

    def add(self, path: Path) -> None:
        """Remembers a path; one for the same start replaces it, and old ones are forgotten."""
        self._paths.pop(path.start_s, None)
        self._paths[path.start_s] = path
        for start_s in [s for s in self._paths if s < path.start_s - KEEP_DAYS * DAY_S]:
            del self._paths[start_s]

    def at(self, start_s: int) -> Path | None:
        """The path that starts at a moment."""
        return self._paths.get(start_s)

    def paths(self) -> tuple[Path, ...]:
        """What is remembered, the path added last at the end."""
        return tuple(self._paths.values())

    def at_this_minute(self, start_s: int) -> Iterator[Path]:
        """The paths of the last weeks that began at the same minute of an hour, the newest first."""
        for back in range(1, KEEP_DAYS * DAY_S // HOUR_S + 1):
            path = self._paths.get(start_s - back * HOUR_S)
            if path is not None:
                yield path

    def plan_on(self, start_s: int, net_kw: float) -> None:
        """Remembers the net load that the slot from a moment on was planned with, all corrections in it [kW]."""
        self._planned_kw[start_s] = net_kw
        for old_s in [s for s in self._planned_kw if s < start_s - KEEP_DAYS * DAY_S]:
            del self._planned_kw[old_s]

    def first_errors_kw(self, start_s: int, measured: Measured, *, going_on: float = 0.0) -> FloatArray:
        """Net load of next slots like this one, measured less planned with (m,) [kW].

        Those are the slots of the last hour, and of each day an hour before to an hour after this time of day. Where
        this minute of the hour is unlike the others it counts alone, for more hours. `going_on` is how much of the
        slot before is in what is planned at this minute now (0..1): earlier slots count as if it had been then.
        """
        around = _around(start_s, NEAR_HOURS * HOUR_S, measured.load.slot_s)
        at_minute = _around(start_s, MINUTE_HOURS * HOUR_S, HOUR_S)
        if going_on:
            return self._errors_kw(at_minute, measured, going_on)
        errors, same = self._errors_kw(around, measured), self._errors_kw(at_minute, measured)
        others = self._errors_kw([s for s in around if (s - start_s) % HOUR_S], measured)
        is_like = min(len(same), len(others)) < LEAST_ALIKE or _alike(same, others)
        return errors if is_like else same

    def _errors_kw(self, starts: Sequence[int], measured: Measured, going_on: float = 0.0) -> FloatArray:
        found = [self._first_error_kw(start_s, measured, going_on) for start_s in starts]
        return np.array([error for error in found if not np.isnan(error)])

    def _first_error_kw(self, start_s: int, measured: Measured, going_on: float) -> float:
        path = self._paths.get(start_s)
        if path is None:
            return np.nan
        planned_kw = self._planned_kw.get(start_s, float(path.load_kw[0] - path.pv_kw[0]))
        came_kw = _net_at(measured, start_s)
        if not going_on:
            return came_kw - planned_kw
        before_kw = _net_at(measured, start_s - measured.load.slot_s)
        return came_kw - (1.0 - going_on) * planned_kw - going_on * before_kw

    def ways_on(self, now: Path, measured: Measured) -> tuple[FloatArray, FloatArray]:
        """Load and generation [kW], each (days, n): `now` with the errors of each earlier day at this time of day.

        Slots that are not measured yet count as no error. No ways when there are fewer than LEAST_DAYS days.
        """
        earlier = [self._paths.get(now.start_s - days * DAY_S) for days in range(1, KEEP_DAYS + 1)]
        known = [path for path in earlier if path is not None]
        n = len(now.load_kw)
        if len(known) < LEAST_DAYS:
            return np.zeros((0, n)), np.zeros((0, n))
        load = np.stack([_error(path.load_kw, path.start_s, measured.load, n) for path in known])
        pv = np.stack([_error(path.pv_kw, path.start_s, measured.pv, n) for path in known])
        dark = now.pv_kw <= 0.0
        return np.maximum(now.load_kw + load, 0.0), np.where(dark, 0.0, np.maximum(now.pv_kw + pv, 0.0))


def _around(start_s: int, reach_s: int, step_s: int) -> list[int]:
    """Starts of slots before this one, and at its time of day on earlier days, within a reach."""
    steps = reach_s // step_s
    days = [start_s - day * DAY_S + step_s * k for day in range(KEEP_DAYS, 0, -1) for k in range(-steps, steps + 1)]
    return sorted({*days, *(start_s - step_s * k for k in range(1, steps + 1))})


def _alike(errors: FloatArray, others: FloatArray) -> bool:
    """Whether two sets of errors are mostly of one size."""
    one, two = float(np.median(np.abs(errors))), float(np.median(np.abs(others)))
    return max(one, two) <= UNLIKE * min(one, two)


def _net_at(measured: Measured, start_s: int) -> float:
    return _at(measured.load, start_s) - _at(measured.pv, start_s)


def _at(series: Series, start_s: int) -> float:
    """The value of the slot that starts at a moment, NaN where there is none."""
    place = (start_s - series.start_epoch_s) // series.slot_s
    return float(series.values_kw[place]) if 0 <= place < len(series.values_kw) else np.nan


def _error(expected_kw: Small, start_s: int, measured: Series, n: int) -> FloatArray:
    """Measured less expected (n,) [kW], 0 where either is not known."""
    error = np.zeros(n)
    first = (start_s - measured.start_epoch_s) // measured.slot_s
    at = np.arange(first, first + min(n, len(expected_kw)))
    known = (at >= 0) & (at < len(measured.values_kw))
    difference = measured.values_kw[at[known]] - expected_kw[: len(at)][known]
    error[: len(at)][known] = np.nan_to_num(difference)
    return error
