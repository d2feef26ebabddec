"""Hindsight: forecasts of load and generation as the ones issued before let correct them.

What a model learned once a day comes late; what it expected and what came is known slot by slot. Forecasts that
start together are moved by the last day's bias and drawn to the last slot as far as it goes on in the hour. Beside
them stands how wrong forecasts like these were: what is traded for the next slot depends on it.
"""

from dataclasses import dataclass

from hems.forecasting.hour_persistence import persistence, persistent
from hems.forecasting.issued import IssuedPaths, Measured, Path
from hems.forecasting.recent_bias import load_shift_kw, moved
from hems.forecasting.series import FloatArray, Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Forecasts to plan with, and by how much net load of slots like the first was more than planned [kW] (m,)."""

    load: Forecast
    pv: Forecast
    net_errors_kw: FloatArray


def corrected(load: Forecast, pv: Forecast, issued: IssuedPaths, measured: Measured) -> Corrected:
    """Two forecasts that start together, corrected by the paths issued before; then their own path is issued."""
    start_s, n = load.start_epoch_s, len(load.mean_kw)
    path = Path.of(start_s, load.mean_kw, pv.mean_kw)
    load = moved(load, load_shift_kw(issued, start_s, n, measured.load))
    use = persistence(issued, start_s, measured.load, "load")
    load = persistent(load, use)
    pv = persistent(pv, persistence(issued, start_s, measured.pv, "pv"))
    found = Corrected(
        load=load,
        pv=pv,
        net_errors_kw=issued.first_errors_kw(start_s, measured, going_on=use.next_share),
    )
    issued.add(path)
    if n:
        issued.plan_on(start_s, float(load.mean_kw[0] - pv.mean_kw[0]))
    return found
