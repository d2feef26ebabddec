"""The roof from its meter: planes, inverter limit and shade that give the upper envelope of what was measured.

Clouds only take away (but for short glints at their edges), so of every ten days the brightest at each time
of day is close to a clear sky. Planes are fitted to those by asymmetric least squares (expectiles, Newey &
Powell 1987, doi 10.2307/1911031): being above a point costs less than being below, since it may be cloudy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hems.forecasting.pv.array import (
    AZIMUTH_CELLS,
    ELEVATION_CELLS,
    Plane,
    PvArray,
    clear_kw,
    elevation_cell,
    instants,
    planes_kw,
    slot_means,
)
from hems.forecasting.pv.irradiance import clear_sky
from hems.forecasting.pv.place_fit import place_of
from hems.forecasting.pv.sun import Place, Sun, sun_at
from hems.forecasting.series import DAY_S, FloatArray, IntArray, Series, SeriesError

BLOCK_DAYS = 10
MIN_LIT_HOURS = 40  # five short days: below it the envelope of the last days is as good
MIN_SHARE = 0.02  # of the largest power: darker slots tell nothing about planes
ABOVE_COST = 0.15  # of an envelope above a point, relative to one below
TILTS_DEG = np.arange(0.0, 71.0, 10.0)
AZIMUTHS_DEG = np.arange(0.0, 360.0, 15.0)
FINE_DEG = (-7.5, -5.0, -2.5, 0.0, 2.5, 5.0, 7.5)
ROUNDS = 6
SECOND_PLANE_GAIN = 0.25  # of the squared error: below it one plane is the simpler truth
AZIMUTH_WIDTH_DEG, ELEVATION_WIDTH = 8.0, 0.7  # of the kernel that smooths the shade, cells of elevation
CLEAR_LEVEL = 0.7  # of the brightest points in a direction, as some of them were cloudy all the same
PRIOR_POINTS = 0.7  # how many points an open sky weighs where little is known
OPEN_SHARE_MAX = 1.3
LEVEL_DAYS = 21  # the brightest of these days tell how dusty and hot modules and air are now
LEVEL_FROM_SHARE = 0.4  # of the roof's largest power: brighter times of day count
LEVEL_MIN, LEVEL_MAX = 0.75, 1.2
LIMIT_SHARE, LIMIT_POINTS = 0.995, 0.06  # an inverter's limit: this many points this close to the largest power


@dataclass(frozen=True, slots=True, kw_only=True)
class Brightest:
    """The brightest slots: power (n,) [kW], instants (n * steps,) [s since 1970] and the sun at them."""

    power_kw: FloatArray
    epoch_s: FloatArray
    sun: Sun

    def response(self, tilt_deg: float, azimuth_deg: float) -> FloatArray:
        """What 1 kW of modules facing this way gives under a clear sky in each slot, (n,) [kW]."""
        plane = Plane(tilt_deg=tilt_deg, azimuth_deg=azimuth_deg, peak_kw=1.0)
        return slot_means(planes_kw((plane,), clear_sky(self.sun), self.sun, self.epoch_s), len(self.power_kw))


def fit_array(history: Series, *, utc_offset_s: int, place: Place | None = None) -> PvArray:
    """The roof whose clear-sky power is the upper envelope of `history` (generation >= 0).

    `place` is None when nobody told it: then day length and noon of the meter do. `utc_offset_s` [s] is that of
    the winter clock. Raises: SeriesError when there are less than 40 hours of generation.
    """
    bright = np.nanmax(history.values_kw, initial=0.0)
    lit_h = np.count_nonzero(history.values_kw > MIN_SHARE * bright) * history.slot_s / 3600
    if bright <= 0 or lit_h < MIN_LIT_HOURS:
        raise SeriesError(f"{lit_h:.0f} hours of generation: {MIN_LIT_HOURS} are needed to find the roof")
    where = place_of(history, utc_offset_s) if place is None else place
    points = _brightest(history, where)
    planes = _planes(points)
    limit_kw = _limit_kw(points, planes)
    share = _open_share(points, planes, limit_kw)
    found = PvArray(place=where, planes=planes, limit_kw=limit_kw, open_share=share)
    return replace(found, open_share=share * _recent_level(found, history))


def _recent_level(array: PvArray, history: Series) -> float:
    """Power of the brightest slots of the last weeks over that of the roof: dust, rain, heat and haze move it."""
    recent = history.since(history.end_epoch_s - LEVEL_DAYS * DAY_S)
    per_day, n = DAY_S // history.slot_s, len(recent.values_kw)
    days = n // per_day
    if days == 0:
        return 1.0
    expected = clear_kw(array, recent.start_epoch_s, recent.slot_s, n)[n - days * per_day :].reshape(days, per_day)
    measured = np.nan_to_num(recent.values_kw)[n - days * per_day :].reshape(days, per_day)
    use = expected.max(axis=0) > LEVEL_FROM_SHARE * expected.max()
    ratio = np.max(measured[:, use] / np.maximum(expected[:, use], 1e-9), axis=0)
    return float(np.clip(np.median(ratio), LEVEL_MIN, LEVEL_MAX)) if len(ratio) else 1.0


def _brightest(history: Series, place: Place) -> Brightest:
    """Of each block of days the slot with most power at each time of day (UTC)."""
    per_day = DAY_S // history.slot_s
    pad = -len(history.values_kw) % (per_day * BLOCK_DAYS)
    values = np.concatenate([np.full(pad, -1.0), np.nan_to_num(history.values_kw, nan=-1.0)])
    blocks = values.reshape(-1, BLOCK_DAYS, per_day)
    day = blocks.argmax(axis=1)
    power = blocks.max(axis=1)
    block, slot = np.nonzero(power > MIN_SHARE * values.max())
    first = (block * BLOCK_DAYS + day[block, slot]) * per_day + slot - pad
    starts: IntArray = history.start_epoch_s + history.slot_s * first
    offsets = instants(0, history.slot_s, 1)
    epoch_s = (starts[:, None] + offsets[None, :]).ravel()
    return Brightest(power_kw=power[block, slot], epoch_s=epoch_s, sun=sun_at(epoch_s, place))


def _planes(points: Brightest) -> tuple[Plane, ...]:
    """One plane, or two where they leave a quarter less squared error."""
    faces = [(tilt, azimuth) for tilt in TILTS_DEG for azimuth in (AZIMUTHS_DEG if tilt > 0 else (180.0,))]
    basis = np.stack([points.response(tilt, azimuth) for tilt, azimuth in faces])
    one = _refined(points, [faces[_best_single(basis, points.power_kw)]])
    two = _refined(points, [faces[k] for k in _best_pair(basis, points.power_kw)])
    chosen = two if two[1] < (1.0 - SECOND_PLANE_GAIN) * one[1] else one
    return chosen[0]


def _best_single(basis: FloatArray, power: FloatArray) -> int:
    """The response that alone has the least asymmetric loss."""
    peak = np.full(len(basis), power.max())
    for _ in range(ROUNDS):
        weights = np.where(power > peak[:, None] * basis, 1.0, ABOVE_COST)
        peak = (weights * basis * power).sum(axis=1) / np.maximum((weights * basis**2).sum(axis=1), 1e-12)
    error = power - peak[:, None] * basis
    return int(np.argmin((np.where(error > 0, 1.0, ABOVE_COST) * error**2).sum(axis=1)))


def _best_pair(basis: FloatArray, power: FloatArray) -> tuple[int, int]:
    """The two responses that together have the least squared error over all points."""
    gram, right = basis @ basis.T, basis @ power
    own = np.diag(gram)
    determinant = own[:, None] * own[None, :] - gram**2
    safe = np.where(determinant > 1e-9 * own[:, None] * own[None, :], determinant, np.inf)
    first = (right[:, None] * own[None, :] - right[None, :] * gram) / safe
    second = (right[None, :] * own[:, None] - right[:, None] * gram) / safe
    removed = np.where((first > 0) & (second > 0), first * right[:, None] + second * right[None, :], -np.inf)
    i, j = np.unravel_index(int(np.argmax(removed)), removed.shape)
    return int(i), int(j)


def _refined(points: Brightest, faces: list[tuple[float, float]]) -> tuple[tuple[Plane, ...], float]:
    """Planes near these faces with least loss, and the loss: one angle at a time, twice round."""
    best, loss = _fitted(points, faces)
    for _ in range(2):
        for place in range(len(faces)):
            for axis in (0, 1):
                for step in FINE_DEG:
                    tried = [list(face) for face in faces]
                    tried[place][axis] += step
                    tried[place][0] = min(max(tried[place][0], 0.0), 90.0)
                    planes, tried_loss = _fitted(points, [(tilt, azimuth % 360.0) for tilt, azimuth in tried])
                    if tried_loss < loss:
                        best, loss = planes, tried_loss
            faces = [(plane.tilt_deg, plane.azimuth_deg) for plane in best]
    return best, loss


def _fitted(points: Brightest, faces: list[tuple[float, float]]) -> tuple[tuple[Plane, ...], float]:
    """Peaks [kW] of planes facing these ways by asymmetric least squares, and the loss."""
    basis = np.stack([points.response(tilt, azimuth) for tilt, azimuth in faces])
    power = points.power_kw
    weights = np.ones(len(power))
    peaks = np.zeros(len(faces))
    for _ in range(ROUNDS):
        gram = (basis * weights) @ basis.T + 1e-9 * np.eye(len(faces))
        peaks = np.maximum(np.linalg.solve(gram, (basis * weights) @ power), 0.0)
        weights = np.where(power > peaks @ basis, 1.0, ABOVE_COST)
    loss = float((weights * (power - peaks @ basis) ** 2).sum())
    planes = tuple(
        Plane(tilt_deg=float(tilt), azimuth_deg=float(azimuth), peak_kw=float(peak))
        for (tilt, azimuth), peak in zip(faces, peaks, strict=True)
    )
    return planes, loss


def _limit_kw(points: Brightest, planes: tuple[Plane, ...]) -> float:
    """The inverter's limit [kW]: the largest power when many points lie right under it, else far above."""
    largest = float(points.power_kw.max())
    at_limit = np.count_nonzero(points.power_kw >= LIMIT_SHARE * largest) / len(points.power_kw)
    return largest if at_limit >= LIMIT_POINTS else 1.25 * largest


