"""The energy manager's process: images in, leases out, forecasts at night, strategies to the meter."""

import asyncio
import logging
import random
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from hems.app.grid_limit import GridLimitApp
from hems.app.home_assistant import HomeAssistantApp
from hems.app.learnt import Learnt
from hems.app.meter_process import MeterProcess
from hems.app.spending import SpentBook
from hems.app.stages import stage_trader
from hems.app.step_clock import StepClock
from hems.app.step_records import StepRecords
from hems.app.telemetry import EmsTelemetry
from hems.app.training import DailyTraining
from hems.app.waiting import watched
from hems.bidding.offers import Offers
from hems.bidding.strategy import Strategy
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.history import History
from hems.control.home_loop import Actions, HomeLoop, Timing
from hems.control.household.desk import answer
from hems.control.household.household import Household
from hems.control.live_outlook import LiveOutlook
from hems.control.weather_watch import WeatherWatch
from hems.io.edge_store import EdgeStore, StoreError
from hems.io.heap import give_back_free_pages
from hems.io.home_link import Line
from hems.io.household_link import HouseholdServer
from hems.io.local_socket import HOUSEHOLD_SOCKET, METER_SOCKET, socket_path
from hems.io.price_file import prices_of
from hems.io.site_devices import SiteDevices
from hems.io.weather_source import weather_source
from hems.metering.image import SiteImage
from hems.planning.planner import Planner
from hems.site.config import HomeConfig
from wire.messages import Message
from wire.telemetry.house import Managing

if TYPE_CHECKING:
    from hems.app.page import HousePage

LOG = logging.getLogger(__name__)


def _new_planner() -> Planner:
    return Planner(time.monotonic, give_back=give_back_free_pages)


