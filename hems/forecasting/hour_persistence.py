"""Persistence inside the hour: by how much the last measured slot tells the next ones of the same clock hour.

Clocks switch at full and half hours, and many meters tell one value for half an hour or an hour. So how far the last
slot goes on depends on the minute of the hour. For each lead that is left of the hour the forecast f becomes
``f + share * (last - f)``. The share is the least-squares one of the forecasts issued before at this minute, 0..1,
and 0 where it may be chance: persistence of the usual kind is in the forecast already.
"""

from dataclasses import dataclass, replace

import numpy as np

from hems.forecasting.issued import HOUR_S, IssuedPaths
from hems.forecasting.series import FloatArray, Forecast, Kind, Series

LEAST_CASES = 24  # forecasts of one lead: fewer show nothing
SURE = 16.0  # four standard errors of a share of 0, squared: what homes draw has long tails


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """The last measured value [kW] and how much it counts at the first leads (0..1) (k,); k = 0: not at all."""

    last_kw: float
    shares: FloatArray

    def over(self, expected_kw: FloatArray) -> FloatArray:
        """Expected values (n,) [kW] with the last one in them."""
        shares = np.zeros(len(expected_kw))
        shares[: len(self.shares)] = self.shares[: len(expected_kw)]
        return np.asarray(expected_kw + shares * (self.last_kw - expected_kw))

    @property
    def next_share(self) -> float:
        """What the last value counts in the next slot (0..1)."""
        return float(self.shares[0]) if len(self.shares) else 0.0


def persistence(issued: IssuedPaths, start_s: int, measured: Series, kind: Kind) -> Persistence:
    """What the paths issued before tell of a forecast from `start_s` on, by the slots that have ended by then."""
    known = measured.until(start_s)
    left = (-start_s % HOUR_S) // known.slot_s
    last_kw = float(known.values_kw[-1]) if len(known.values_kw) else np.nan
    if known.end_epoch_s != start_s or not left or np.isnan(last_kw):
        return Persistence(last_kw=0.0, shares=np.zeros(0))
    expected, place = _at_this_minute(issued, start_s, known, kind, left)
    before = known.values_kw[place - 1]
    shares = [_share(expected[:, k], before, _seen(known, place + k)) for k in range(expected.shape[1])]
    return Persistence(last_kw=last_kw, shares=np.array(shares))


def persistent(forecast: Forecast, found: Persistence) -> Forecast:
    """The forecast with its mean, its quantiles and its spread drawn to the last measured value."""
    certain = Persistence(last_kw=0.0, shares=found.shares)
    return replace(
        forecast,
        mean_kw=found.over(forecast.mean_kw),
        spread_kw=certain.over(forecast.spread_kw),
        quantiles={level: found.over(values) for level, values in forecast.quantiles.items()},
    )


def _at_this_minute(
    issued: IssuedPaths, start_s: int, known: Series, kind: Kind, left: int
) -> tuple[FloatArray, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Heads of earlier paths (m, left) [kW], and the places of their first slots in the series (m,)."""
    heads, place = [], []
    for path in issued.at_this_minute(start_s):
        first = (path.start_s - known.start_epoch_s) // known.slot_s
        head = (path.load_kw if kind == "load" else path.pv_kw)[:left]
        if 0 < first < len(known.values_kw) and len(head) == left:
            heads.append(head)
            place.append(first)
    return np.array(heads, dtype=np.float64).reshape(-1, left), np.array(place, dtype=np.int64)


def _seen(known: Series, place: np.ndarray[tuple[int], np.dtype[np.int64]]) -> FloatArray:
    """Measured values at some places, NaN where there are none yet."""
    inside = place < len(known.values_kw)
    return np.where(inside, known.values_kw[np.minimum(place, len(known.values_kw) - 1)], np.nan)


def _share(expected: FloatArray, before: FloatArray, came: FloatArray) -> float:
    """The least-squares share of the value before in what came, 0..1; 0 where it may be chance."""
    step, error = before - expected, came - expected
    usable = ~(np.isnan(step) | np.isnan(error))
    step, error = step[usable], error[usable]
    together, steps, errors = float(step @ error), float(step @ step), float(error @ error)
    if len(step) < LEAST_CASES or together <= 0.0 or together**2 * len(step) <= SURE * steps * errors:
        return 0.0
    return min(together / steps, 1.0)
