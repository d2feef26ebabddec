"""Whether a measured column keeps the same time as the columns that explain it."""

import numpy as np

from hems.identification.room_record import Floats
from hems.site.finding import Finding

REACH_H = 12.0
SHIFT_STEP_H = 0.5
GAIN_MIN = 0.1  # share of the variance that a shift has to explain more than none
USABLE_MIN = 100


def apparent_shift_h(seen: Floats, drives: Floats, step_h: float, *, is_rate: bool) -> float:
    """The hours by which `seen` (n,) has to move (+ later) so that `drives` (n, m) explain it best; 0 when as it is.

    With `is_rate` the drives explain its change over half an hour (or a longer step), and its level counts as one of
    them.
    """
    width = max(1, round(SHIFT_STEP_H / step_h))
    reach = round(REACH_H / step_h / width)
    explained = {
        k * width: _explained(_moved(seen, k * width), drives, width, is_rate) for k in range(-reach, reach + 1)
    }
    best = max(explained, key=lambda moved: explained[moved])
    return best * step_h if explained[best] >= explained[0] + GAIN_MIN else 0.0


def clock_findings(where: str, shift_h: float) -> list[Finding]:
    """The finding about a column that seems to keep another time; none when it does not."""
    if shift_h == 0.0:
        return []
    early = "early" if shift_h > 0.0 else "late"
    return [
        Finding(
            where=where,
            wrong=f"fits the other columns best {shift_h:+g} h away: its clock seems {abs(shift_h):g} h {early}",
            remedy=f"check the time zones of the columns; --shift COLUMN={shift_h:g} moves it",
        )
    ]


def _moved(values: Floats, steps: int) -> Floats:
    """The values later by some steps (earlier when negative), NaN where there are none."""
    moved = np.full(len(values), np.nan)
    if steps >= 0:
        moved[steps:] = values[: len(values) - steps]
    else:
        moved[:steps] = values[-steps:]
    return moved


def _explained(seen: Floats, drives: Floats, width: int, is_rate: bool) -> float:
    """Share of the variance of `seen` that its least-squares fit explains."""
    if is_rate:
        kernel = np.ones(width) / width
        means = np.column_stack([np.convolve(column, kernel, "full")[: len(column)] for column in drives.T])
        columns = np.column_stack([seen[:-width], means[width:], np.ones(len(seen) - width)])
        target = seen[width:] - seen[:-width]
    else:
        columns, target = np.column_stack([drives, np.ones(len(seen))]), seen
    known = ~np.isnan(columns).any(axis=1) & ~np.isnan(target)
    if np.count_nonzero(known) < USABLE_MIN:
        return 0.0
    columns, target = columns[known], target[known]
    variance = float(target.var())
    if variance <= 0.0:
        return 0.0
    left = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    return 1.0 - float(left.var()) / variance
