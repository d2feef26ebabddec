"""Weather forecasts of an Open-Meteo style service over HTTP.

Source: the service's documented query and answer (hourly lists under "hourly", units under "hourly_units");
its irradiance is the mean of the hour before the stamp, its temperature that of the stamp.
"""

import asyncio
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import numpy as np
import numpy.typing as npt

from hems.control.weather_watch import WeatherUnavailable
from hems.forecasting.pv.sun import Place
from hems.forecasting.weather import WeatherForecast

STEP_S = 3600
ANSWER_BYTES_MAX = 1_000_000
STEPS_MAX = 24 * 16
UNITS = {
    "temperature_2m": "°C",
    "shortwave_radiation": "W/m²",
    "direct_normal_irradiance": "W/m²",
    "diffuse_radiation": "W/m²",
}
LEAST = {"temperature_2m": -90.0}  # irradiance: 0
MOST = {"temperature_2m": 65.0}  # irradiance: 1500


class HttpWeather:
    """Asks one service for one place; `url` is its forecast address, without the query."""

    def __init__(self, url: str, place: Place, *, timeout_s: float = 10.0) -> None:
        query = {
            "latitude": f"{place.latitude_deg:.4f}",
            "longitude": f"{place.longitude_deg:.4f}",
            "hourly": ",".join(UNITS),
            "timeformat": "unixtime",
            "timezone": "UTC",
            "forecast_days": "3",
        }
        self._url = f"{url}?{urllib.parse.urlencode(query)}"
        self._host = urllib.parse.urlsplit(url).netloc
        self._timeout_s = timeout_s

    async def forecast(self, now_s: int) -> WeatherForecast:
        """The forecast that the service gives now; it counts as issued at `now_s`, as the answer has no such time.

        Raises: WeatherUnavailable.
        """
        try:
            body = await asyncio.wait_for(asyncio.to_thread(self._fetched), 2 * self._timeout_s)
        except (OSError, http.client.HTTPException, TimeoutError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise WeatherUnavailable(f"{self._host} does not answer ({reason or 'time is over'})") from error
        try:
            return parsed(body, now_s)
        except (KeyError, TypeError, ValueError) as error:
            raise WeatherUnavailable(f"{self._host} answers otherwise than expected: {error}") from error

    def _fetched(self) -> bytes:
        request = urllib.request.Request(self._url, headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
            body: bytes = answer.read(ANSWER_BYTES_MAX + 1)
        if len(body) > ANSWER_BYTES_MAX:
            raise http.client.HTTPException(f"more than {ANSWER_BYTES_MAX:,} bytes")
        return body


def parsed(body: bytes, issued_s: int) -> WeatherForecast:
    """The forecast of an answer.

    Raises: KeyError, TypeError or ValueError when it is not hourly, in other units, or out of any range.
    """
    answer: dict[str, Any] = json.loads(body)
    hourly, units = answer["hourly"], answer["hourly_units"]
    stamps = np.asarray(hourly["time"], dtype=np.int64)
    if not 2 <= len(stamps) <= STEPS_MAX or np.any(np.diff(stamps) != STEP_S):
        raise ValueError(f"{len(stamps)} stamps that are not hour after hour")
    for name, unit in UNITS.items():
        if name in hourly and units[name] != unit:
            raise ValueError(f"{name} is in {units[name]!r}, not {unit}")
    temp_c = _column(hourly, "temperature_2m", len(stamps))
    return WeatherForecast(
        issued_s=issued_s,
        start_s=int(stamps[0]),
        step_s=STEP_S,
        # Each hour starts at its stamp: its temperature is between this one and the next, its light the next one's.
        temp_c=(temp_c[:-1] + temp_c[1:]) / 2.0,
        ghi_w_m2=_column(hourly, "shortwave_radiation", len(stamps))[1:],
        dni_w_m2=_column(hourly, "direct_normal_irradiance", len(stamps))[1:],
        dhi_w_m2=_column(hourly, "diffuse_radiation", len(stamps))[1:],
    )


def _column(hourly: dict[str, Any], name: str, n: int) -> npt.NDArray[np.float64]:
    given = hourly.get(name)
    if given is None:
        return np.full(n, np.nan)
    values = np.asarray([np.nan if value is None else value for value in given], dtype=np.float64)
    least, most = LEAST.get(name, 0.0), MOST.get(name, 1500.0)
    if values.shape != (n,) or np.any((values < least) | (values > most)):
        raise ValueError(f"{name} has {len(values)} values for {n} stamps, or one outside {least:g} .. {most:g}")
    return values
