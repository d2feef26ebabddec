"""One year of quarter hours of a measured home: load and generation, and weather as it might have been issued."""

import numpy as np

from benchmarks.forecast_sets import FONTANA, LOS_ANGELES, SHIPPED
from hems.forecasting.series import DAY_S, Kind, Series
from hems.forecasting.weather import WeatherForecast
from twin.disaggregate import finer
from twin.timeseries import read_households

HOME = "us_ca_fontana_04"
TIMEZONE = LOS_ANGELES
HOUR_S, SLOT_S = 3600, 900
WEATHER_DAYS, WEATHER_HOURS = 30, 85
SEED = 1


def year(kind: Kind) -> Series:
    """All 365 days of the home; its measured hours are kept, what happens inside them is drawn."""
    hours = read_households(SHIPPED / FONTANA)[HOME]
    home = finer(hours, fine_slot_s=SLOT_S, seed=SEED, household=HOME)
    values = home.load_kw if kind == "load" else home.pv_kw
    return Series(start_epoch_s=home.start_epoch_s, slot_s=SLOT_S, values_kw=values)


def issued_weather(end_s: int) -> list[WeatherForecast]:
    """A forecast issued at each hour of the last 30 days: the same sky every day, as only its size counts here."""
    return [_forecast(end_s - hours * HOUR_S) for hours in range(WEATHER_DAYS * DAY_S // HOUR_S, 0, -1)]


def _forecast(issued_s: int) -> WeatherForecast:
    hour = (issued_s // HOUR_S + np.arange(WEATHER_HOURS) - 8.0) % 24  # of the local day
    ghi = 800.0 * np.maximum(np.sin((hour - 6.0) * np.pi / 12.0), 0.0)
    unsaid = np.full(WEATHER_HOURS, np.nan)
    return WeatherForecast(
        issued_s=issued_s,
        start_s=issued_s,
        step_s=HOUR_S,
        temp_c=np.full(WEATHER_HOURS, 20.0),
        ghi_w_m2=ghi,
        dni_w_m2=unsaid,
        dhi_w_m2=unsaid,
    )
