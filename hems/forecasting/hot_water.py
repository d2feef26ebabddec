"""Heat drawn as hot water in the coming slots.

Draws are few and large: yesterday's level says nothing, the habits of weeks do.
"""

from __future__ import annotations

from hems.forecasting.daily_paths import Record, Rhythm, TargetForecast, daily_forecast
from hems.forecasting.local_days import NO_HOLIDAYS

RHYTHM = Rhythm(recency_days=20.0, unlike_weight=0.1, least=0.0)


def hot_water_forecast(
    record: Record, start_s: int, n: int, timezone: str, *, holidays: frozenset[int] = NO_HOLIDAYS
) -> TargetForecast | None:
    """Forecast of `n` slots from `start_s`, from a record of heat flows [kW]; None without a day of them."""
    return daily_forecast(record, start_s, n, RHYTHM, timezone, holidays=holidays)
