"""The weather source that a configuration names."""

from pathlib import Path

from hems.control.weather_watch import WeatherSource
from hems.forecasting.pv.sun import Place
from hems.io.weather_file import FileWeather
from hems.io.weather_http import HttpWeather
from hems.site.config import WeatherTable, resolved


def weather_source(weather: WeatherTable, base: Path) -> WeatherSource:
    """The service or the file of the table; relative paths start at `base`."""
    if weather.file is not None:
        return FileWeather(resolved(base, weather.file))
    assert weather.url is not None and weather.latitude_deg is not None and weather.longitude_deg is not None
    return HttpWeather(weather.url, Place(latitude_deg=weather.latitude_deg, longitude_deg=weather.longitude_deg))