def _open_share(points: Brightest, planes: tuple[Plane, ...], limit_kw: float) -> FloatArray:
    """Light left by direction of the sun: a high quantile of measured over expected, smoothed over the sky."""
    n = len(points.power_kw)
    expected = slot_means(planes_kw(planes, clear_sky(points.sun), points.sun, points.epoch_s), n)
    middle = len(points.epoch_s) // n // 2
    sun = Sun(
        elevation=points.sun.elevation.reshape(n, -1)[:, middle],
        azimuth=points.sun.azimuth.reshape(n, -1)[:, middle],
    )
    use = (expected > MIN_SHARE * limit_kw) & (sun.elevation > 0)
    ratio = np.clip(points.power_kw[use] / expected[use], 0.0, OPEN_SHARE_MAX)
    apart_deg = np.degrees(sun.azimuth[use])[None, :] - (np.arange(AZIMUTH_CELLS)[:, None] + 0.5) * 10.0
    apart_deg = (apart_deg + 180.0) % 360.0 - 180.0
    rows = elevation_cell(sun)[use][None, :] - (np.arange(ELEVATION_CELLS)[:, None] + 0.5)
    near_azimuth = np.exp(-0.5 * (apart_deg / AZIMUTH_WIDTH_DEG) ** 2)
    near_row = np.exp(-0.5 * (rows / ELEVATION_WIDTH) ** 2)
    weights = near_azimuth[:, None, :] * near_row[None, :, :]
    return _high_quantile(ratio, weights)


def _high_quantile(ratio: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted quantile over the last axis, drawn to 1 where the weights are small."""
    order = np.argsort(ratio)
    share = np.cumsum(weights[..., order], axis=-1)
    total = share[..., -1]
    first = np.argmax(share >= CLEAR_LEVEL * total[..., None], axis=-1)
    return np.asarray((total * ratio[order][first] + PRIOR_POINTS) / (total + PRIOR_POINTS))
