"""A community that goes on: the demo's processes, time at a pace that people can follow, or as fast as it goes."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiomqtt

from twin.demo import files
from twin.demo.coordinator import drive
from twin.demo.mqtt_server import mqtt_server
from twin.demo.processes import Children
from twin.demo.run import DemoOptions, start_processes
from twin.demo.site import DemoSite
from twin.run import Models
from twin.world import World
from wire.messages import Clearing
from wire.topics import topic

LATE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who hears that all processes run (with the MQTT server's name), and of every clearing."""

    on_running: Callable[[str], None]
    on_clearing: Callable[[Clearing], None]


class Pace:
    """Virtual time at `factor` virtual seconds per second; when the processes need longer, time waits for them."""

    def __init__(self, start_s: int, factor: float) -> None:
        self._start_s = start_s
        self._factor = factor
        self._begun_s: float | None = None

    async def __call__(self, now_s: int) -> None:
        """Waits until a virtual moment is due."""
        if self._begun_s is None:
            self._begun_s = time.monotonic()
        due_s = self._begun_s + (now_s - self._start_s) / self._factor
        late_s = time.monotonic() - due_s
        if late_s > LATE_S:
            self._begun_s += late_s  # no hurry afterwards
        await asyncio.sleep(max(0.0, -late_s))


async def live(
    world: World,
    options: DemoOptions,
    models: Mapping[str, Models],
    listeners: Listeners,
    *,
    end_s: int,
    factor: float | None,
    operator_port: int | None = None,
) -> None:
    """Runs the community up to a virtual moment; cancelling it ends all its processes.

    `factor` None is without a pace; with `operator_port` the broker's page is served there.

    Raises: DemoStuck, NoMqttServer, PortUnavailable with what to do.
    """
    folder, start_s = options.folder, world.slot(world.run_from).start_s
    sites = [DemoSite(world, twin) for twin in world.homes]
    children = Children(folder / "logs")
    async with AsyncExitStack() as stack:
        port, server = await stack.enter_async_context(mqtt_server(folder))
        ports = []
        for site in sites:
            ports.append(await site.server.start())
            stack.push_async_callback(site.server.stop)
        for name, model in models.items():
            files.write_models(folder, name, model)
        stack.callback(children.end)
        names = start_processes(children, world, options, mqtt_port=port, modbus_ports=ports)
        is_running = False

        def moved(_now_s: int) -> None:
            nonlocal is_running
            if not is_running:
                is_running = True
                if operator_port is not None:  # its page shows what the broker has written
                    config = ["--config", str(folder / "broker.toml"), "--port", str(operator_port)]
                    children.start("operator", "broker.cli", ["page", *config])
                listeners.on_running(server)

        def cleared(clearing: Clearing) -> None:
            if is_running:
                listeners.on_clearing(clearing)

        stack.push_async_callback(_ended, asyncio.create_task(_listen(port, cleared)))

        await drive(
            port,
            files.COMMUNITY,
            ["broker", *names],
            sites,
            start_s=start_s,
            end_s=end_s,
            progress=moved,
            watched=children,
            pace=None if factor is None else Pace(start_s, factor),
        )
        await asyncio.to_thread(children.end)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _listen(port: int, on_clearing: Callable[[Clearing], None]) -> None:
    """Hears the public clearings, as everybody can."""
    async with aiomqtt.Client(
        "127.0.0.1", port, socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    ) as client:
        await client.subscribe(topic(Clearing.kind, files.COMMUNITY), 1)
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                on_clearing(Clearing.model_validate_json(message.payload.split(b".", 2)[2]))
