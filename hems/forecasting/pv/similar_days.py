"""Similar days: paths of clearness that followed a sky like the one of now, with their weights.

A candidate is the same time of day so many days ago. It counts the more the more recent it is, the closer the
clearness of its last day, of the day before and, for the next hours, of its last hour is to that of now. What
followed is moved by a fading part of the difference of the last hour.
"""

from __future__ import annotations

import numpy as np

from hems.forecasting.pv.clearness import Clearness
from hems.forecasting.series import FloatArray, IntArray
from hems.forecasting.weighted_paths import Paths

CANDIDATE_DAYS = 90
RECENCY_DAYS = 30.0  # e-folding of age
DAY_WIDTH, DAY_BEFORE_WIDTH = 0.15, 0.30  # e-folding of how far the clearness is off
HOURS_WIDTH = 0.1
HOURS = 1
CARRIED = 0.7  # of how far the last hour's clearness is from a candidate's is added to what followed it
CARRIED_FADE_H = 3.0
HOURS_FADE_H = 6.0  # what the last hours looked like is forgotten over so many hours
DAYS_FADE_H = 36.0  # and what the last days did
FADE_FROM_H = 24.0
NEAR_WEIGHT = 0.7  # of the clearness an hour earlier and later on the same day


def similar_paths(sky: Clearness, n: int) -> Paths:
    """What followed the candidates over `n` slots, newest candidate first; no rows without two days."""
    per_day, issue = sky.slots_per_day, len(sky.share)
    ages = np.arange(1, min(CANDIDATE_DAYS, issue // per_day - 2) + 1)
    origins: IntArray = issue - ages * per_day
    lead = np.arange(n)
    slots = origins[:, None] + lead[None, :]
    share = np.concatenate([sky.share, np.full(n + per_day, np.nan)])[slots]
    known = (slots < issue) & ~np.isnan(share)
    lead_h = (lead + 0.5) * 24.0 / per_day
    hour = _differences(sky, origins, HOURS * per_day // 24, 0)
    share = np.maximum(share - CARRIED * hour[:, None] * np.exp(-lead_h / CARRIED_FADE_H), 0.0)
    weights = _likeness(sky, origins, hour, lead_h) * np.exp(-ages / RECENCY_DAYS)[:, None]
    return Paths(values=np.where(known, share, 0.0), weights=np.where(known, weights, 0.0))


def with_neighbours(paths: Paths, slots_per_day: int) -> Paths:
    """The paths and themselves an hour earlier and later: more values to take quantiles of."""
    shift = max(1, slots_per_day // 24)
    values, weights = [paths.values], [paths.weights]
    for step in (-shift, shift):
        moved, weight = np.roll(paths.values, step, axis=1), np.roll(paths.weights, step, axis=1)
        edge = slice(step, None) if step < 0 else slice(0, step)
        weight[:, edge] = 0.0
        values.append(moved)
        weights.append(NEAR_WEIGHT * weight)
    return Paths(values=np.concatenate(values), weights=np.concatenate(weights))


def _differences(sky: Clearness, origins: IntArray, length: int, back: int) -> FloatArray:
    """How much clearer the `length` slots that end `back` slots before each origin were than those of now, (k,).

    Zero where either was dark.
    """
    power = np.concatenate([[0.0], np.cumsum(sky.power_kw)])
    seen = np.concatenate([[0.0], np.cumsum(sky.seen_kw)])
    ends = np.append(origins, len(sky.share)) - back
    starts = np.maximum(ends - length, 0)
    light = seen[ends] - seen[starts]
    mean = (power[ends] - power[starts]) / np.maximum(light, 1e-9)
    lit = light > sky.floor_kw * length
    return np.asarray(np.where(lit[:-1] & lit[-1], mean[:-1] - mean[-1], 0.0))


def _likeness(sky: Clearness, origins: IntArray, hour: FloatArray, lead_h: FloatArray) -> FloatArray:
    """Weight of each candidate for each lead by how like its sky was to that of now, (k, n)."""
    per_day = sky.slots_per_day
    day = np.abs(_differences(sky, origins, per_day, 0)) / DAY_WIDTH
    day_before = np.abs(_differences(sky, origins, per_day, per_day)) / DAY_BEFORE_WIDTH
    fade_days = np.exp(-np.maximum(lead_h - FADE_FROM_H, 0.0) / DAYS_FADE_H)
    fade_hours = np.exp(-lead_h / HOURS_FADE_H)
    near = np.minimum(np.abs(hour)[:, None] / HOURS_WIDTH * fade_hours[None, :], 12.0)
    return np.exp(-(day + day_before)[:, None] * fade_days[None, :] - near)
