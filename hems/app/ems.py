"""The energy manager's process: images in, leases out, forecasts at night, strategies to the meter."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from hems.app.home_assistant import HomeAssistantApp
from hems.app.learnt import Learnt
from hems.app.stages import stage_trader
from hems.app.step_clock import StepClock
from hems.app.telemetry import EmsTelemetry
from hems.app.waiting import watched
from hems.bidding.offers import Offers, offers_to_line
from hems.bidding.strategy import Strategy, strategy_to_line
from hems.control.drift_watch import DriftWatch
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.history import History
from hems.control.home_loop import Actions, HomeLoop, Timing
from hems.control.household.desk import answer
from hems.control.household.household import Household
from hems.control.live_outlook import LiveOutlook
from hems.control.weather_watch import WeatherWatch
from hems.forecasting.drift import drift
from hems.forecasting.series import Kind
from hems.io.edge_store import EdgeStore, StoreError
from hems.io.forecast_worker import ForecastWorker, TrainingFailed
from hems.io.home_link import RETRY_S, Line, connected
from hems.io.household_link import HouseholdServer
from hems.io.local_socket import HOUSEHOLD_SOCKET, METER_SOCKET, socket_path
from hems.io.model_store import load_model, save_model
from hems.io.price_file import prices_of
from hems.io.problem_file import PlannedProblem, packed
from hems.io.site_devices import SiteDevices
from hems.io.weather_source import weather_source
from hems.metering.image import SiteImage
from hems.planning.plan import Plan
from hems.site.comfort import adaptive_band
from hems.site.config import HomeConfig
from hems.site.home import AdaptivePeriod, ZoneUnit
from wire.codec import DecodeError, canonical, decode
from wire.messages import BY_KIND
from wire.telemetry.house import Managing

if TYPE_CHECKING:
    from hems.app.page import HousePage

LOG = logging.getLogger(__name__)
TAKEN_TIMEOUT_S = 10.0
KINDS: tuple[Kind, ...] = ("load", "pv")
SEED = 1


class EmsApp:
    """One home's energy manager, assembled from its configuration."""

    def __init__(self, config: HomeConfig, base: Path, *, config_path: Path | None = None) -> None:
        home, state_dir = config.as_home(), base / config.home.state_dir
        self._config = config
        self._has_adaptive_comfort = any(
            isinstance(period, AdaptivePeriod)
            for unit in home.units
            if isinstance(unit, ZoneUnit)
            for period in unit.comfort
        )
        self._band_is_held = False
        self._driven = config.clock.mode == "driven"
        self._socket = socket_path(state_dir, METER_SOCKET)
        self._household_server = HouseholdServer(socket_path(state_dir, HOUSEHOLD_SOCKET), self._answer)
        self._store = EdgeStore(state_dir / "ems.db")
        self._devices = SiteDevices(config, base, self._store)
        self._worker = ForecastWorker()
        self._history = History(home.slot_minutes)
        self._history.load(self._store.slot_means(home.slot_minutes))
        self._weather = None if config.weather is None else WeatherWatch(weather_source(config.weather, base))
        self._prices = prices_of(config.tariff, base, home.timezone)
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
        token = int(self._store.fact("fencing_token") or 0) + 1
        self._store.set_fact("fencing_token", token)
        self._loop = HomeLoop(
            EnergyManager(home, self._outlook, settings=settings, clock=time.monotonic),
            self._history,
            self._outlook,
            Timing(
                tick_s=config.control.tick_s,
                plan_lead_s=config.control.plan_lead_s,
                measures_at_ticks=not self._driven,
            ),
            trades=config.market is not None,
            token=token,
            trader=stage_trader(config.market, clock=time.monotonic),
            household=self.household,
        )
        self._stepped_s: int | None = None
        self._image: SiteImage | None = None
        self._drift = DriftWatch()
        self._models = state_dir / "models"
        self._recorded: Plan | None = None
        self._trained_day: int | None = None
        self._training: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._send: Callable[[Line], None] | None = None
        self._taken = asyncio.Event()
        self._busy = asyncio.Lock()
        self._page = self._made_page(state_dir, config_path)

    def _made_page(self, state_dir: Path, config_path: Path | None) -> "HousePage | None":
        if self._config.page is None:
            return None
        from hems.app.page import HousePage  # a home without a page does not pay for a web server

        return HousePage(
            self._config,
            state_dir,
            loop=self._loop,
            household=self.household,
            store=self._store,
            prices=self._prices,
            is_linked=lambda: self._send is not None,
            now_s=self._now_s,
            look=None if self._driven else self._look,
            config_path=config_path,
        )

    async def _look(self) -> SiteImage | None:
        """What is measured between two steps, only to be shown."""
        if self._busy.locked():
            return None
        async with self._busy:
            return await self._devices.image(int(time.time()))

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set."""
        failed = watched(self._store, stop)
        self._note_health("started")
        self._telemetry.vitals.watch_loop()
        running = [asyncio.create_task(self._talk_to_meter())] if self._config.market is not None else []
        running.append(asyncio.create_task(self._household_server.serve()))
        if self._page is not None:
            running.append(asyncio.create_task(self._page.serve()))
        if self._home_assistant is not None:
            running.append(asyncio.create_task(self._home_assistant.run()))
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
            await self._worker.close()
            with suppress(StoreError):
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
            now=self._now_s,
            jitter=random.random,
            version=version("hearthgrid"),
        )

    def _tell_home_assistant(self, now_s: int, image: SiteImage | None) -> None:
        if self._home_assistant is None:
            return
        home = self._loop.manager.home
        retail, feed_in = self._prices.prices(now_s - now_s % home.slot_s, home.slot_s, 1)
        self._home_assistant.step(
            image,
            self._loop.decision,
            reading=self._devices.newest,
            prices=(float(retail[0]), float(feed_in[0])),
            clearings=self._loop.view.clearings,
        )

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
        return next_s

    async def _stepped(self, now_s: int) -> int:
        async with self._busy:
            self._note_minute(now_s)
            await self._train_daily(now_s)
            self._ask_for_weather(now_s)
            if self._image is None or not self._driven or self._loop.needs_image(now_s):
                image = await self._devices.image(now_s)
                if image is None:
                    if self._page is not None:
                        self._page.silent(now_s)
                    self._tell_home_assistant(now_s, None)
                    return self._loop.next_wake_s(now_s)
                self._image = image
                if self._page is not None:
                    self._page.measured(image)
                actions = self._loop.step(now_s, image)
                self._telemetry.seen(image, actions)
            else:
                actions = Actions(leases=self._loop.renewed(now_s, self._image))
            self._record(now_s, actions)  # before it is done: a crash never leaves a command without its reason
            await self._devices.lease(actions.leases)
            self._tell_home_assistant(now_s, self._image)
            if actions.offers is not None:
                self._offer(now_s, actions.offers)
            if actions.strategy is not None:
                await self._hand_over(actions.strategy)
            return self._loop.next_wake_s(now_s)

    def _ask_for_weather(self, now_s: int) -> None:
        """Starts a look for a newer forecast; nobody waits for it, as a slow service must not hold up a step."""
        if self._weather is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._learnt.update_weather(self._weather, now_s))

    async def _train_daily(self, now_s: int) -> None:
        """Once a day models are trained in the worker; a driven clock waits for them, real time does not."""
        day = self._loop.manager.home.local_day(now_s)
        if day == self._trained_day:
            return
        if self._trained_day is None and self._restore_models(day):
            self._trained_day = day
            return
        self._trained_day = day
        self._training = asyncio.create_task(self._train(now_s) if self._driven else self._train_after_step(now_s))
        if self._driven:
            await self._training

    async def _train_after_step(self, now_s: int) -> None:
        """Trains when the running step is over: its plan and what the worker is sent would be too much at once."""
        async with self._busy:
            pass
        await self._train(now_s)

    def _restore_models(self, day: int) -> bool:
        """Takes the stored models; true when one was trained on this day: today's training is done then."""
        home = self._loop.manager.home
        for kind in KINDS:
            model = load_model(self._models, kind)
            if model is not None:
                self._outlook.models[kind] = model
        return any(home.local_day(m.trained_until_epoch_s) == day for m in self._outlook.models.values())

    async def _train(self, now_s: int) -> None:
        past = self._history.series(now_s)
        if past is None:
            return
        home = self._loop.manager.home
        self._drift.update(drift(past[0]))
        for kind, series in zip(KINDS, past, strict=True):
            if not (series.values_kw > 0).any():
                continue
            trained = await self._worker.train(
                series,
                timezone=home.timezone,
                seed=SEED,
                kind=kind,
                holidays=self._config.home.holiday_numbers,
                temperature=self._outlook.signals.outdoor(now_s) if kind == "load" else None,
            )
            if isinstance(trained, TrainingFailed):
                LOG.info("forecast of %s: %s, the seasonal one serves", kind, trained.message)
            else:
                self._outlook.models[kind] = trained
                save_model(self._models, kind, trained)
        await self._worker.close()

    async def _hand_over(self, strategy: Strategy) -> None:
        """Gives a strategy to the meter and waits until it has been published, for a bounded time."""
        market = self._config.market
        if self._send is None or market is None:
            return
        self._taken.clear()
        self._send(strategy_to_line(strategy))
        self._loop.told(strategy, market.community)
        try:
            await asyncio.wait_for(self._taken.wait(), TAKEN_TIMEOUT_S)
        except TimeoutError:
            LOG.warning("slot=%s: the meter did not take the strategy in time", strategy.slot.label)

    def _offer(self, now_s: int, offers: Offers) -> None:
        """Records what was decided in the other stages and why, and gives what is offered to the meter."""
        slot_s = now_s - now_s % self._loop.manager.home.slot_s
        rows = [(slot_s, about, now_s, "offer", 0.0, code, 0.0, 0.0, text) for about, code, text in offers.reasons]
        self._store.add("decisions", rows)
        if self._send is not None and not offers.is_empty:
            self._send(offers_to_line(offers))

    async def _talk_to_meter(self) -> None:
        """Keeps the link to the meter's process; without it the home goes on alone."""
        told = False
        while True:
            try:
                async with connected(self._socket) as (lines, send):
                    self._send, told = send, False
                    send({"type": "hello", "slot_minutes": self._config.home.slot_minutes})
                    async for line in lines:
                        await self._on_line(line)
            except (OSError, ValueError) as error:
                if not told and not self._driven:
                    LOG.warning("the meter process is not there (%s): start `hems meter`; trading waits", error)
                told = True
            self._send = None
            await asyncio.sleep(RETRY_S)

    async def _on_line(self, line: Line) -> None:
        match line.get("type"):
            case "message":
                self._learn(line)
            case "taken":
                self._taken.set()
            case "instant":
                asyncio.get_running_loop().create_task(self._on_instant(line))

    def _learn(self, line: Line) -> None:
        model = BY_KIND.get(str(line.get("kind")))
        if model is None:
            return
        try:
            message = decode(model, canonical(line.get("payload")))
        except DecodeError as error:
            LOG.warning("home link: a %s that is none: %s", line.get("kind"), error)
            return
        self._loop.view.learn(message)
        if self._page is not None:
            self._page.heard()
        if self._home_assistant is not None:
            self._home_assistant.learn(message)

    async def _on_instant(self, line: Line) -> None:
        next_s = await self.step(int(line["now_s"])) if line["instant"] else None
        if self._send is not None:
            self._send({"type": "done", "instant": line["instant"], "next_s": next_s})

    def _record(self, now_s: int, actions: Actions) -> None:
        if actions.slot_means is not None:
            self._store.add_slot_means([actions.slot_means])
            if self._has_adaptive_comfort:
                self._note_comfort(now_s)
        if actions.decision is not None:
            slot_s = actions.decision.slot.start_s
            rows = [
                (
                    slot_s,
                    s.device,
                    now_s,
                    actions.decision.rung,
                    s.power_kw,
                    s.why.code,
                    s.why.price_per_kwh,
                    s.why.worth_per_h,
                    s.why.text,
                )
                for s in actions.decision.setpoints
            ]
            self._store.add("decisions", rows)
        self._record_problem(now_s)
        self._learnt.record(actions)
        plan, slot = self._loop.manager.plan, self._loop.manager.planned_slot
        if actions.strategy is not None and plan is not None and slot is not None:
            net_wh = canonical(list(actions.strategy.net_wh)).decode()
            row = (slot.start_s, plan.status, plan.objective, net_wh, _detail(plan))
            self._store.add("plans", [row])

    def _note_minute(self, now_s: int) -> None:
        """Once a minute: how the process fares, and a little of what is too old is forgotten."""
        said = None if self._weather is None else self._weather.latest(now_s)
        is_due = self._telemetry.minute(
            now_s,
            {
                Managing.is_meter_connected: None if self._config.market is None else int(self._send is not None),
                Managing.weather_age_s: None if said is None else float(now_s - said.issued_s),
                Managing.history_slots: self._history.slots,
            },
        )
        if is_due:
            self._store.forget_old(now_s)

    def _record_problem(self, now_s: int) -> None:
        """Stores what the newest plan was made from, once, so that `hems why` can answer for it."""
        manager = self._loop.manager
        problem, plan, slot = manager.problem, manager.plan, manager.planned_slot
        if problem is None or plan is None or slot is None or plan is self._recorded:
            return
        self._store.add_problem(slot.start_s, now_s, packed(PlannedProblem.of(problem, plan, manager.futures)))
        self._recorded = plan
        self._telemetry.planned(now_s, manager, self._outlook, self._loop.view)

    def _note_comfort(self, now_s: int) -> None:
        """Says once when the weather leaves the range of adaptive comfort, and once when it is back."""
        mean_c = self._outlook.signals.outdoor_days.prevailing_mean_c(now_s)
        is_held = mean_c is not None and adaptive_band(mean_c, 80).is_held
        if is_held != self._band_is_held:
            words = (
                "outside 10..33.5: the comfort band of the nearest edge is held" if is_held else "in 10..33.5 again"
            )
            LOG.warning("prevailing outdoor temperature %.1f degC is %s", mean_c, words)
        self._band_is_held = is_held


def _detail(plan: Plan) -> str:
    """Planned states of all devices (null where a car is away) and marginal prices as JSON."""
    states = {
        name: [None if math.isnan(value) else round(value, 4) for value in device.state.tolist()]
        for name, device in plan.devices.items()
        if device.state is not None
    }
    marginal = [round(price, 6) for price in plan.marginal_price_per_kwh.tolist()]
    return canonical({"marginal_per_kwh": marginal, "state": states}).decode()
