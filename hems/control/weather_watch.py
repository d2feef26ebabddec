"""Weather of a running home: asks the source now and then, keeps what was issued, and says when it has none."""

import logging
from collections.abc import Iterable
from typing import Protocol

from hems.forecasting.weather import WeatherForecast, as_issued

LOG = logging.getLogger(__name__)
ASK_EVERY_S = 3600
KEEP_S = 30 * 86_400


class WeatherUnavailable(Exception):
    """The source gave no forecast: what is wrong, and what to do. Forecasts go on without weather."""


class WeatherSource(Protocol):
    """Where weather forecasts come from."""

    async def forecast(self, now_s: int) -> WeatherForecast | None:
        """The newest forecast that is out at `now_s`; None when there is none.

        Raises: WeatherUnavailable.
        """
        ...


class WeatherWatch:
    """Forecasts as they were issued over the last 30 days; the log hears of a failure and of a recovery once."""

    def __init__(self, source: WeatherSource) -> None:
        self.issued: list[WeatherForecast] = []
        self.failure: str | None = None
        self._source = source
        self._next_s = 0

    def restore(self, issued: Iterable[WeatherForecast]) -> None:
        """Takes what was issued before this start."""
        self.issued = list(issued)

    async def update(self, now_s: int) -> WeatherForecast | None:
        """What was issued newly, after asking the source when it is time to; None when nothing was.

        A failure leaves what is known, until it is too old.
        """
        if now_s < self._next_s:
            return None
        self._next_s = now_s + ASK_EVERY_S
        try:
            fresh = await self._source.forecast(now_s)
        except WeatherUnavailable as error:
            if self.failure is None:
                LOG.warning("weather: %s; forecasts go on without it when the last one is too old", error)
            self.failure = str(error)
            return None
        if self.failure is not None:
            LOG.info("weather: forecasts come again")
            self.failure = None
        if fresh is None or any(fresh.issued_s == known.issued_s for known in self.issued):
            return None
        near = fresh.near()
        self.issued = [one for one in self.issued if one.issued_s >= now_s - KEEP_S] + [near]
        return near

    def latest(self, now_s: int) -> WeatherForecast | None:
        """The forecast that is in use at `now_s`; None when there is none or it is too old."""
        return as_issued(self.issued, now_s)
