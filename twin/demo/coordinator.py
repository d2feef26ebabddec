"""The coordinator of a driven demo: announces virtual instants and moves the physics between them."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import aiomqtt

from twin.demo.patience import Next, Patience
from twin.demo.site import DemoSite
from wire import clock
from wire.clock import Coordinator, Verdict
from wire.slots import format_utc

LOOK_S = 1.0


class Watched(Protocol):
    """The processes that answer, as their parent sees them."""

    def dead(self) -> str | None:
        """Which of them has died, None while all live."""

    def work_s(self) -> float | None:
        """Processor time that all have used so far [s]; None where the system does not tell."""


class DemoStuck(Exception):
    """A process did not answer an instant: the message names it."""


async def drive(
    port: int,
    community: str,
    processes: Sequence[str],
    sites: Sequence[DemoSite],
    *,
    start_s: int,
    end_s: int,
    progress: Callable[[int], None],
    watched: Watched,
    tls: ssl.SSLContext | None = None,
    pace: Callable[[int], Awaitable[None]] | None = None,
) -> int:
    """Drives the clock from start to end; returns the number of instants.

    `watched` are the processes; `tls` is for a server that asks who it is, `pace` is
    waited for before each instant; without it time goes as fast as all can follow.
    Raises: DemoStuck when a process or the MQTT server dies, or processes neither answer nor work.
    """
    coordinator = Coordinator(processes, start_s)
    try:
        async with aiomqtt.Client(
            "127.0.0.1",
            port,
            identifier="hearthgrid-coordinator",
            tls_context=tls,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        ) as client:
            await client.subscribe(clock.done_topic(community, "+"), clock.QOS)
            where = clock.now_topic(community)
            await client.publish(where, clock.encode_now(coordinator.current), clock.QOS)
            await answers(client, community, coordinator, watched)
            while (now_s := coordinator.next_instant()) is not None and now_s <= end_s:
                if pace is not None:
                    await pace(now_s)
                for site in sites:
                    site.advance_to(now_s)
                instant = coordinator.announce(now_s)
                await client.publish(where, clock.encode_now(instant), clock.QOS)
                await answers(client, community, coordinator, watched)
                progress(now_s)
    except aiomqtt.MqttError as error:
        raise DemoStuck(f"the MQTT server is gone ({error}): start again, its log is beside the others") from None
    return coordinator.current.instant


async def answers(client: aiomqtt.Client, community: str, coordinator: Coordinator, watched: Watched) -> None:
    """Waits until every process has answered the current instant: on a loaded machine as long as they work.

    When nobody works the instant is announced again, for those who lost it with their connection.
    Raises: DemoStuck when one dies, when nothing has moved for long, or when they work without end.
    """
    patience: Patience | None = None
    loop = asyncio.get_running_loop()
    while not coordinator.all_done:
        try:
            message = await asyncio.wait_for(anext(client.messages), LOOK_S)
        except TimeoutError:
            if (dead := watched.dead()) is not None:
                raise DemoStuck(dead) from None
            patience = patience or Patience(loop.time() - LOOK_S, watched.work_s())
            await _wait_on(client, community, coordinator, patience, watched.work_s())
            continue
        process = clock.process_of(message.topic.value, community)
        payload = message.payload if isinstance(message.payload, bytes) else b""
        if process is None:
            continue
        verdict = coordinator.on_done(process, clock.decode_done(payload))
        if patience is not None and verdict is Verdict.COUNTED:
            patience.answered(loop.time())
        if verdict is Verdict.RESTARTED:
            await client.publish(clock.now_topic(community), clock.encode_now(coordinator.current), clock.QOS)


async def _wait_on(
    client: aiomqtt.Client, community: str, coordinator: Coordinator, patience: Patience, work_s: float | None
) -> None:
    """Goes on waiting, asks again, or gives up and says what was seen."""
    now_s = asyncio.get_running_loop().time()
    match patience.judged(now_s, work_s):
        case Next.WAIT:
            return
        case Next.ASK_AGAIN:
            await client.publish(clock.now_topic(community), clock.encode_now(coordinator.current), clock.QOS)
        case Next.GIVE_UP:
            waiting = ", ".join(sorted(coordinator.waiting))
            at = format_utc(coordinator.current.now_s)
            raise DemoStuck(f"no answer at {at} from {waiting}: {patience.reason(now_s, work_s)}")
