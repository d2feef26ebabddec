"""`twin demo --live`: a community that goes on until it is stopped, at a pace that people can follow."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.commands.network_line import tell_network

if TYPE_CHECKING:
    from twin.world import World
    from wire.messages import Clearing

STOPPED = 130
OPERATOR_PORT = 8090
START_HOUR = 8  # there is sun to trade


def run_live(args: argparse.Namespace, world: "World", state: Path) -> int:
    """Exit status: 0 when the days are over or it was stopped and its journal replays, 1 when it broke."""
    from broker.io.state_dir import StateDir
    from broker.io.verification import verify
    from meter_firmware_sim.server import PortUnavailable
    from twin.demo.coordinator import DemoStuck
    from twin.demo.live import Listeners, live
    from twin.demo.mqtt_server import NoMqttServer
    from twin.demo.run import DemoOptions
    from twin.home_page import free_page_ports, free_port
    from twin.moved_world import begun_later
    from twin.run import trained

    world = begun_later(world, START_HOUR * 60 // world.first.minutes)
    tell_network(world, args)
    names = [twin.name for twin in world.homes]
    pages, operator = free_page_ports(names), free_port(OPERATOR_PORT)
    options = DemoOptions(
        seed=args.seed, folder=state, mechanism=args.mechanism, processes=args.processes, page_ports=pages
    )
    print("the homes learn from their past (half a minute on two cores) ..", flush=True)

    def running(server: str) -> None:
        print(f"\nrunning over {server}; a slot of {world.first.minutes} min passes in {args.slot_seconds:g} s")
        for name, port in pages.items():
            print(f"  {name}: http://127.0.0.1:{port}/")
        print(f"  the operator of the market: http://127.0.0.1:{operator}/")
        print(f"  logs and the broker's journal: {state}")
        print("Ctrl-C ends it.\n", flush=True)

    async def until_stopped() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        # Ctrl-C reaches the MQTT server too: that connections to it end then is no failure.
        loop.set_exception_handler(ignore_lost_connections)
        with suppress(asyncio.CancelledError):
            await live(
                world,
                options,
                models,
                Listeners(on_running=running, on_clearing=lambda clearing: print(line(clearing, world), flush=True)),
                end_s=world.slot(world.end).start_s,
                factor=world.first.duration_s / args.slot_seconds,
                operator_port=operator,
            )

    try:
        models = trained(world, args.seed)
        asyncio.run(until_stopped())
    except KeyboardInterrupt:
        return STOPPED
    except (DemoStuck, NoMqttServer, PortUnavailable) as error:
        print(f"the demo broke: {error}\nlogs are in {state / 'logs'}", file=sys.stderr)
        return 1
    found = verify(StateDir(state / "broker"))
    replay = "identical" if found.difference is None else found.difference
    print(f"\nstopped; {found.ledger_entries} ledger entries sum to {found.ledger_sum_nano}; replay: {replay}")
    return 0 if found.difference is None and found.ledger_sum_nano == 0 else 1


def ignore_lost_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Passes everything on but the end of an MQTT connection."""
    from aiomqtt import MqttError

    if not isinstance(context.get("exception"), MqttError):
        loop.default_exception_handler(context)


def line(clearing: "Clearing", world: "World") -> str:
    """A clearing as one line for people: local time, price, energy, orders."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from wire.quantities import price_per_kwh
    from wire.slots import parse_utc

    local = datetime.fromtimestamp(parse_utc(clearing.slot), ZoneInfo(world.homes[0].home.timezone))
    when = f"{local:%a %H:%M}"
    if clearing.price_micro_per_kwh is None:
        return f"{when}  {clearing.outcome.replace('_', ' ')} ({clearing.orders} orders)"
    price = f"{price_per_kwh(clearing.price_micro_per_kwh):.3f} {world.currency}/kWh"
    return f"{when}  {price}  {clearing.volume_wh / 1000:6.2f} kWh between neighbours, {clearing.orders} orders"
