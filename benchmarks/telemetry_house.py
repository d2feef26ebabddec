"""One house in real time: emulated meter and devices, an MQTT server, a broker and the house's processes."""

import asyncio
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.machine import memory_mb
from meter_firmware_sim.device import Nameplate, SimulatedDevice
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from tests.telemetry_servers import BUCKET, ORG, TOKEN, child, free_port
from wire.registers import DeviceKind
from wire.signing import key_from_seed

SLOT_MINUTES = 15
KEY = key_from_seed(bytes([7]) * 32)
HOME = f"""
[home]
meter = "h1"
state_dir = "home"
slot_minutes = {{slot_minutes}}
[meter]
port = {{meter_port}}
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.08
[control]
tick_s = 10
{{control}}
[market]
community = "bench"
broker_key = "{{broker_key}}"
port = {{mqtt_port}}
[[device]]
kind = "battery"
id = "battery"
device_id = 2
capacity_kwh = 10
charge_kw_max = 5
discharge_kw_max = 5
[[device]]
kind = "pv"
id = "roof"
device_id = 3
peak_kw = 8
[[device]]
kind = "ev"
id = "car"
device_id = 4
charge_kw_max = 11
[telemetry]
url = "{{url}}"
org = "{ORG}"
bucket = "{BUCKET}"
token_file = "token"
{{more}}
"""
BROKER = """
community = "bench"
state_dir = "broker"
[market]
slot_minutes = {slot_minutes}
group_min = 1
[mqtt]
port = {mqtt_port}
[tariff]
kind = "constant"
import_price_per_kwh = 0.30
export_price_per_kwh = 0.08
[[members]]
meter = "h1"
public_key = "{meter_key}"
nameplate_import_w = 17000
nameplate_export_w = 17000
"""


class House:
    """The emulated hardware; physics follow the machine's clock."""

    def __init__(self) -> None:
        now_s = time.time()
        self._meter = Meter(MeterConfig(), now_s)
        self._devices = {
            2: SimulatedDevice(
                DeviceKind.BATTERY, Nameplate(power_in_max_w=5000, power_out_max_w=5000, capacity_wh=10_000)
            ),
            3: SimulatedDevice(DeviceKind.PV, Nameplate(power_in_max_w=0, power_out_max_w=8_000)),
            4: SimulatedDevice(DeviceKind.EV_CHARGER, Nameplate(power_in_max_w=11_000)),
        }
        self._server = HomeServer(self._meter, self._devices, now=time.time)
        self._soc = 0.5

    async def run(self, serving: "asyncio.Event", port: list[int]) -> None:
        """Serves the registers until it is cancelled; `port` gets the port before `serving` is set."""
        port.append(await self._server.start())
        try:
            while True:
                self._tick()
                serving.set()
                await asyncio.sleep(1)
        finally:
            await self._server.stop()

    def _tick(self) -> None:
        now_s = time.time()
        battery_w = self._devices[2].commanded_power_w(now_s)
        self._soc = min(1.0, max(0.0, self._soc + battery_w / 3.6e7))
        available_w = 2_000.0 + 1_000.0 * math.sin(now_s / 97)
        load_w = 900.0 + 400.0 * math.sin(now_s / 31)
        self._devices[2].report(power_w=battery_w, soc=self._soc)
        self._devices[3].report(power_w=-available_w, available_w=available_w)
        self._devices[4].report(power_w=0.0)
        self._meter.advance(now_s, ((load_w + battery_w - available_w) / 3.0,) * 3)


@contextmanager
def processes(
    folder: Path,
    meter_port: int,
    url: str,
    *,
    slot_minutes: int = SLOT_MINUTES,
    control: str = "",
    more: str = "",
) -> Iterator[dict[str, int]]:
    """The process ids of the house's programs by name, while they run.

    `control` are lines of `[control]`, `more` further tables of the home. A folder `home` that is there is used.
    """
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        raise SystemExit("mosquitto is not installed: apt install mosquitto")
    mqtt_port, home = free_port(), folder / "home"
    (folder / "mosquitto.conf").write_text(f"listener {mqtt_port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    (folder / "token").write_text(TOKEN)
    home.mkdir(exist_ok=True)
    (home / "meter.key").write_text((bytes([7]) * 32).hex() + "\n")
    (home / "meter.key").chmod(0o600)
    (folder / "broker.toml").write_text(
        BROKER.format(mqtt_port=mqtt_port, meter_key=KEY.public_hex, slot_minutes=slot_minutes)
    )
    places = {"meter_port": meter_port, "mqtt_port": mqtt_port, "url": url, "slot_minutes": slot_minutes}
    with ExitStack() as stack:
        stack.enter_context(child([mosquitto, "-c", str(folder / "mosquitto.conf")], folder / "mosquitto.log"))
        stack.enter_context(_program(folder, "broker", "broker.cli", "run", "broker.toml"))
        key = _waited(folder / "broker" / "broker.key")
        broker_key = key_from_seed(bytes.fromhex(key)).public_hex
        (folder / "home.toml").write_text(HOME.format(**places, broker_key=broker_key, control=control, more=more))
        programs = {"hems meter": "meter", "hems run": "run", "hems telemetry": "telemetry"}
        yield {
            name: stack.enter_context(_program(folder, command, "hems.cli", command, "home.toml")).pid
            for name, command in programs.items()
        }


@contextmanager
def _program(folder: Path, name: str, module: str, command: str, config: str) -> Iterator[subprocess.Popen[bytes]]:
    program = [sys.executable, "-m", module, command, "--config", str(folder / config)]
    with child(program, folder / f"{name}.log") as process:
        yield process


def _waited(path: Path) -> str:
    deadline = time.monotonic() + 30
    while not path.exists() or not path.read_text().strip():
        if time.monotonic() > deadline:
            raise SystemExit(f"{path} does not come: see the logs beside it")
        time.sleep(0.05)
    return path.read_text().strip()


def written_bytes(pid: int) -> int:
    """What a process has written to disk so far, as Linux accounts it."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("write_bytes:")))


def peak_mb(pid: int) -> float:
    """The largest resident memory of a process so far [MB]."""
    return memory_mb(pid, "VmHWM")


def carried(folder: Path) -> dict[str, int]:
    """What the telemetry process counts."""
    counts: dict[str, int] = json.loads((folder / "home" / "telemetry.json").read_text())["counts"]
    return counts
