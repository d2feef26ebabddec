"""Carbon intensity of the grid in the coming slots.

Intensity follows demand, and so the kind of day, and holds its level for days.
"""

from __future__ import annotations

from hems.forecasting.daily_paths import Record, Rhythm, TargetForecast, daily_forecast

RHYTHM = Rhythm(recency_days=20.0, unlike_weight=0.1, day_share=0.6, hour_share=0.5, least=0.0)


def carbon_forecast(record: Record, start_s: int, n: int, timezone: str) -> TargetForecast | None:
    """Forecast of `n` slots from `start_s`, from a record of intensities [g/kWh]; None without a day of them."""
    return daily_forecast(record, start_s, n, RHYTHM, timezone)
