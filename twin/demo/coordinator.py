"""The coordinator of a driven demo: announces virtual instants and moves the physics between them."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

import aiomqtt

from twin.demo.site import DemoSite
from wire import clock
from wire.clock import Coordinator, Verdict
from wire.slots import format_utc

READY_TIMEOUT_S = 90.0
INSTANT_TIMEOUT_S = 90.0


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
    alive: Callable[[], str | None],
    tls: ssl.SSLContext | None = None,
    pace: Callable[[int], Awaitable[None]] | None = None,
) -> int:
    """Drives the clock from start to end; returns the number of instants.

    `alive` tells which process has died, or None; `tls` is for a server that asks who it is, `pace` is
    waited for before each instant; without it time goes as fast as all can follow.
    Raises: DemoStuck when a process or the MQTT server dies, or a process does not answer.
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
            await _answers(client, community, coordinator, READY_TIMEOUT_S, alive)
            while (now_s := coordinator.next_instant()) is not None and now_s <= end_s:
                if pace is not None:
                    await pace(now_s)
                for site in sites:
                    site.advance_to(now_s)
                instant = coordinator.announce(now_s)
                await client.publish(where, clock.encode_now(instant), clock.QOS)
                await _answers(client, community, coordinator, INSTANT_TIMEOUT_S, alive)
                progress(now_s)
    except aiomqtt.MqttError as error:
        raise DemoStuck(f"the MQTT server is gone ({error}): start again, its log is beside the others") from None
    return coordinator.current.instant


async def _answers(
    client: aiomqtt.Client,
    community: str,
    coordinator: Coordinator,
    timeout_s: float,
    alive: Callable[[], str | None],
) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not coordinator.all_done:
        try:
            message = await asyncio.wait_for(anext(client.messages), 1.0)
        except TimeoutError:
            if (dead := alive()) is not None:
                raise DemoStuck(dead) from None
            if loop.time() > deadline:
                waiting = ", ".join(sorted(coordinator.waiting))
                raise DemoStuck(f"no answer at {format_utc(coordinator.current.now_s)} from {waiting}") from None
            continue
        process = clock.process_of(message.topic.value, community)
        payload = message.payload if isinstance(message.payload, bytes) else b""
        if process is None:
            continue
        if coordinator.on_done(process, clock.decode_done(payload)) is Verdict.RESTARTED:
            await client.publish(clock.now_topic(community), clock.encode_now(coordinator.current), clock.QOS)
