"""The transactive meter's process: registers in, signed orders and reports out, the market's answers to the home."""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pydantic import ValidationError

from doctor.machine.clock import SET_IT
from hems.app.held_messages import HeldMessages
from hems.app.home_instants import HomeInstants
from hems.app.key import load_or_make_key
from hems.app.market_news import MarketNews
from hems.app.meter_telemetry import MeterTelemetry
from hems.app.replays import Replays
from hems.app.site_readings import SiteReadings
from hems.app.waiting import watched
from hems.bidding.offers import offers_from_line
from hems.bidding.strategy import strategy_from_line
from hems.control import market_clock
from hems.control.market_auditor import MarketAuditor
from hems.control.market_clock import MarketClock, clock_words
from hems.control.transactive_meter import TransactiveMeter
from hems.io.edge_store import EdgeStore, StoreError
from hems.io.home_link import Line, LinkServer
from hems.io.local_socket import METER_SOCKET, socket_path
from hems.io.market_files import with_files
from hems.io.market_mqtt import MarketMqtt, MarketReceivers
from hems.io.site_devices import SiteDevices
from hems.site.config import HomeConfig, MarketTable
from wire import messages as m
from wire.audit import Violation
from wire.clock import READY, Done, Instant
from wire.signing import client_id
from wire.slots import format_utc, slot_at

LOG = logging.getLogger(__name__)
CLEARINGS_KNOWN = 100  # a day-ahead auction has one for each slot of a day
POLL_S = 10
CLOCK_TRUSTED_FROM_S = 1_767_225_600  # 2026-01-01: an earlier system clock was never set


