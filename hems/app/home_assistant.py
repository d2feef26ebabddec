"""A home in Home Assistant: joins store, household and connection; each step tells what is, commands come back."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hems.control.day_money import DayMoney
from hems.control.decision import Decision
from hems.control.energy_counters import EnergyCounters
from hems.control.home_assistant.desk import HOURS_DEFAULT, CommandDesk
from hems.control.home_assistant.discovery import About, Publication, Told, discovery, told
from hems.control.home_assistant.entities import commands, entities
from hems.control.home_assistant.topics import OFFLINE, ONLINE, Topics
from hems.control.home_assistant.values import Measured, energy, live, settings, why
from hems.control.house_view.spent import SpentSlot
from hems.control.household.household import Household
from hems.control.household.outcome import Rejected
from hems.io.edge_store import EdgeStore
from hems.io.home_assistant_mqtt import HomeAssistantMqtt, Receivers
from hems.metering.image import SiteImage
from hems.metering.reading import Reading
from hems.site.config import HomeAssistantTable
from hems.site.home import Home
from wire.messages import Clearing, Settlement

LOG = logging.getLogger(__name__)
FACT, COUNTERS = "home_assistant", "energy_counters"
JITTER_S_MAX = 5.0
FRESH_S, WATCH_S = 60, 10.0


class HomeAssistantApp:
    """Everything about one home in Home Assistant. `spent` gives the slots from a moment on as the tariff bills them.

    `jitter` gives 0..1: not all homes answer a birth at once."""

    def __init__(
        self,
        table: HomeAssistantTable,
        base: Path,
        home: Home,
        *,
        store: EdgeStore,
        household: Household,
        spent: Callable[[int], Iterable[SpentSlot]],
        now: Callable[[], int],
        jitter: Callable[[], float],
        version: str,
    ) -> None:
        self._table = table
        self._home = home
        self._store = store
        self._household, self._spent = household, spent
        self._now = now
        self._jitter = jitter
        self._topics = Topics(meter=home.meter, prefix=table.prefix)
        self._entities = entities(home, household.options(), self._topics, table.currency)
        self._about = About(version=version, page_url=table.page_url)
        fact = store.fact(FACT) or {}
        self._before = Told.of(fact.get("told"))
        self._desk = CommandDesk(
            household, commands(home, household.options()), now, float(fact.get("hours", HOURS_DEFAULT))
        )
        self._counters = EnergyCounters(store.fact(COUNTERS))
        self._money = DayMoney(home.timezone)
        self._states: dict[str, Publication] = {}
        self._seen_s: int | None = None
        self._birth: asyncio.Task[None] | None = None
        self._link = HomeAssistantMqtt(
            table,
            base,
            self._topics,
            Receivers(on_connected=self._tell_all, on_birth=self._on_birth, on_command=self._on_command),
        )

    async def run(self) -> None:
        """Serves until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._link.run())
            tasks.create_task(self._watch())

    async def _watch(self) -> None:
        """Says that data is old also while no step comes through."""
        while True:
            await asyncio.sleep(WATCH_S)
            self._tell_fresh()

    def learn(self, message: object) -> None:
        """Takes a verified message of the market."""
        if isinstance(message, Settlement):
            self._money.learn(message)

    def step(
        self,
        image: SiteImage | None,
        decision: Decision | None,
        *,
        reading: Reading | None,
        prices: tuple[float, float],
        clearings: Mapping[str, Clearing],
    ) -> None:
        """Tells what a step of the energy manager has measured and decided; without an image what is set."""
        if image is not None:
            self._seen_s = image.at_s
            self._count(image)
            self._tell_measured(self._measured(image, decision, reading, prices, clearings))
        self._tell_set()
        self._tell_fresh()

    def _count(self, image: SiteImage) -> None:
        self._counters.add(image)
        if self._counters.is_due(image.at_s):
            fact = self._counters.fact()
            self._store.set_fact(COUNTERS, fact)
            self._counters.stored(fact, image.at_s)

    def _measured(
        self,
        image: SiteImage,
        decision: Decision | None,
        reading: Reading | None,
        prices: tuple[float, float],
        clearings: Mapping[str, Clearing],
    ) -> Measured:
        clearing = None if decision is None else clearings.get(decision.slot.label)
        price = None if clearing is None else clearing.price_micro_per_kwh
        return Measured(
            image=image,
            decision=decision,
            retail_per_kwh=prices[0],
            feed_in_per_kwh=prices[1],
            market_per_kwh=None if price is None else price / 1e6,
            import_kwh=_kwh(None if reading is None else reading.import_wh),
            export_kwh=_kwh(None if reading is None else reading.export_wh),
            device_kwh={unit.id: self._counters.kwh(unit.id) for unit in self._home.units},
            money_today=self._money.today(image.at_s, self._spent(self._money.since_s(image.at_s))),
            money_since_s=self._money.since_s(image.at_s),
        )

    def _tell_measured(self, measured: Measured) -> None:
        self._tell(self._topics.live, live(self._home, measured), retain=False)
        self._tell(self._topics.energy, energy(self._home, measured), retain=True)
        decision, units = measured.decision, {unit.id: unit for unit in self._home.units}
        for setpoint in () if decision is None else decision.setpoints:
            assert decision is not None
            document = why(setpoint, decision, units[setpoint.device])
            self._tell(self._topics.why(setpoint.device), document, retain=False)

    def _tell_set(self) -> None:
        wished, overrides = self._household.settings(), self._household.overrides()
        document = settings(self._home, wished, overrides, self._desk.hours)
        self._tell(self._topics.settings, document, retain=True)
        self._tell(self._topics.refused, self._desk.refusal, retain=True)

    def _tell_fresh(self) -> None:
        is_fresh = self._seen_s is not None and self._now() - self._seen_s <= FRESH_S
        payload = ONLINE if is_fresh else OFFLINE
        self._publish(Publication(topic=self._topics.fresh, payload=payload, retain=True), only_changes=True)

    def _tell(self, topic: str, document: Mapping[str, Any], *, retain: bool) -> None:
        payload = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._publish(Publication(topic=topic, payload=payload, retain=retain), only_changes=retain)

    def _publish(self, state: Publication, *, only_changes: bool) -> None:
        """Tells a state; retained ones only when they changed, as the server keeps them."""
        is_told = self._states.get(state.topic) == state
        self._states[state.topic] = state
        if not (only_changes and is_told):
            self._link.tell(state)

    def _tell_all(self) -> None:
        """All there is: after a new connection, and when Home Assistant has started."""
        publications = discovery(self._table.discovery, self._topics, self._entities, self._about, self._before)
        self._link.send(publications, then=self._remember)
        for state in self._states.values():
            self._link.tell(state)
        self._tell_fresh()
        self._tell_set()

    def _remember(self) -> None:
        """The server has all of it: the next start knows what to remove."""
        now_told = told(self._table.discovery, self._topics, self._entities)
        if now_told != self._before:
            self._before = now_told
            self._store_fact()

    def _store_fact(self) -> None:
        document = None if self._before is None else self._before.document()
        self._store.set_fact(FACT, {"told": document, "hours": self._desk.hours})

    def _on_birth(self) -> None:
        if self._birth is None or self._birth.done():
            self._birth = asyncio.get_running_loop().create_task(self._answer_birth())

    async def _answer_birth(self) -> None:
        await asyncio.sleep(JITTER_S_MAX * self._jitter())
        self._tell_all()

    def _on_command(self, component: str, payload: bytes) -> None:
        hours = self._desk.hours
        outcome = self._desk.take(component, payload)
        if isinstance(outcome, Rejected):
            LOG.info("a command of Home Assistant was refused: %s", "; ".join(map(str, outcome.reasons)))
        if self._desk.hours != hours:
            self._store_fact()
        self._states.pop(self._topics.settings, None)  # told even when nothing changed: the other side may think so
        self._tell_set()


def _kwh(energy_wh: int | None) -> float | None:
    return None if energy_wh is None else energy_wh / 1000.0