class EmsApp:
    """One home's energy manager, assembled from its configuration."""

    def __init__(self, config: HomeConfig, base: Path, *, config_path: Path | None = None) -> None:
        home, state_dir = config.as_home(), base / config.home.state_dir
        self._config = config
        self._driven = config.clock.mode == "driven"
        self._meter = MeterProcess(
            socket_path(state_dir, METER_SOCKET),
            config.home.slot_minutes,
            learn=self._learn,
            step=self.step,
            says_absence=not self._driven,
        )
        self._household_server = HouseholdServer(socket_path(state_dir, HOUSEHOLD_SOCKET), self._answer)
        self._store = EdgeStore(state_dir / "ems.db")
        self._devices = SiteDevices(config, base, self._store)
        self._history = History(home.slot_minutes)
        self._history.load(self._store.slot_means(home.slot_minutes))
        self._weather = None if config.weather is None else WeatherWatch(weather_source(config.weather, base))
        self._prices = prices_of(config.tariff, base, home.timezone)
        self._spent = SpentBook(self._store, home.slot_minutes, self._prices_at, keeps_running=not self._driven)
        self._outlook = LiveOutlook(
            self._history,
            self._prices,
            timezone=home.timezone,
            slot_s=home.slot_s,
            building=config.home.building,
            weather=self._weather,
            futures=config.control.futures,
            holidays=config.home.holiday_numbers,
        )
        self._telemetry = EmsTelemetry(config, state_dir)
        self._clock = StepClock(self.step, tick_s=config.control.tick_s, stepped=self._telemetry.stepped)
        self._learnt = Learnt(self._store, self._outlook, self._weather)
        self._learnt.restore()
        settings = Settings(horizon_slots=config.control.horizon_hours * 3600 // home.slot_s)
        self.household = Household(home, self._store, now=self._now_s, on_change=self._clock.wake_at_once)
        for finding in self.household.left_out:
            LOG.warning("a stored wish no longer fits this home and is left out: %s", finding)
        self._home_assistant = self._in_home_assistant(config, base)
        self._grid = self._grid_limit(config)
        token = int(self._store.fact("fencing_token") or 0) + 1
        self._store.set_fact("fencing_token", token)
        self._loop = HomeLoop(
            EnergyManager(home, self._outlook, settings=settings, planner=_new_planner()),
            self._history,
            self._outlook,
            Timing(
                tick_s=config.control.tick_s,
                plan_lead_s=config.control.plan_lead_s,
                measures_at_ticks=not self._driven,
            ),
            trades=config.market is not None,
            token=token,
            trader=stage_trader(config.market, _new_planner),
            household=self.household,
            grid=None if self._grid is None else self._grid.limit,
        )
        self._stepped_s: int | None = None
        self._image: SiteImage | None = None
        self._records = StepRecords(
            self._store,
            self._loop.manager,
            self._learnt,
            self._outlook,
            trades=config.market is not None,
            planned=self._tell_planned,
        )
        self._training = DailyTraining(
            state_dir / "models", self._history, self._outlook, home=home, holidays=config.home.holiday_numbers
        )
        self._asking: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()
        self._page = self._made_page(state_dir, config_path)

    def _grid_limit(self, config: HomeConfig) -> GridLimitApp | None:
        if config.grid_limit is None:
            return None
        return GridLimitApp(
            config.grid_limit,
            self._devices.mqtt,
            self._store,
            timezone=config.home.timezone,
            on_change=self._clock.wake_at_once,
        )

    def _made_page(self, state_dir: Path, config_path: Path | None) -> "HousePage | None":
        if self._config.page is None:
            return None
        from hems.app.page import HousePage  # a home without a page does not pay for a web server

        return HousePage(
            self._config,
            state_dir,
            loop=self._loop,
            household=self.household,
            spent=self._spent,
            prices=self._prices,
            is_linked=lambda: self._meter.is_linked,
            now_s=self._now_s,
            look=None if self._driven else self._look,
            config_path=config_path,
        )

    async def _look(self) -> SiteImage | None:
        """What is measured between two steps, only to be shown."""
        if self._busy.locked():
            return None
        async with self._busy:
            image = await self._devices.image(int(time.time()))
            if image is not None:
                self._spent.measured(image, self._devices.last)
            return image

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set."""
        failed = watched(self._store, stop)
        self._note_health("started")
        self._telemetry.vitals.watch_loop()
        running = [asyncio.create_task(self._meter.run())] if self._config.market is not None else []
        running.append(asyncio.create_task(self._household_server.serve()))
        if self._page is not None:
            running.append(asyncio.create_task(self._page.serve()))
        if self._home_assistant is not None:
            running.append(asyncio.create_task(self._home_assistant.run()))
        if self._grid is not None:
            self._grid.start()
        if not self._driven:
            self._clock.start()
        try:
            await stop.wait()
        finally:
            self._clock.stop()
            if self._asking is not None:
                running.append(self._asking)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._training.close()
            with suppress(StoreError):
                self._spent.keep()
                self._note_health("stopped")
            self._telemetry.close()
            self._devices.close()
            self._store.close()
        if failed:
            raise failed[0]

    def _answer(self, asked: Line) -> Line:
        """The answer to a program on the local socket."""
        timezone = self._config.home.timezone
        return answer(self.household, asked, by="cli", now_s=self._now_s(), timezone=timezone)

    def _in_home_assistant(self, config: HomeConfig, base: Path) -> HomeAssistantApp | None:
        if config.home_assistant is None:
            return None
        return HomeAssistantApp(
            config.home_assistant,
            base,
            config.as_home(),
            store=self._store,
            household=self.household,
            spent=self._spent.slots,
            now=self._now_s,
            jitter=random.random,
            version=version("hearthgrid"),
        )

    def _tell_home_assistant(self, now_s: int, image: SiteImage | None) -> None:
        if self._home_assistant is None:
            return
        self._home_assistant.step(
            image,
            self._loop.decision,
            reading=self._devices.newest,
            prices=self._prices_at(now_s),
            clearings=self._loop.view.clearings,
        )

    def _prices_at(self, at_s: int) -> tuple[float, float]:
        """(retail, feed-in) in the slot of a moment [currency/kWh]."""
        slot_s = 60 * self._config.home.slot_minutes
        retail, feed_in = self._prices.prices(at_s - at_s % slot_s, slot_s, 1)
        return float(retail[0]), float(feed_in[0])

    def _note_health(self, value: str) -> None:
        self._store.add("health", [(int(time.time()), "energy_manager", value)])

    def _now_s(self) -> int:
        """The time as people see it [s since 1970]; with a driven clock that of the newest instant."""
        return self._stepped_s if self._driven and self._stepped_s is not None else int(time.time())

    async def step(self, now_s: int) -> int:
        """Does what is due at a moment; returns the next wake [s since 1970]."""
        self._stepped_s = now_s
        next_s = await self._stepped(now_s)
        if self._page is not None:
            self._page.show()
        give_back_free_pages()
        return next_s

    async def _stepped(self, now_s: int) -> int:
        async with self._busy:
            self._note_minute(now_s)
            training = self._training.begin(now_s, None if self._driven else self._busy)
            if training is not None and self._driven:  # a driven clock waits for models, real time does not
                await training
            self._ask_for_weather(now_s)
            if self._image is None or not self._driven or self._loop.needs_image(now_s):
                await self._keep_to_the_limit(now_s, self._image)  # a device that is slow to answer is not waited for
                image = await self._devices.image(now_s)
                if image is None:
                    if self._page is not None:
                        self._page.silent(now_s)
                    self._tell_home_assistant(now_s, None)
                    return self._loop.next_wake_s(now_s)
                self._image = image
                self._spent.measured(image, self._devices.last)
                if self._page is not None:
                    self._page.measured(image)
                await self._keep_to_the_limit(now_s, image)
                actions = self._loop.step(now_s, image)
                self._telemetry.seen(image, actions)
            else:
                actions = Actions(leases=self._loop.renewed(now_s, self._image))
            self._record_reading(now_s)
            # Before it is done: a crash never leaves a command without its reason.
            self._records.record(now_s, actions)
            await self._devices.lease(actions.leases)
            self._tell_home_assistant(now_s, self._image)
            if actions.offers is not None:
                self._offer(now_s, actions.offers)
            if actions.strategy is not None:
                await self._hand_over(actions.strategy)
            return self._loop.next_wake_s(now_s)

    async def _keep_to_the_limit(self, now_s: int, image: SiteImage | None) -> None:
        """What the network operator allows holds at once; the plan that goes with it is made afterwards."""
        if self._grid is None:
            return
        self._grid.note(now_s)
        if image is not None and self._loop.is_limited_anew(now_s):
            await self._devices.lease(self._loop.limited(now_s, image))

    def _record_reading(self, now_s: int) -> None:
        reading = self._devices.last
        if self._config.market is None and reading is not None:
            self._records.record_reading(now_s, reading)

    def _ask_for_weather(self, now_s: int) -> None:
        """Starts a look for a newer forecast; nobody waits for it, as a slow service must not hold up a step."""
        if self._weather is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._learnt.update_weather(self._weather, now_s))

    def _offer(self, now_s: int, offers: Offers) -> None:
        self._records.record_offers(now_s, offers)
        self._meter.offer(offers)

    async def _hand_over(self, strategy: Strategy) -> None:
        market = self._config.market
        if market is not None:
            await self._meter.hand_over(strategy, lambda: self._loop.told(strategy, market.community))

    def _learn(self, message: Message) -> None:
        """Takes a verified message of the community."""
        self._loop.view.learn(message)
        if self._page is not None:
            self._page.heard()
        if self._home_assistant is not None:
            self._home_assistant.learn(message)

    def _note_minute(self, now_s: int) -> None:
        """Once a minute: how the process fares, and a little of what is too old is forgotten."""
        said = None if self._weather is None else self._weather.latest(now_s)
        is_due = self._telemetry.minute(
            now_s,
            {
                Managing.is_meter_connected: None if self._config.market is None else int(self._meter.is_linked),
                Managing.weather_age_s: None if said is None else float(now_s - said.issued_s),
                Managing.history_slots: self._history.slots,
            },
        )
        if is_due:
            self._store.forget_old(now_s)

    def _tell_planned(self, now_s: int) -> None:
        self._telemetry.planned(now_s, self._loop.manager, self._outlook, self._loop.view)
