"""Outlooks of a running home: forecasts from its history and the newest models, prices from its tariff."""

import numpy as np

from hems.control.history import History
from hems.control.signal_memory import SignalMemory, Signals
from hems.control.stay_memory import StayMemory
from hems.control.weather_watch import WeatherWatch
from hems.forecasting.continuations import continuations
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.hindsight import corrected
from hems.forecasting.issued import IssuedPaths, Measured
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.forecasting.seasonal import Building
from hems.forecasting.series import Forecast, Kind, Series, no_power
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.trained import Model
from hems.planning.futures.ways import affordable, ways_on
from hems.planning.outlook import OUTDOOR_MEAN, Outlook, WayOn
from hems.site.tariff import Prices


class LiveOutlook:
    """Expectations of one home from what it has measured. Models are handed in when they have been trained."""

    def __init__(
        self,
        history: History,
        prices: Prices,
        *,
        timezone: str,
        slot_s: int,
        building: Building = "home",
        weather: WeatherWatch | None = None,
        futures: int = 0,
        holidays: frozenset[int] = NO_HOLIDAYS,
    ) -> None:
        self.models: dict[Kind, Model] = {}
        self.newest: dict[str, Forecast] = {}  # of "load", and of "generation" where there is any
        self.signals = SignalMemory(slot_s, timezone, holidays)
        self.stays = StayMemory(timezone, holidays)
        self._history = history
        self._prices = prices
        self._timezone = timezone
        self._holidays = holidays
        self._slot_s = slot_s
        self._building = building
        self._weather = weather
        self._futures = futures  # how many ways in which a day may go on are planned for
        self.issued = IssuedPaths()

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """Expectations from `start_s` on, from what was measured by `now_s`."""
        past = self._history.series(min(now_s, start_s))
        retail, feed_in = self._prices.prices(start_s, self._slot_s, slots)
        empty = Series(start_epoch_s=start_s - start_s % self._slot_s, slot_s=self._slot_s, values_kw=np.zeros(0))
        load, pv = past if past is not None else (empty, empty)
        has_pv = bool(np.nan_to_num(pv.values_kw).any())
        outdoor = self._outdoor(now_s, start_s + slots * self._slot_s)
        base = self._forecast("load", load, start_s, slots, outdoor)
        sun = self._forecast("pv", pv, start_s, slots) if has_pv else no_power(base)
        measured = Measured(load=load, pv=pv)
        now = corrected(base, sun, self.issued, measured)
        self.newest = {"load": now.load} | ({"generation": now.pv} if has_pv else {})
        return Outlook(
            start_s=start_s,
            base_kw=now.load.mean_kw,
            pv_kw=now.pv.mean_kw,
            ways_on=self._ways_on(now.load, now.pv, measured),
            net_errors_kw=now.net_errors_kw,
            retail_per_kwh=retail,
            feed_in_per_kwh=feed_in,
            stays=self.stays.expected(now_s, start_s, self._slot_s, slots),
            signals=self._signals(now_s, start_s, slots),
        )

    def _ways_on(self, load: Forecast, pv: Forecast, measured: Measured) -> tuple[WayOn, ...]:
        if self._futures == 0:
            return ()
        paths = continuations(load, pv, self.issued, measured, timezone=self._timezone)
        return ways_on(paths, affordable(self._futures, len(load.mean_kw)))

    def _signals(self, now_s: int, start_s: int, slots: int) -> Signals:
        expected = self._with_weather(self.signals.expected(start_s, slots), now_s, start_s, slots)
        mean_c = self.signals.outdoor_days.prevailing_mean_c(start_s)
        return expected if mean_c is None else {**expected, OUTDOOR_MEAN: np.full(slots, mean_c)}

    def _with_weather(self, expected: Signals, now_s: int, start_s: int, slots: int) -> Signals:
        """Expected signals, the outdoor temperatures as the weather forecast has them where it has any."""
        said = None if self._weather is None else self._weather.latest(now_s)
        if said is None:
            return expected
        temp_c = said.temperature_c(start_s + self._slot_s * (np.arange(slots, dtype=np.float64) + 0.5))
        return {
            name: np.where(np.isnan(temp_c), values, temp_c) if name.endswith(".outdoor_temp_c") else values
            for name, values in expected.items()
        }

    def _outdoor(self, now_s: int, end_s: int) -> TemperatureSeries | None:
        """Outdoor temperature as measured until now, as the weather forecast has it after; None without a sensor."""
        measured = self.signals.outdoor(now_s)
        said = None if self._weather is None else self._weather.latest(now_s)
        return None if measured is None else measured.continued(said, end_s)

    def _forecast(
        self, kind: Kind, history: Series, start_s: int, slots: int, outdoor: TemperatureSeries | None = None
    ) -> Forecast:
        return best_forecast(
            self.models.get(kind),
            history,
            start_s,
            slots,
            timezone=self._timezone,
            kind=kind,
            building=self._building,
            weather=() if self._weather is None else self._weather.issued,
            holidays=self._holidays,
            temperature=outdoor,
        )
