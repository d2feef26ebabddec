"""Measured samples on a regular grid of steps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.identification.room_record import Floats

Times = npt.NDArray[np.int64]

KNOWN_SHARE_MIN = 0.5  # of the samples of a step, for its mean to count


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`count` steps of `step_s` from `start_s` on [s since 1970]."""

    start_s: int
    step_s: int
    count: int

    def places(self, times_s: Times) -> Times:
        """The step of each time, outside 0..count-1 for times outside the grid."""
        return np.asarray((times_s - self.start_s) // self.step_s)


def sample_step_s(times_s: Times) -> int:
    """The usual distance of samples that are in order of time [s]; 3600 for a single one."""
    return max(1, round(float(np.median(np.diff(times_s))))) if len(times_s) > 1 else 3600


def means_on_grid(times_s: Times, values: Floats, grid: Grid) -> Floats:
    """The mean of each step (count,), NaN where less than half is known; a sample longer than a step holds on."""
    own_s = sample_step_s(times_s)
    if own_s > grid.step_s:
        return _held(times_s, values, own_s, grid)
    places = grid.places(times_s)
    use = (places >= 0) & (places < grid.count) & ~np.isnan(values)
    counts = np.bincount(places[use], minlength=grid.count)
    sums = np.bincount(places[use], weights=values[use], minlength=grid.count)
    is_known = counts >= max(1.0, KNOWN_SHARE_MIN * grid.step_s / own_s)
    return np.where(is_known, sums / np.maximum(counts, 1), np.nan)


def ends_on_grid(times_s: Times, values: Floats, grid: Grid) -> Floats:
    """The last sample of each step (count,), NaN where the step's second half has none."""
    places = grid.places(times_s)
    own_s = min(sample_step_s(times_s), grid.step_s)
    ends_at = times_s + own_s - (grid.start_s + places * grid.step_s)
    use = (places >= 0) & (places < grid.count) & ~np.isnan(values) & (2 * ends_at > grid.step_s)
    found = np.full(grid.count, np.nan)
    found[places[use]] = values[use]  # in order of time: the last one stays
    return found


def _held(times_s: Times, values: Floats, own_s: int, grid: Grid) -> Floats:
    steps_s = grid.start_s + grid.step_s * np.arange(grid.count)
    place = np.searchsorted(times_s, steps_s, side="right") - 1
    is_inside = (place >= 0) & (steps_s - times_s[place] < own_s)
    return np.where(is_inside, values[place], np.nan)
