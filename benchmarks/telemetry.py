"""Telemetry of one house at 10 s sampling: bytes written to disk, memory and speed of the exporter."""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import table, write
from benchmarks.telemetry_house import House, carried, peak_mb, processes, written_bytes
from hems.io.edge_store import EdgeStore
from telemetry.cursors import Cursors
from telemetry.machine import usage
from telemetry.point_buffer import PointBuffer
from tests.telemetry_home import START_S, write_home
from tests.telemetry_servers import Influx, influx
from wire.telemetry import Point, point
from wire.telemetry.house import Device

DAY_S, EVERY_S = 86_400, 10
DEVICES = ("battery", "roof", "car", "heating")
WARM_UP_S = 90
HOW = "one house, meter and four devices every 10 s"


def main() -> None:
    """Measures, prints and writes the tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench telemetry", description=__doc__)
    parser.add_argument("--minutes", type=int, default=15, help="how long the processes are watched [15: one slot]")
    parser.add_argument("--days", type=int, default=7, help="days to catch up [7]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-telemetry-") as folder, influx(Path(folder, "influx")) as engine:
        parts = [
            _stored_day(Path(folder, "day")),
            _lived(Path(folder, "lived"), engine, options.minutes),
            _caught_up(Path(folder, "home"), engine, options.days),
        ]
    print("\n\n".join(parts))
    print(f"\nwritten to {write('telemetry', HOW, parts)}")


def _stored_day(folder: Path) -> str:
    """Every record of a day through the code that stores it, in a process of its own each."""
    rows = [["what is stored in a day", "MB written"]]
    total = 0.0
    for name in STORES:
        command = [sys.executable, "-m", "benchmarks.telemetry_day", name, str(folder / name)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        megabytes = float(json.loads(answer))
        total += megabytes
        rows.append([name, f"{megabytes:.0f}"])
    rows.append(["together", f"{total:.0f}"])
    words = "A whole day, accelerated: the same calls, the same commits, `write_bytes` of /proc at the end."
    return f"## Stored\n\n{words}\n\n{table(rows[0], rows[1:])}"


def store_readings(folder: Path) -> None:
    """Meter readings, one durable commit each."""
    store = EdgeStore(folder / "meter.db")
    for k in range(DAY_S // EVERY_S):
        store.add("readings", [(START_S + EVERY_S * k, 500 + k, 1_000 + k, 50, "good")])
        if k % 6 == 0:
            store.forget_old(START_S + EVERY_S * k)
    store.close()


def store_points(folder: Path) -> None:
    """Points of four devices, written every 30 s."""
    buffer = PointBuffer(folder / "ems-telemetry.db")
    for at_s in range(START_S, START_S + DAY_S, EVERY_S):
        buffer.add([_device_point(name, at_s) for name in DEVICES], at_s)
    buffer.close()


def store_cursors(folder: Path) -> None:
    """The exporter's places: one file, renewed for each of two sources every 10 s."""
    cursors = Cursors(folder / "telemetry.json")
    for k in range(DAY_S // EVERY_S):
        cursors.move("readings", {"file": 1, "after": k, "late": k}, {"written": 1})
        if k % 3 == 0:
            cursors.move("ems-telemetry.db", {"file": 2, "after": k}, {"written": 12})


STORES: dict[str, Callable[[Path], None]] = {
    "meter readings": store_readings,
    "device points": store_points,
    "places of the exporter": store_cursors,
}


def _device_point(name: str, at_s: int) -> Point:
    wave = at_s % 977
    return point(
        Device,
        at_s,
        {Device.site: "h1", Device.device: name, Device.kind: "battery"},
        {Device.power_w: wave * 3 - 900, Device.soc: wave / 977, Device.lease_w: wave},
    )


def _lived(folder: Path, engine: Influx, minutes: int) -> str:
    """The real processes against emulated hardware for some minutes."""
    folder.mkdir()
    return asyncio.run(_watch(folder, engine, minutes))


async def _watch(folder: Path, engine: Influx, minutes: int) -> str:
    engine.empty()
    serving, port = asyncio.Event(), list[int]()
    house = asyncio.create_task(House().run(serving, port))
    await serving.wait()
    rows, total = [], 0.0
    with processes(folder, port[0], engine.url) as pids:
        await asyncio.sleep(WARM_UP_S)
        before, began_s = {name: written_bytes(pid) for name, pid in pids.items()}, time.monotonic()
        await asyncio.sleep(60 * minutes)
        passed_s = time.monotonic() - began_s
        for name, pid in pids.items():
            a_day_mb = (written_bytes(pid) - before[name]) / passed_s * DAY_S / 1e6
            total += a_day_mb
            rows.append([f"`{name}`", f"{a_day_mb:.0f}", f"{peak_mb(pid):.0f}"])
        counts = carried(folder)
    rows.append(["together", f"{total:.0f}", ""])
    house.cancel()
    words = (
        f"Real processes for {minutes} min after {WARM_UP_S} s, slots of 15 min, `write_bytes` of /proc scaled up."
        f" {counts.get('written', 0)} points carried,"
        f" {counts.get('refused', 0)} refused, {engine.count('device', 'power_w')} of devices in the engine."
    )
    return f"## Lived\n\n{words}\n\n{table(['process', 'MB written a day', 'peak memory MB'], rows)}"


def _caught_up(folder: Path, engine: Influx, days: int) -> str:
    """A server that was away: how fast, and with how much memory, everything arrives."""
    engine.empty()
    config = write_home(folder, engine.url, batch=5_000)
    meter = EdgeStore(folder / "state" / "meter.db")
    times = range(START_S, START_S + days * DAY_S, EVERY_S)
    meter.add("readings", [(at_s, 500, 1_000 + k, 50, "good") for k, at_s in enumerate(times)])
    meter.close()
    buffer = PointBuffer(folder / "state" / "ems-telemetry.db")
    for at_s in times:
        buffer.add([_device_point(name, at_s) for name in DEVICES], at_s)
    buffer.close()
    before, began_s = usage().cpu_s, time.monotonic()
    command = [sys.executable, "-m", "benchmarks.telemetry_day", "carry", str(config)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    peak = float(said[-1])
    seconds = time.monotonic() - began_s
    arrived = engine.count("grid", "power_w") + engine.count("device", "power_w")
    expected = len(times) * (1 + len(DEVICES))
    rows = [[str(days), str(expected), str(expected - arrived), f"{arrived / seconds:,.0f}", f"{peak:.0f}"]]
    head = ["days", "points", "lost", "points/s with the start of the process", "peak memory MB"]
    own = usage().cpu_s - before
    words = f"The engine and its translation run on the same machine; the translation took {own:.0f} s of processor."
    return f"## Caught up\n\n{words}\n\n{table(head, rows)}"


if __name__ == "__main__":
    main()
