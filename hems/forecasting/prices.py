"""Prices that are not known yet: the local market's, and a day-ahead price before it is published.

Prices hold their level for days while their shape follows the kind of day; they may be negative.
"""

from __future__ import annotations

from hems.forecasting.daily_paths import Record, Rhythm, TargetForecast, daily_forecast

RHYTHM = Rhythm(recency_days=20.0, unlike_weight=0.1, day_share=0.6, hour_share=0.5)


def price_forecast(record: Record, start_s: int, n: int, timezone: str) -> TargetForecast | None:
    """Forecast of `n` slots from `start_s`, from a record of prices per kWh; None without a day of them."""
    return daily_forecast(record, start_s, n, RHYTHM, timezone)
