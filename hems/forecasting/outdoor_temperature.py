"""Outdoor temperature in the coming slots from the home's own sensor.

The daily cycle of the last weeks, moved to the level of the last day and, for some hours, of the last two hours.
"""

from __future__ import annotations

from hems.forecasting.daily_paths import Record, Rhythm, TargetForecast, daily_forecast

RHYTHM = Rhythm(recency_days=15.0, unlike_weight=1.0, day_share=0.6, hour_share=0.5)


def temperature_forecast(record: Record, start_s: int, n: int, timezone: str) -> TargetForecast | None:
    """Forecast of `n` slots from `start_s`, from a record of temperatures [C]; None without a day of them."""
    return daily_forecast(record, start_s, n, RHYTHM, timezone)
