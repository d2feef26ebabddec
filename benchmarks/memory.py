"""Peak memory of a home's processes by slot length: page, telemetry, market, and months of history behind them.

`scripts/bench memory` starts an emulated house (roof, battery, car at home, heat pump, dishwasher), an MQTT server, a
broker and the real processes of the home, and reads what Linux counts of them until their second plan is made.
"""

import argparse
import asyncio
import math
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import memory_mb, table, write
from benchmarks.telemetry_house import House, processes
from hems.control.history import KEEP_DAYS, SlotMeans
from hems.io.edge_store import EdgeStore
from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.server import HomeServer
from twin.demo.mqtt_server import free_port
from wire.registers import DeviceKind
from wire.slots import ALLOWED_MINUTES, Slot

LIMIT_MB = 150
SETTLE_S = 15  # after the second plan: value curve, offers and records
NOBODY = "http://127.0.0.1:9"  # a telemetry server that is away: the records wait in the home
MORE = """
[page]
port = {page}
[[device]]
kind = "zone"
id = "living"
device_id = 5
mode = "heat"
electric_kw_max = 4
electric_kw_min = 1
cop = 3.2
thermal_capacity_kwh_per_k = 6
thermal_resistance_k_per_kw = 6
[[device.comfort]]
from_hour = 0
to_hour = 24
temp_min_c = 20
temp_max_c = 23
[[device]]
kind = "appliance"
id = "dishwasher"
device_id = 6
quarter_hour_kw = [2.0, 0.2, 0.2, 2.0, 0.1]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Largest resident memory of a program [MB], and that of now."""

    most_mb: float
    now_mb: float


class FullHouse(House):
    """The house of the telemetry benchmark with a car at home and a heat pump."""

    def __init__(self) -> None:
        super().__init__()
        self._devices[5] = SimulatedDevice(DeviceKind.HEAT_PUMP)
        self._devices[5].report(temp_c=20.4, outdoor_temp_c=6.0, power_w=0.0)
        self._devices[4].report_car(14_500, int(time.time()) + 11 * 3600)
        self._server = HomeServer(self._meter, self._devices, now=time.time)


async def measured(folder: Path, minutes: int, control: str, seconds: float | None) -> dict[str, Peak]:
    """The peaks by program, from their start to some seconds after the second slot has begun."""
    serving, port = asyncio.Event(), list[int]()
    house = asyncio.create_task(FullHouse().run(serving, port))
    await serving.wait()
    remember(folder / "home" / "ems.db", minutes)
    more = MORE.format(page=free_port())
    with processes(folder, port[0], NOBODY, slot_minutes=minutes, control=control, more=more) as pids:
        left_s = 60 * minutes - time.time() % (60 * minutes)
        await asyncio.sleep(left_s + SETTLE_S if seconds is None else seconds)
        found = {
            name: Peak(most_mb=memory_mb(pid, "VmHWM"), now_mb=memory_mb(pid, "VmRSS")) for name, pid in pids.items()
        }
    house.cancel()
    return found


def remember(path: Path, minutes: int) -> None:
    """Stores as many days of load and generation as a home ever keeps."""
    path.parent.mkdir()
    store, width = EdgeStore(path), 60 * minutes
    now_s = int(time.time()) // width * width
    store.add_slot_means(_mean(s, minutes) for s in range(now_s - KEEP_DAYS * 86_400, now_s, width))
    store.close()


def _mean(start_s: int, minutes: int) -> SlotMeans:
    hour, wave = start_s % 86_400 / 3_600, start_s // 60 * 2_654_435_761 % 1_000 / 1_000
    sun = max(0.0, math.sin((hour - 6) / 12 * math.pi))
    return SlotMeans(Slot(start_s, minutes), 0.4 + 0.5 * wave + (0.8 if 17 <= hour < 21 else 0.0), 6.0 * sun * wave)


def _run(minutes: int, control: str, seconds: float | None) -> dict[str, Peak]:
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as folder:
        return asyncio.run(measured(Path(folder), minutes, control, seconds))


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench memory", description=__doc__)
    parser.add_argument("--minutes", default="5,6,10,15,30", help="slot lengths [5,6,10,15,30]")
    parser.add_argument("--runs", type=int, default=2, help="runs of each, one after the other: all are shown [2]")
    parser.add_argument("--hours", type=int, default=24, help="horizon [24, the default of a home]")
    parser.add_argument("--futures", type=int, default=6, help="ways on that are planned for [6, the default]")
    parser.add_argument("--seconds", type=float, help="watch so long, not until the second plan")
    parser.add_argument("--dry", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    lengths = list(map(int, options.minutes.split(",")))
    unknown = [minutes for minutes in lengths if minutes not in ALLOWED_MINUTES]
    assert not unknown, f"slots have {ALLOWED_MINUTES} minutes, not {unknown}"
    control = f"horizon_hours = {options.hours}\nfutures = {options.futures}"

    def peaks(minutes: int) -> list[dict[str, Peak]]:
        return [_run(minutes, control, options.seconds) for _ in range(options.runs)]

    with ThreadPoolExecutor(len(lengths)) as side_by_side:  # most of the time is waiting for a slot to begin
        found = list(side_by_side.map(peaks, lengths))
    rows = [
        [
            str(minutes),
            *(" ".join(f"{run[name].most_mb:.0f}/{run[name].now_mb:.0f}" for run in runs) for name in runs[0]),
        ]
        for minutes, runs in zip(lengths, found, strict=True)
    ]
    head = ["slots min", *(f"`{name}` peak/now MB" for name in found[0][0])]
    sizes = f"Horizon {options.hours} h, {options.futures} ways on, {KEEP_DAYS} days of history"
    words = f"{sizes}; the limit is {LIMIT_MB} MB. Runs of all slot lengths side by side, {options.runs} of each."
    text = f"{words}\n\n{table(head, rows)}"
    print(text if options.dry else write("memory", "roof, battery, car, heat pump, dishwasher, page, market", [text]))


if __name__ == "__main__":
    main()
