"""The network operator's limit as the home's MQTT server tells it: heard, remembered, recorded, and told at once."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from hems.control.grid_limit import FREE, NO_SIGNAL, GridLimit, GridRule, GridSignal, GridState, InForce
from hems.control.grid_signal import NoSignal, contact_state, told_limits
from hems.io.edge_store import EdgeStore
from hems.io.mqtt_link import MqttLink
from hems.metering.foreign.meter import Heard
from hems.site.config_grid import GridContactTable, GridSignalTable

LOG = logging.getLogger(__name__)
FACT = "grid_limit"
FIELDS = ("import_kw", "export_kw", "until_s")
SET_S = 2  # a clock that moves by more than this against the machine's running time was set


class GridLimitApp:
    """One connection's limit. `on_change` is called when something else holds than before."""

    def __init__(
        self,
        table: GridSignalTable | GridContactTable,
        link: MqttLink,
        store: EdgeStore,
        *,
        timezone: str,
        on_change: Callable[[], None],
        now: Callable[[], float] = time.time,
        running: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table, self._link, self._store, self._now, self._running = table, link, store, now, running
        self._began_s = now() - running()
        self._timezone, self._on_change = timezone, on_change
        self.limit = GridLimit(_rule(table), int(now()), self._remembered(int(now())))
        self._kept = self._as_fact(self.limit.last)
        self._noted = FREE
        self._is_wrong = False
        link.listen((table.topic,), self._take)

    def start(self) -> None:
        """Begins to listen, in the running loop."""
        self._link.start()

    def note(self, now_s: int) -> InForce:
        """What holds now; when it is something else than at the last call, log and records say so."""
        self._follow_the_clock()
        holds = self.limit.in_force(now_s)
        if holds != self._noted:
            self._noted = holds
            words = self._words(holds)
            LOG.warning("network operator: %s", words)
            self._store.add("health", [(now_s, "grid_limit", words)])
        return holds

    def _follow_the_clock(self) -> None:
        moved_s = round(self._now() - self._running() - self._began_s)
        if abs(moved_s) > SET_S:
            self._began_s += moved_s
            self.limit.clock_moved(moved_s)

    def _take(self, heard: Heard) -> None:
        self._follow_the_clock()
        now_s = int(self._now())
        try:
            signal = self._signal(heard, now_s)
        except NoSignal as error:
            if not self._is_wrong:
                LOG.warning("grid limit on %s: %s; what was heard before holds", heard.topic, error)
            self._is_wrong = True
            return
        if signal is None:
            return
        self._is_wrong = False
        before = self.limit.in_force(now_s)
        self.limit.hear(signal)
        if self.limit.in_force(now_s) != before:
            self._on_change()
        if (fact := self._as_fact(signal)) != self._kept:
            self._store.set_fact(FACT, fact)
            self._kept = fact

    def _signal(self, heard: Heard, now_s: int) -> GridSignal | None:
        """What a message says; None for one that a server has kept and that nobody can tell the age of."""
        table = self._table
        if isinstance(table, GridSignalTable):
            return None if heard.retained else told_limits(heard.payload, now_s)
        word = contact_state(heard.payload, table.path)
        if word not in (table.closed, table.open):
            raise NoSignal(f"{word[:40]!r} is neither closed = {table.closed!r} nor open = {table.open!r}")
        if word == table.open:
            return GridSignal(heard_s=now_s)
        return GridSignal(heard_s=now_s, import_kw=table.import_limit_kw, export_kw=table.export_limit_kw)

    def _remembered(self, now_s: int) -> GridSignal | None:
        fact = self._store.fact(FACT)
        if not isinstance(fact, dict):
            return None
        return GridSignal(heard_s=now_s, **{name: fact.get(name) for name in FIELDS})

    @staticmethod
    def _as_fact(signal: GridSignal | None) -> dict[str, float | int | None] | None:
        return None if signal is None else {name: getattr(signal, name) for name in FIELDS}

    def _words(self, holds: InForce) -> str:
        if holds.state is GridState.FREE:
            return "the connection is not limited"
        end = ""
        if holds.until_s is not None:
            end = f" until {datetime.fromtimestamp(holds.until_s, ZoneInfo(self._timezone)):%Y-%m-%d %H:%M}"
        if holds.state is GridState.LIMITED:
            return f"at most {holds.told}{end}"
        return f"{NO_SIGNAL} on {self._table.topic} at {self._link.where}: failsafe, at most {holds.told}{end}"


def _rule(table: GridSignalTable | GridContactTable) -> GridRule:
    if isinstance(table, GridContactTable):
        return GridRule(heartbeat_s=None)
    return GridRule(
        heartbeat_s=table.heartbeat_s,
        failsafe_import_kw=table.failsafe_import_kw,
        failsafe_export_kw=table.failsafe_export_kw,
        failsafe_s=round(table.failsafe_hours * 3600),
    )
