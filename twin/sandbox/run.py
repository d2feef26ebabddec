"""A sandbox while it runs: a clock that goes faster by a fixed factor, and the partners' frames at every slot."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from twin.demo.coordinator import DemoStuck, answers
from twin.demo.mqtt_server import mqtt_server
from twin.demo.processes import Children
from twin.sandbox.files import COMMUNITY, write_broker, write_keys
from twin.sandbox.partners import frames_at
from wire import clock
from wire.clock import Coordinator
from wire.slots import Slot, slot_at

TICK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Where and how fast: a slot of `slot_minutes` of the market takes `slot_s` real seconds; `slots` ends it."""

    folder: Path
    port: int | None = None
    slot_s: float = 10.0
    slot_minutes: int = 5
    slots: int | None = None
    says: Callable[[str], None] = print


async def serve(options: SandboxOptions) -> None:
    """Serves until it is cancelled, or `slots` are over.

    Raises: NoMqttServer without a server; DemoStuck when the broker dies or does not answer.
    """
    folder = options.folder
    keys = write_keys(folder)
    async with mqtt_server(folder, options.port) as (port, server):
        children = Children(folder / "logs")
        config = write_broker(folder, port, slot_minutes=options.slot_minutes)
        try:
            children.start("broker", "broker.cli", ["run", "--config", str(config)])
            options.says(f"community {COMMUNITY} on 127.0.0.1:{port} ({server}); keys of two members: {keys}")
            options.says(
                f"one slot of {options.slot_minutes} min every {options.slot_s:g} s; the market's time is on "
                f"{clock.now_topic(COMMUNITY)}"
            )
            await _drive(port, options, children)
        finally:
            children.end()


async def until_stopped(options: SandboxOptions) -> None:
    """Serves until the process is asked to stop; the broker and the MQTT server end with it."""
    serving = asyncio.ensure_future(serve(options))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return
    except aiomqtt.MqttError as error:
        raise DemoStuck(f"the MQTT server is gone ({error}): start the sandbox again") from None


async def _drive(port: int, options: SandboxOptions, children: Children) -> None:
    first = slot_at(int(time.time()), options.slot_minutes)
    coordinator = Coordinator(["broker"], first.start_s)
    factor = first.duration_s / options.slot_s
    nagle_off = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    async with aiomqtt.Client("127.0.0.1", port, identifier="hearthgrid-sandbox", socket_options=nagle_off) as client:
        await client.subscribe(clock.done_topic(COMMUNITY, "+"), clock.QOS)
        await client.publish(clock.now_topic(COMMUNITY), clock.encode_now(coordinator.current), clock.QOS)
        await answers(client, COMMUNITY, coordinator, children)
        begin = time.monotonic()
        told: Slot | None = None
        last_s = None if options.slots is None else first.shifted(options.slots).start_s
        while last_s is None or coordinator.current.now_s < last_s:
            target_s = first.start_s + int((time.monotonic() - begin) * factor)
            for moment_s in _moments(coordinator, target_s):
                await client.publish(
                    clock.now_topic(COMMUNITY), clock.encode_now(coordinator.announce(moment_s)), clock.QOS
                )
                await answers(client, COMMUNITY, coordinator, children)
                running = slot_at(moment_s, options.slot_minutes)
                if running != told:
                    told = running
                    for where, frame in frames_at(running):
                        await client.publish(where, frame, 1)
            await asyncio.sleep(TICK_S)


def _moments(coordinator: Coordinator, target_s: int) -> "list[int]":
    """The next moment to announce: the broker's next wake when it is due, else the moment that it is now."""
    wake_s = coordinator.next_instant()
    is_first = coordinator.current.instant == clock.READY
    if is_first and wake_s is not None:
        return [wake_s]
    due_s = target_s if wake_s is None else min(wake_s, target_s)
    return [due_s] if due_s > coordinator.current.now_s else []
