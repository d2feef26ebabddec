"""Hindsight: forecasts of load and generation as the ones issued before let correct them.

What a model learned once a day comes late; what it expected and what came is known slot by slot. Forecasts that
start together are moved by the last day's bias and drawn to the last slot as far as it goes on in the hour. Beside
them stands how wrong forecasts like these were: what is traded for the next slot depends on it.
"""

from dataclasses import dataclass

import numpy as np

from hems.forecasting.hour_persistence import Persistence, persistence, persistent
from hems.forecasting.issued import IssuedPaths, Measured, Path
from hems.forecasting.recent_bias import load_shift_kw, moved
from hems.forecasting.series import FloatArray, Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Forecasts to plan with, and how wrong they can be [kW].

    `net_errors_kw` (m,) is by how much net load of slots like the first was more than expected, `net_error_ahead_kw`
    the root mean square error some hours ahead, None when little is known yet.
    """

    load: Forecast
    pv: Forecast
    net_errors_kw: FloatArray
    net_error_ahead_kw: float | None


def corrected(load: Forecast, pv: Forecast, issued: IssuedPaths, measured: Measured) -> Corrected:
    """Two forecasts that start together, corrected by the paths issued before; then their own path is issued."""
    start_s, n = load.start_epoch_s, len(load.mean_kw)
    path = Path.of(start_s, load.mean_kw, pv.mean_kw)
    shift_kw = load_shift_kw(issued, start_s, n, measured.load)
    use = persistence(issued, start_s, measured.load, "load")
    sun = persistence(issued, start_s, measured.pv, "pv")
    errors_kw = _first_errors_kw(issued, start_s, measured, float(shift_kw[0]) if n else 0.0, (use, sun))
    issued.add(path)
    return Corrected(
        load=persistent(moved(load, shift_kw), use),
        pv=persistent(pv, sun),
        net_errors_kw=errors_kw,
        net_error_ahead_kw=issued.net_error_ahead_kw(start_s, measured),
    )


def _first_errors_kw(
    issued: IssuedPaths, start_s: int, measured: Measured, shift_kw: float, found: tuple[Persistence, Persistence]
) -> FloatArray:
    """Net load less what would have been expected with today's corrections, of the first slots like this one."""
    errors = issued.first_errors_kw(start_s, measured)
    use, sun = (of.first_share() for of in found)
    load = (1.0 - use) * (errors.load_kw - shift_kw) + use * errors.load_step_kw
    net = load - (1.0 - sun) * errors.pv_kw - sun * errors.pv_step_kw
    return np.asarray(net[~np.isnan(net)])
