"""Households over real MQTT: how long until each holds the receipt of its order. `scripts/bench live_intake`.

Mosquitto and the production broker run as processes of their own, every household has its own connection and signs
its JSON order; all orders come in the last seconds before the gate.
"""

import argparse
import asyncio
import contextlib
import math
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from benchmarks.machine import memory_mb, table, write
from wire.codec import encode
from wire.messages import Order, OrderStep, Side
from wire.signing import SigningKey, key_from_seed, seal, split
from wire.slots import Slot, format_utc, slot_at
from wire.topics import meter_inbox, parse_topic, topic

COMMUNITY, MINUTES = "load", 5
GATE_IN_S = 75
WITHIN_S = 10.0
WHAT = """* Every household: own MQTT connection (aiomqtt), own Ed25519 key, one JSON order of two steps, QoS 1.
* All orders are sent at times drawn evenly from the last 10 s before the gate. The time runs from the publish call to
  the arrival of the signed receipt, which the broker sends after the order is on disk (SQLite, synchronous=FULL).
* Mosquitto, the broker and the households' process share the machine."""


@dataclass(frozen=True, slots=True)
class Household:
    """One household: its meter and its signed order."""

    meter: str
    frame: bytes


def main() -> None:
    """Runs the load and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench live_intake", description=__doc__)
    parser.add_argument("--households", type=int, nargs="+", default=[500, 2_000])
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    _allow_sockets()
    rows = [_row(count, args.seed) for count in args.households]
    head = ("households", "receipts", "median ms", "p99 ms", "worst ms", "broker CPU s", "broker peak MB")
    write("live_intake", "one run each", [WHAT, table(head, rows)])
    print(table(head, rows))


def _allow_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _row(count: int, seed: int) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        now_s = int(time.time())
        slot = slot_at(now_s + GATE_IN_S, MINUTES).shifted(1)
        gate_s = now_s + GATE_IN_S
        homes = [_household(i, slot, gate_s) for i in range(count)]
        with _mosquitto(directory) as port:
            config = _write_config(directory, port, count, slot.start_s - gate_s)
            with _broker(config) as broker:
                waits = asyncio.run(_load(homes, port, gate_s, random.Random(seed)))
                cpu_s, peak_mb = _usage(broker.pid)
    waits.sort()
    cells = (statistics.median(waits), waits[math.ceil(0.99 * len(waits)) - 1], waits[-1]) if waits else (0, 0, 0)
    return (
        f"{count:,}",
        f"{len(waits):,}",
        *(f"{1000 * cell:.0f}" for cell in cells),
        f"{cpu_s:.1f}",
        f"{peak_mb:.0f}",
    )


def _household(number: int, slot: Slot, gate_s: int) -> Household:
    meter, rng = f"home-{number}", random.Random(number)
    side = rng.choice(list(Side))
    prices = sorted(rng.sample(range(100_000, 300_001), 2), reverse=side is Side.BUY)
    order = Order(
        community=COMMUNITY,
        meter=meter,
        stage="intraday",
        slot=slot.label,
        sequence=1,
        steps=tuple(OrderStep(side=side, price_micro_per_kwh=p, energy_wh=rng.randint(1, 300)) for p in prices),
        sent_at=format_utc(gate_s - 1),
    )
    return Household(meter, seal(_key(number), Order.kind, COMMUNITY, encode(order)))


def _key(number: int) -> SigningKey:
    return key_from_seed(number.to_bytes(32, "big"))


async def _load(homes: list[Household], port: int, gate_s: int, rng: random.Random) -> list[float]:
    """The waiting time of every household that got its receipt [s]."""
    connecting = asyncio.Semaphore(50)
    ready = [asyncio.Event() for _ in homes]
    tasks = [
        asyncio.create_task(_live(home, port, gate_s - WITHIN_S * rng.random() - 0.05, connecting, is_ready))
        for home, is_ready in zip(homes, ready, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in ready))
    late_s = time.time() - (gate_s - WITHIN_S)
    if late_s > 0:
        print(f"connecting took {late_s:.0f} s too long: the first orders are sent late", file=sys.stderr)
    done = await asyncio.gather(*tasks, return_exceptions=True)
    lost = [item for item in done if isinstance(item, BaseException)]
    if lost:
        print(f"{len(lost)} households without a receipt, first: {lost[0]!r}", file=sys.stderr)
    return [item for item in done if isinstance(item, float)]


async def _live(
    home: Household, port: int, send_s: float, connecting: asyncio.Semaphore, is_ready: asyncio.Event
) -> float:
    client = aiomqtt.Client("127.0.0.1", port, identifier=home.meter, timeout=60)
    async with contextlib.AsyncExitStack() as stack:
        async with connecting:
            await stack.enter_async_context(client)
            await client.subscribe(meter_inbox(COMMUNITY, home.meter), 1)
        is_ready.set()
        await asyncio.sleep(max(send_s - time.time(), 0.0))
        begin = time.monotonic()
        sending = asyncio.create_task(client.publish(topic(Order.kind, COMMUNITY, home.meter), home.frame, 1))
        async with asyncio.timeout(60):
            async for message in client.messages:
                address = parse_topic(message.topic.value, COMMUNITY)
                if address is not None and address.kind == "receipt":
                    break
                if address is not None and address.kind == "rejection":
                    raise RuntimeError(split(bytes(message.payload))[1].decode())
        waited = time.monotonic() - begin
        await sending
        return waited


@contextlib.contextmanager
def _mosquitto(directory: Path) -> Iterator[int]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        sys.exit("live_intake: mosquitto is not installed: install the package mosquitto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 0", "set_tcp_nodelay true"]
    config = directory / "mosquitto.conf"
    config.write_text("\n".join([*lines, "user root", ""]))
    with _child([program, "-c", str(config)], directory / "mosquitto.log"):
        time.sleep(0.5)
        yield port


@contextlib.contextmanager
def _broker(config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "broker.cli", "run", "--config", str(config)]
    with _child(command, config.parent / "broker.log") as child:
        time.sleep(3.0)
        yield child


@contextlib.contextmanager
def _child(command: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(30)


def _usage(pid: int) -> tuple[float, float]:
    """(CPU time [s], peak resident memory [MB]) of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / 100
    return cpu_s, memory_mb(pid, "VmHWM")


def _write_config(directory: Path, port: int, households: int, lead_s: int) -> Path:
    lines = [
        f'community = "{COMMUNITY}"',
        "[market]",
        f"slot_minutes = {MINUTES}",
        f"gate_lead_s = {lead_s}",
        "horizon_slots = 4",
        "[mqtt]",
        f"port = {port}",
        "[tariff]",
        'kind = "constant"',
        "import_price_per_kwh = 0.30",
        "export_price_per_kwh = 0.10",
    ]
    for number in range(households):
        lines += [
            "[[members]]",
            f'meter = "home-{number}"',
            f'public_key = "{_key(number).public_hex}"',
            "nameplate_import_w = 11000",
            "nameplate_export_w = 11000",
        ]
    path = directory / "broker.toml"
    path.write_text("\n".join([*lines, ""]))
    return path


if __name__ == "__main__":
    main()
