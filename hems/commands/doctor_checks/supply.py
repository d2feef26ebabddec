"""What a home is given from outside: prices and weather."""

import asyncio
import socket
from urllib.parse import urlsplit

from doctor.finding import Finding, fail, ok, skipped, warn
from hems.commands.doctor_checks.home_place import HomePlace
from hems.control.weather_watch import WeatherUnavailable
from hems.io.price_file import prices_of
from hems.io.weather_source import weather_source
from hems.site.config import ConfigError

HOUR_S = 3600
TIMEOUT_S = 5.0


def prices_are_known(home: HomePlace) -> Finding:
    """Whether the tariff gives prices for now and the coming day."""
    if home.config is None:
        return skipped("no configuration that could be read")
    tariff = home.config.tariff
    try:
        source = prices_of(tariff, home.base, home.config.home.timezone)
        start_s = int(home.now_s) // HOUR_S * HOUR_S
        retail, feed_in = source.prices(start_s, HOUR_S, 24)
    except ConfigError as error:
        return fail(str(error), remedy="correct the price file, or give constant prices in [tariff]")
    if bool((feed_in > retail).any()):
        what = "feeding in pays more than drawing costs in some hours: those have no local market"
        return warn(what, remedy="look whether the two prices are swapped in [tariff]")
    if float(retail.max()) > 3.0 or float(abs(feed_in).max()) > 3.0:
        what = f"up to {float(retail.max()):g} per kWh"
        return warn(what, remedy="give prices per kWh in the currency, not in cents and not per MWh")
    return ok(f"{float(retail.min()):.3f} to {float(retail.max()):.3f} per kWh in the next 24 h")


def weather_comes(home: HomePlace) -> Finding:
    """Whether the source of weather forecasts answers."""
    if home.config is None or home.config.weather is None:
        return skipped("no [weather]: generation is expected from the days before")
    weather = home.config.weather
    if weather.url is not None:
        return _service_answers(weather.url)
    try:
        forecast = asyncio.run(weather_source(weather, home.base).forecast(int(home.now_s)))
    except WeatherUnavailable as error:
        return warn(str(error), remedy="correct weather.file; the home plans without it until then")
    if forecast is None:
        return warn("the file holds no forecast", remedy="look at the program that writes weather.file")
    return ok("a forecast is there")


def _service_answers(url: str) -> Finding:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((host, port), TIMEOUT_S).close()
    except OSError as error:
        remedy = "look at the internet connection and weather.url; the home plans without weather until then"
        return warn(f"no connection: {error}", where=f"{host}:{port}", remedy=remedy)
    return ok("the service can be reached", f"{host}:{port}")
