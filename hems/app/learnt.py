"""What a home has learnt for its expectations, kept in its store: a restart goes on with what it knew."""

import logging

from hems.control.home_loop import Actions
from hems.control.live_outlook import LiveOutlook
from hems.control.signal_memory import Sensed
from hems.control.weather_watch import WeatherWatch
from hems.forecasting.issued import Path
from hems.forecasting.weather import WeatherForecast
from hems.io.edge_store import EdgeStore

LOG = logging.getLogger(__name__)
OUTDOOR_DAYS, CAR_STAYS = "outdoor_days", "car_stays"


class Learnt:
    """Stores what an outlook learns as it learns it. A stored row that is broken is left out, the log says so."""

    def __init__(self, store: EdgeStore, outlook: LiveOutlook, weather: WeatherWatch | None) -> None:
        self._store = store
        self._outlook = outlook
        self._weather = weather
        self._path: Path | None = None  # None: nothing was expected since the start

    def restore(self) -> None:
        """Gives the outlook and the weather what an earlier process stored."""
        for slot_s, paths in self._store.rows("forecasts", "slot_s, paths", "slot_s"):
            try:
                self._outlook.issued.add(Path.unpacked(slot_s, paths))
            except ValueError:
                LOG.warning("slot_s=%d: a stored forecast is broken, it is left out", slot_s)
        sensed = self._store.rows("signals", "slot_s, name, value", "slot_s")
        self._outlook.signals.restore(Sensed(slot_s, name, value) for slot_s, name, value in sensed)
        self._outlook.signals.outdoor_days.restore(self._store.fact(OUTDOOR_DAYS))
        self._outlook.stays.restore(self._store.fact(CAR_STAYS))
        if self._weather is not None:
            self._weather.restore(self._stored_weather())

    def _stored_weather(self) -> list[WeatherForecast]:
        issued = []
        for row in self._store.rows("weather", "issued_s, start_s, step_s, said", "issued_s"):
            try:
                issued.append(WeatherForecast.unpacked(*row))
            except ValueError:
                LOG.warning("issued_s=%d: a stored weather forecast is broken, it is left out", row[0])
        return issued

    def record(self, actions: Actions) -> None:
        """Stores what a step has learnt, and what is expected now: its errors will show how other days may go on."""
        if actions.sensed:
            self._store.add_signals([(row.slot_s, row.name, row.value) for row in actions.sensed])
        if actions.slot_means is not None and self._outlook.signals.outdoor_days.known:
            self._store.set_fact(OUTDOOR_DAYS, self._outlook.signals.outdoor_days.fact())
        if actions.cars_changed:
            self._store.set_fact(CAR_STAYS, self._outlook.stays.fact())
        issued = self._outlook.issued.paths()
        if issued and issued[-1] is not self._path:
            self._path = issued[-1]
            self._store.add_forecast(self._path.start_s, self._path.packed())

    async def update_weather(self, weather: WeatherWatch, now_s: int) -> None:
        """Asks for a newer weather forecast and stores it: how far it was off is known only days later."""
        fresh = await weather.update(now_s)
        if fresh is not None:
            self._store.add_weather(fresh.issued_s, fresh.start_s, fresh.step_s, fresh.packed())
