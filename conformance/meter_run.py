"""A run against a meter under test: the kit plays its broker for five slots."""

from collections.abc import Callable
from dataclasses import dataclass

from conformance import meter_phases as phases
from conformance.identity import Member
from conformance.link import Link, LinkError, Server, linked
from conformance.market_clock import DrivenClock, MarketClock, WallClock
from conformance.meter_stand import BROKER_CLIENT, MeterStand
from conformance.played_broker import PlayedBroker
from conformance.recorder import Recorder
from conformance.tap import Tap
from conformance.transcript import STOPPED, Transcript
from wire.slots import Slot, slot_at
from wire.topics import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOptions:
    """How a meter is tested; the times are real seconds.

    `driven_from_s` makes the kit the coordinator of a driven clock. `tap_port` is where the meter connects instead of
    the MQTT server, so that its connection can be read and cut (0: any port, told by `on_tap`; None: no tap).
    """

    minutes: int = 15
    driven_from_s: int | None = None
    tap_host: str = "127.0.0.1"
    tap_port: int | None = None
    on_tap: Callable[[int], None] = lambda port: None
    answer_within_s: float = 5.0
    resend_within_s: float = 75.0
    says: Callable[[str], None] = lambda text: None


async def record_meter(
    server: Server, broker: Member, played: PlayedBroker, public: bytes, options: MeterOptions
) -> Transcript:
    """The transcript of a run; `broker` is how the kit connects, `public` the meter's key.

    Raises: LinkError when the MQTT server is gone or, on a driven clock, the meter does not answer.
    """
    recorder = Recorder()
    async with linked(server, recorder, played.community) as link:
        root = f"{ROOT}/{played.community}"
        filters = [f"{root}/meter/{played.meter}/+", f"{root}/shared/{played.meter}/+"]
        await link.open(BROKER_CLIENT, broker, filters)
        clock = _clock(link, recorder, played, options)
        recorder.now_s = clock.now_s
        tap = None
        if options.tap_port is not None:
            tap = Tap((server.host, server.port), recorder.tap, clock.now_s)
            options.on_tap(await _listening(tap, options.tap_host, options.tap_port))
        stand = MeterStand(
            link=link,
            recorder=recorder,
            clock=clock,
            played=played,
            public=public,
            tap=tap,
            within_s=options.answer_within_s,
            resend_within_s=options.resend_within_s,
            says=options.says,
        )
        try:
            await _work_through(stand)
        finally:
            if tap is not None:
                await tap.stop()
        return stand.transcript()


async def _listening(tap: Tap, host: str, port: int) -> int:
    try:
        return await tap.start(host, port)
    except OSError as error:
        raise LinkError(f"the tap cannot listen on {host}:{port} ({error.strerror}): choose a free port") from None


def _clock(link: Link, recorder: Recorder, played: PlayedBroker, options: MeterOptions) -> MarketClock:
    if options.driven_from_s is None:
        return WallClock()
    return DrivenClock(
        link,
        recorder,
        client=BROKER_CLIENT,
        community=played.community,
        process=played.meter,
        start_s=options.driven_from_s,
        within_s=6 * options.answer_within_s,
    )


async def _work_through(stand: MeterStand) -> None:
    clock = stand.clock
    slots = _slots(stand)
    await phases.standing(stand, slots[1])
    if isinstance(clock, DrivenClock):
        await clock.start()
    if not await phases.greeting(stand):
        stand.says("the meter says no hello: is it running, and connected to this server?")
    await phases.unanswered(stand, slots[1])
    if stand.is_silent:
        stand.recorder.mark(f"{STOPPED}nothing was heard of meter {stand.meter} before its first gate")
        return
    await phases.round_(stand, slots[1])
    await phases.garbage(stand)
    await phases.forged_terms(stand, slots[2])
    await clock.reach(slots[1].start_s)
    await phases.answers(stand, slots[2])
    await phases.reported(stand, slots[0], withholds=True)
    await phases.strays(stand)
    await phases.round_(stand, slots[2])
    await phases.forged_checkpoint(stand, slots[3])
    await phases.no_market(stand, slots[3])
    await clock.reach(slots[2].start_s)
    await phases.reported(stand, slots[1])
    await phases.strays(stand)
    await phases.round_(stand, slots[3])
    await phases.sealed_terms(stand, slots[4])
    await clock.reach(slots[3].start_s)
    await phases.reported(stand, slots[2])
    await phases.strays(stand)
    await phases.sealed_round(stand, slots[4])
    await clock.reach(slots[4].start_s)
    await phases.reported(stand, slots[3])
    await phases.strays(stand)


def _slots(stand: MeterStand) -> list[Slot]:
    """The running slot and the four after it; the next one when too little of the running one is left."""
    now_s = stand.clock.now_s()
    first = slot_at(now_s, stand.played.minutes)
    if first.end_s - phases.LEAD_S < now_s + 10 * stand.within_s and not isinstance(stand.clock, DrivenClock):
        first = first.shifted(1)
    return [first.shifted(i) for i in range(5)]
