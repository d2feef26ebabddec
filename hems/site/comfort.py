"""The adaptive comfort band: room temperatures that people accept, given the weather of the days before.

Source: ASHRAE 55-2023, 5.4 (unchanged since 2013): occupant-controlled, naturally conditioned spaces.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Acceptability = int  # 80 or 90: the share of people [%] who accept the temperatures of the band

ALPHA = 0.8  # weight of a day relative to the day after it; the standard allows 0.6 to 0.9
OUTDOOR_MEAN_MIN_C, OUTDOOR_MEAN_MAX_C = 10.0, 33.5
OUTDOOR_MEAN_UNKNOWN_C = 20.0  # where nobody measures outdoors: neutral is then 24 degC
HALF_WIDTH_K: dict[Acceptability, float] = {80: 3.5, 90: 2.5}
AIR_SPEED_LIFTS = ((1.2, 2.2), (0.9, 1.8), (0.6, 1.2))  # from this speed [m/s] on the upper limit rises by [K]
AIR_SPEED_HELPS_ABOVE_C = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMean:
    """Mean outdoor temperature of a day `days_ago` (1: yesterday), measured during `share` of it (0..1]."""

    days_ago: int
    mean_c: float
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortBand:
    """Accepted room temperatures; `is_held` when the weather lies outside the standard's range: its edge counts."""

    neutral_c: float
    temp_min_c: float
    temp_max_c: float
    is_held: bool


def prevailing_mean_c(days: Iterable[DayMean], alpha: float = ALPHA) -> float | None:
    """The prevailing mean outdoor temperature [degC] of the days before, None while there are none.

    `(1 - alpha) * (T[-1] + alpha*T[-2] + alpha^2*T[-3] + ...)` of the daily means, with the weights of the days that
    are known scaled to a sum of 1; a day that was measured in part counts by that part.
    Source: ASHRAE 55-2023, 5.4.2.1 and informative appendix on the prevailing mean.
    """
    weighed = [(alpha ** (day.days_ago - 1) * day.share, day.mean_c) for day in days]
    total = sum(weight for weight, _ in weighed)
    return None if total <= 0.0 else sum(weight * mean_c for weight, mean_c in weighed) / total


def adaptive_band(
    outdoor_mean_c: float, acceptability: Acceptability, *, offset_k: float = 0.0, air_speed_m_s: float = 0.0
) -> ComfortBand:
    """The band for a prevailing mean outdoor temperature, shifted by what a person likes warmer (+) or cooler (-).

    Neutral is `0.31 * mean + 17.8`, the limits of 80 % acceptability lie 3.5 K beside it, those of 90 % 2.5 K. The
    relation holds from 10 to 33.5 degC; outside, the nearest edge is used. A fan under the person's control lifts
    the upper limit where that is above 25 degC.
    Source: ASHRAE 55-2023, 5.4.2.2 and table of limits by air speed.
    """
    held_c = min(max(outdoor_mean_c, OUTDOOR_MEAN_MIN_C), OUTDOOR_MEAN_MAX_C)
    neutral_c = 0.31 * held_c + 17.8
    upper_c = neutral_c + HALF_WIDTH_K[acceptability]
    if upper_c > AIR_SPEED_HELPS_ABOVE_C:
        upper_c += next((lift for speed, lift in AIR_SPEED_LIFTS if air_speed_m_s >= speed), 0.0)
    return ComfortBand(
        neutral_c=neutral_c + offset_k,
        temp_min_c=neutral_c - HALF_WIDTH_K[acceptability] + offset_k,
        temp_max_c=upper_c + offset_k,
        is_held=held_c != outdoor_mean_c,
    )
