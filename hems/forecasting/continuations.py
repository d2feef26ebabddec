"""Continuations: ways in which load and generation may go on from now, from a home's first day on.

A home that remembers what it expected on enough days adds the errors of those days to today's path. Before that the
quantiles of the forecast are all that is known of its error, and scenarios are drawn from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hems.forecasting.issued import IssuedPaths, Measured, Path
from hems.forecasting.scenarios import scenarios
from hems.forecasting.series import FloatArray, Forecast

DRAWN = 28  # scenarios, as many as days are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuations:
    """Paths of load and generation [kW], each (m, n), equally likely."""

    load_kw: FloatArray
    pv_kw: FloatArray


def continuations(
    load: Forecast, pv: Forecast, issued: IssuedPaths, measured: Measured, *, timezone: str
) -> Continuations:
    """The ways on of two forecasts that start together; the same inputs give the same paths.

    `issued` are the paths expected earlier and `measured` what came: when they are too few, load and generation are
    drawn from the quantiles independently of each other, each with the memory over time that its history shows.
    """
    path = Path.of(load.start_epoch_s, load.mean_kw, pv.mean_kw)
    by_errors = issued.ways_on(path, measured)
    if len(by_errors[0]):
        return Continuations(load_kw=by_errors[0], pv_kw=by_errors[1])
    seed = load.start_epoch_s // load.slot_s
    return Continuations(
        load_kw=scenarios(load, measured.load, DRAWN, seed, timezone=timezone),
        pv_kw=scenarios(pv, measured.pv, DRAWN, seed + 1, timezone=timezone),
    )
