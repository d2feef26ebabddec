"""What sensors will show: outdoor temperature, daylight and the light that people need, by the name of the signal."""

from __future__ import annotations

from collections.abc import Mapping

from hems.forecasting import occupancy, outdoor_temperature
from hems.forecasting.daily_paths import Record, Rhythm, daily_median
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.forecasting.series import FloatArray

DAYLIGHT = Rhythm(recency_days=10.0, unlike_weight=1.0, hour_share=0.3, hour_fade_h=3.0, least=0.0)
RHYTHMS: Mapping[str, Rhythm] = {
    "outdoor_temp_c": outdoor_temperature.RHYTHM,
    "daylight_lux": DAYLIGHT,
    "required_lux": occupancy.RHYTHM,  # light is needed where people are
}


def signal_median(
    name: str, record: Record, start_s: int, n: int, timezone: str, *, holidays: frozenset[int] = NO_HOLIDAYS
) -> FloatArray | None:
    """The middle expectation of `n` slots from `start_s` of a signal such as "living.daylight_lux", (n,).

    NaN at a time of day that was never seen; None without a whole earlier day in the record.
    Raises: KeyError for a signal that is not one of RHYTHMS.
    """
    return daily_median(record, start_s, n, RHYTHMS[name.rpartition(".")[2]], timezone, holidays=holidays)