class MeterApp:
    """One home's transactive meter, assembled from its configuration."""

    def __init__(self, config: HomeConfig, market: MarketTable, base: Path) -> None:
        state_dir = base / config.home.state_dir
        self._minutes = config.home.slot_minutes
        self._driven = config.clock.mode == "driven"
        market = with_files(market, base)
        self._store = EdgeStore(state_dir / "meter.db")
        self._devices = SiteDevices(config.model_copy(update={"device": ()}), base, self._store, settles=True)
        auditor = MarketAuditor(meter=config.home.meter, community=market.community, on_violation=self._on_violation)
        is_replaying = not self._driven if market.replay is None else market.replay
        self._replays = (
            Replays(auditor, community=market.community, broker_key=market.broker_key) if is_replaying else None
        )
        self._link = LinkServer(socket_path(state_dir, METER_SOCKET), self._on_line, self._on_home)
        held = HeldMessages(self._store, self._minutes)
        self._news = MarketNews(self._store, held, self._link.send)
        key = load_or_make_key(state_dir / "meter.key")
        self._clock = None if self._driven else MarketClock(60 * self._minutes)
        self._session = TransactiveMeter(
            meter=config.home.meter,
            community=market.community,
            key=key,
            broker_key=bytes.fromhex(market.broker_key),
            outbox=self._store,
            on_message=self._news.take,
            auditor=auditor,
            clock=self._clock,
        )
        for text in self._store.market_messages(m.Clearing.kind, CLEARINGS_KNOWN):
            self._know_clearing(text)
        held.restore(self._session.view.learn)
        self._market = MarketMqtt(
            market,
            base,
            meter=config.home.meter,
            client_id=client_id(key, market.community, config.home.meter),
            driven=self._driven,
            receivers=MarketReceivers(
                on_frame=self._on_frame, on_instant=self._on_instant, on_connected=self._on_connected
            ),
        )
        self._telemetry = MeterTelemetry(config, state_dir)
        self._readings = SiteReadings(
            config,
            devices=self._devices,
            store=self._store,
            session=self._session,
            telemetry=self._telemetry,
            send=self._market.send,
        )
        self._home = HomeInstants(self._link)
        self._tasks: set[asyncio.Task[None]] = set()
        self._virtual_s: int | None = None

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set."""
        failed = watched(self._store, stop)
        self._note_health("started")
        self._store.set_fact(market_clock.FACT, None)
        self._telemetry.vitals.watch_loop()
        running = [asyncio.create_task(self._market.run()), asyncio.create_task(self._link.serve())]
        running += [] if self._replays is None else [asyncio.create_task(self._replays.run())]
        scheduler = None if self._driven else self._start_clock()
        waiting = asyncio.ensure_future(stop.wait())
        done, _ = await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
        if scheduler is not None:
            scheduler.shutdown(wait=False)
        for task in [waiting, *running]:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with suppress(StoreError):
            self._note_health("stopped")
        self._telemetry.close()
        self._devices.close()
        self._store.close()
        if failed:
            raise failed[0]
        for task in done:
            if task is not waiting:
                task.result()

    def _note_health(self, value: str) -> None:
        self._store.add("health", [(int(time.time()), "transactive_meter", value)])

    def _start_clock(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone=UTC)

        async def wake() -> None:
            now_s = int(time.time())
            try:
                await self._read(now_s)
                self._market.send(self._readings.loop.resend(now_s))
            except StoreError:
                LOG.debug("the store has failed: the program ends and says why")
            except asyncio.CancelledError:
                LOG.debug("a reading was cut off: the program ends")  # the scheduler would print it as an error
            finally:
                next_s = min(self._readings.next_s(now_s), now_s + POLL_S)
                when = datetime.fromtimestamp(max(next_s, int(time.time()) + 1), UTC)
                scheduler.add_job(wake, "date", run_date=when, misfire_grace_time=None)

        scheduler.add_job(wake, "date", run_date=datetime.now(UTC), misfire_grace_time=None)
        scheduler.start()
        return scheduler

    def _now_s(self) -> int | None:
        """The moment that messages carry; None while time cannot be trusted: then nothing is traded."""
        return None if self._clock is not None and self._clock.off_s is not None else self._clock_s()

    def _clock_s(self) -> int | None:
        """What the clock shows; None while it was never set."""
        if self._driven:
            return self._virtual_s
        now_s = int(time.time())
        return now_s if now_s >= CLOCK_TRUSTED_FROM_S else None

    async def _read(self, now_s: int) -> None:
        """Reads the meter; a clock that is off would report the wrong slot."""
        self._note_minute(now_s)
        await self._readings.read(now_s, may_report=self._clock is None or self._clock.off_s is None)

    def _note_minute(self, now_s: int) -> None:
        """Once a minute: how the process fares, and a little of what is too old is forgotten."""
        is_there = {"is_mqtt": self._market.is_connected, "is_home": self._link.connected}
        if self._telemetry.minute(now_s, lambda: [slot for _, slot, *_ in self._store.unanswered()], **is_there):
            self._store.forget_old(now_s)

    def _know_clearing(self, text: str) -> None:
        """An award that was on its way while this process was away proves itself under its clearing."""
        try:
            self._session.know(m.Clearing.model_validate_json(text))
        except ValidationError:
            LOG.debug("a clearing that an earlier release stored is not read: its award proves nothing")

    def _on_connected(self) -> None:
        now_s = self._now_s()
        if self._clock is not None:
            self._clock.connected(int(time.time()))
        if now_s is not None:
            self._market.send([self._session.hello(now_s), *self._session.unanswered()])
        if self._clock is not None and now_s is not None:  # a slot that is over and still open: the clock is ahead
            self._market.send([self._session.asked(slot_at(now_s, self._minutes).shifted(-1))])
        if self._driven and self._virtual_s is None:
            self._spawn(self._ready())

    async def _ready(self) -> None:
        await self._home.ready()
        self._market.send_done(Done(READY, None))

    def _on_frame(self, kind: str, data: bytes) -> None:
        off_s = None if self._clock is None else self._clock.off_s
        message = self._session.receive(kind, data, self._clock_s(), time.monotonic())
        if self._clock is not None and self._clock.off_s != off_s:
            self._tell_clock(self._clock.off_s, was_off=off_s is not None)
        if message is not None and self._replays is not None:
            self._replays.hear(message, data)
        self._market.send(self._session.to_send())

    def _tell_clock(self, off_s: int | None, *, was_off: bool) -> None:
        """Says when the clock and the market's part, and when they agree again; keeps it for page and status."""
        self._store.set_fact(market_clock.FACT, off_s)
        if off_s is None:
            LOG.warning("the clock agrees with the market's again: trading goes on")
            self._on_connected()
        elif not was_off:
            LOG.error("%s: nothing is traded or reported; %s", clock_words(off_s), SET_IT)

    def _on_violation(self, violation: Violation) -> None:
        """Keeps and tells what the market operator did wrong; the home goes on, people decide."""
        LOG.error("market operator: %s; keep meter.db and run 'community-broker verify'", violation)
        self._note_health(f"market audit: {violation}")
        self._telemetry.violations += 1

    def _on_home(self) -> None:
        self._news.all_to_home()
        self._home.connected()

    def _on_line(self, line: Line) -> None:
        match line.get("type"):
            case "strategy":
                self._spawn(self._trade(line))
            case "offers":
                self._offer(line)
            case "done":
                self._home.answered(line)

    def _why_not_trusted(self) -> str:
        off_s = None if self._clock is None else self._clock.off_s
        return f"the clock is not set ({format_utc(int(time.time()))})" if off_s is None else clock_words(off_s)

    async def _trade(self, line: Line) -> None:
        """Publishes a strategy and tells the home when the broker has receipted the order."""
        now_s = self._now_s()
        try:
            strategy = strategy_from_line(line)
        except ValueError as error:
            LOG.warning("home link: %s", error)
            return
        slot = strategy.slot
        if now_s is None:
            LOG.warning("slot=%s: no order, %s", slot.label, self._why_not_trusted())
        else:
            sent_before = self._session.orders_sent
            labels = [slot.label, *(order.slot.label for order in strategy.later)]
            waiting = self._news.expect(labels)
            self._market.send(self._readings.loop.trade(strategy, now_s))
            if self._session.orders_sent > sent_before:
                await self._news.answers(waiting, self._session.orders_sent - sent_before)
        self._link.send({"type": "taken", "slot_s": slot.start_s})

    def _offer(self, line: Line) -> None:
        """Publishes the home's offers in the stages beside the auctions of simple orders."""
        now_s = self._now_s()
        try:
            offers = offers_from_line(line)
        except ValueError as error:
            LOG.warning("home link: %s", error)
            return
        if now_s is not None:
            self._market.send(self._session.offers(offers, now_s))

    def _on_instant(self, instant: Instant) -> None:
        self._spawn(self._work_off(instant))

    async def _work_off(self, instant: Instant) -> None:
        """One instant of a driven clock: the meter's own work, then the home's, then the answer."""
        if instant.instant == READY:
            await self._ready()
            return
        self._virtual_s = instant.now_s
        if instant.instant == 1:
            self._market.send([self._session.hello(instant.now_s)])
        if self._readings.is_due(instant.now_s):
            await self._read(instant.now_s)
        own_s, home_s = self._readings.next_s(instant.now_s), await self._home.worked_off(instant)
        self._market.send_done(Done(instant.instant, own_s if home_s is None else min(own_s, home_s)))

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, StoreError):
            LOG.error("a task of the meter failed", exc_info=failure)
