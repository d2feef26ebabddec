"""The running broker: joins journal, records, market and MQTT, and lets time pass."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from broker.app.broker_time import BrokerTime
from broker.app.frame_intake import FrameIntake
from broker.control.intake_queue import Tick
from broker.control.service import Inbound, MarketService
from broker.io import retention, system_clock
from broker.io.call_files import CallFiles
from broker.io.carried_states import newest
from broker.io.carrying import Carrying
from broker.io.config import BrokerConfig
from broker.io.file_errors import FileErrors
from broker.io.journal_sqlite import SqliteJournal
from broker.io.members_mqtt import MembersMqtt, Receivers
from broker.io.operator_files import OperatorFiles
from broker.io.records_sqlite import COVERED, SENT, SqliteRecords
from broker.io.state_dir import StateDir, exclusive
from broker.io.telemetry_recorder import BrokerTelemetry
from broker.market.market import Market
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing
from doctor.alive import tell_alive
from wire.clock import READY, Done, Instant
from wire.telemetry import Field, Value
from wire.telemetry.community import Intake

LOG = logging.getLogger(__name__)
LOOK_FOR_ACTS_S = 1
# Receipts cost no mark of their own: after a crash up to this many are sent a second time.
UNMARKED_MAX = 256
WATCH_S = 10.0
CARRY_S = 1.0


class BrokerApp:
    """One community's broker, assembled. Use within `with`, then `await serve()`."""

    def __init__(self, config: BrokerConfig) -> None:
        self._config = config
        self._driven = config.clock.mode == "driven"
        self._resources = ExitStack()
        self._marked = -1
        self._forgot_day = -1

    def __enter__(self) -> "BrokerApp":
        config, state = self._config, StateDir(self._config.state_dir)
        with ExitStack() as stack:
            state.create()
            stack.enter_context(exclusive(state))
            self._key = state.read_key()
            self._acts, self._calls = OperatorFiles(state.acts), CallFiles(state.calls)
            self._prices = config.tariff.source()
            self._limits = config.network.limits(member.meter for member in config.members)
            self._file_errors = FileErrors((self._prices, self._limits))
            journal = SqliteJournal(state.journal)
            stack.callback(journal.close)
            self._records = SqliteRecords(state.records)
            stack.callback(self._records.close)
            # What the records or the MQTT server have not got yet is made again: the fold begins before it.
            done = [self._records.health(COVERED), self._records.health(SENT)]
            self._service = MarketService(
                newest(journal, lambda: Market(config.terms(), state.read_secret()), at_most=min(done)),
                journal=journal,
                prices=self._prices,
                limits=self._limits,
                recorder=self._records,
                calls=self._calls,
                acts=self._acts,
                record_from=self._records.health(COVERED),
                send_from=self._records.health(SENT) if self._records.health(COVERED) else None,
            )
            self._carrying = Carrying(state, journal, self._records, self._service)
            self._carrying.after_start()
            self._time = BrokerTime(driven=self._driven, last_s=lambda: self._service.last_s)
            self._telemetry = BrokerTelemetry(self._service.market.terms, state.root)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    async def serve(self) -> None:
        """Serves until SIGINT or SIGTERM.

        Raises: StorageFailed when the journal cannot be written any more.
        """
        self._intake = FrameIntake(self._config, self._refuse)
        self._members = MembersMqtt(
            self._config.mqtt,
            community=self._config.community,
            key=self._key,
            driven=self._driven,
            receivers=Receivers(
                on_frame=self._on_frame, on_instant=self._on_instant, on_connected=self._on_connected
            ),
            outgoing_max=self._config.queue.outgoing_max,
            gateway_of=self._service.gateway_of,
        )
        self._begin()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._members.run()), tasks.create_task(self._serve_intake())]
            running += [] if self._driven else [tasks.create_task(self._watch()), tasks.create_task(self._carry())]
            alive = tasks.create_task(tell_alive())
            await self._until(stop, running)
            for task in [alive, *running]:
                task.cancel()
            if not self._driven:
                self._scheduler.shutdown(wait=False)
            await self._carrying.stop()
        self._telemetry.happened(int(system_clock.exact_s()), "stopped")
        self._telemetry.close()
        LOG.info("stopped: journal=%d records", self._service.journaled)

    @staticmethod
    async def _until(stop: asyncio.Event, running: list[asyncio.Task[None]]) -> None:
        waiting = asyncio.ensure_future(stop.wait())
        await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    def _send(self, results: Sequence[Outgoing]) -> None:
        """Hands messages to the MQTT client, and notes when."""
        self._members.send(results)
        self._telemetry.sent(results, self._time.stamped_s())

    async def _watch(self) -> None:
        """On the machine's clock: looks every now and then whether a minute has passed."""
        while True:
            self._note_minute()
            self._forget_people()
            await asyncio.sleep(WATCH_S)

    async def _carry(self) -> None:
        """On the machine's clock: looks every now and then whether something can be carried forward or erased."""
        while True:
            self._carry_forward()
            await asyncio.sleep(CARRY_S)

    def _forget_people(self) -> None:
        """Once a day: erases who was revoked long enough ago, where the community says so."""
        days, now_s = self._config.privacy.people_kept_days, self._time.now_s()
        if days is None or now_s is None or now_s // retention.DAY_S == self._forgot_day:
            return
        self._forgot_day = now_s // retention.DAY_S
        meters = retention.due(self._service.market.membership.revoked_s, days, now_s)
        for meter in retention.erase(StateDir(self._config.state_dir).people, self._acts, meters):
            LOG.info("who meter=%s was is erased: revoked %d days ago", meter, days)

    def _carry_forward(self) -> None:
        """Once a day: writes down what the past came to, and erases what is older than the community keeps."""
        now_s = self._time.now_s()
        if now_s is not None and not len(self._intake):
            left_s = self._service.market.next_due_s(now_s) - now_s
            self._carrying.look(now_s, kept_days=self._config.privacy.records_kept_days, quiet_s=left_s)

    def _note_minute(self) -> None:
        """Once a minute: how everything fares."""
        self._file_errors.look()
        now_s = self._time.now_s()
        if now_s is not None:
            intake: dict[Field, Value] = {
                Intake.queue_frames: len(self._intake),
                Intake.journal_records: self._service.journaled,
                Intake.unsent_records: max(0, self._service.journaled - self._records.health(SENT)),
                Intake.is_mqtt_connected: int(self._members.is_connected),
            }
            self._telemetry.minute(now_s, self._service.market, intake)

    def _begin(self) -> None:
        """Enrols the configured members, sends what a crash kept back, and starts the clock."""
        at_s = self._service.last_s if self._driven else max(self._service.last_s, system_clock.now_s())
        members = self._config.enrolments(at_s)
        self._telemetry.happened(int(system_clock.exact_s()), "started")
        self._telemetry.vitals.watch_loop()
        kept, self._service.unsent = self._service.unsent, []
        self._members.send(kept)
        regulation, network = self._config.agreed_regulation(), self._config.network_agreed(at_s)
        self._members.send(self._service.agree(members, at_s, regulation=regulation, network=network))
        self._mark_sent()
        LOG.info(
            "broker of %s: key=%s members=%d journal=%d records, %d messages sent again",
            self._config.community,
            self._key.public_hex,
            len(members),
            self._service.journaled,
            len(kept),
        )
        if self._driven:
            if at_s:
                self._time.heard(at_s)
            self._members.send_done(Done(READY, self._service.market.next_due_s(at_s) if at_s else None))
            return
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(self._look_for_acts, "interval", seconds=LOOK_FOR_ACTS_S)
        self._scheduler.start()
        self._on_tick()

    async def _look_for_acts(self) -> None:
        """An emergency stop does not wait for the next gate."""
        if self._acts.are_waiting() or self._calls.are_waiting():
            self._on_tick()

    async def _on_time(self) -> None:
        """A coroutine: the scheduler runs plain functions in a thread, and queue and event belong to the loop."""
        self._on_tick()

    def _on_frame(self, kind: str, meter: str, frame: bytes) -> None:
        now_s = self._time.now_s() or 0
        self._telemetry.heard(meter, now_s)
        self._intake.frame(Inbound(kind, meter, frame), now_s)

    def _refuse(self, lost: Sequence[tuple[Inbound, Rejected]]) -> None:
        self._telemetry.refused += len(lost)
        self._members.send([self._service.refuse(item, why) for item, why in lost])

    def _on_instant(self, instant: Instant) -> None:
        self._intake.tick(Tick(instant.instant, instant.now_s))

    def _on_tick(self) -> None:
        self._intake.tick(Tick())

    def _on_connected(self) -> None:
        now_s = self._time.now_s()
        if now_s is not None:
            self._members.send(self._service.standing(now_s, self._key.public_hex))

    def _work(self, piece: Sequence[Inbound] | Tick) -> None:
        """Handles a batch or a tick."""
        if isinstance(piece, Tick):
            self._tick(piece)
        elif (now_s := self._time.now_s()) is not None:
            self._send(self._service.handle(piece, now_s))
            results = self._service.step(now_s)
            self._send(results)
            if results or self._service.journaled >= self._marked + UNMARKED_MAX:
                self._mark_sent()
            self._schedule(now_s)

    async def _serve_intake(self) -> None:
        await self._intake.serve(self._work, ticks_only=lambda: self._driven and self._time.virtual_s is None)

    def _tick(self, tick: Tick) -> None:
        is_first = self._time.virtual_s is None
        if tick.now_s is not None:
            self._time.heard(tick.now_s)
        now_s = self._time.now_s()
        assert now_s is not None
        self._send(self._service.step(now_s))
        if self._driven:
            self._note_minute()
        if self._driven and is_first:
            self._on_connected()
        self._mark_sent()
        if tick.instant is not None:
            self._members.send_done(Done(tick.instant, self._service.market.next_due_s(now_s)))
        self._schedule(now_s)

    def _schedule(self, now_s: int) -> None:
        if self._driven:
            return
        wake = datetime.fromtimestamp(self._service.market.next_due_s(now_s), UTC)
        job = self._scheduler.get_job("wake")
        if job is None or job.next_run_time != wake:
            self._scheduler.add_job(
                self._on_time, "date", run_date=wake, id="wake", replace_existing=True, misfire_grace_time=None
            )

    def _mark_sent(self) -> None:
        """Remembers, once the server has everything sent so far, how far the journal's messages were sent."""
        through = self._service.journaled
        if through != self._marked:
            self._marked = through
            self._members.when_sent(lambda: self._records.set_health(SENT, through))
