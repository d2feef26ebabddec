"""A home with a page for tests and measurements: emulated meter and devices on real Modbus TCP, `hems run` beside."""

import asyncio
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meter_firmware_sim.device import SimulatedDevice
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from twin.demo.mqtt_server import free_port
from wire.registers import DeviceKind

DEADLINE_S = 40.0
HOME = """
[home]
meter = "sunny-side-7"
timezone = "Europe/Berlin"
state_dir = "state"
[meter]
port = {modbus}
[tariff]
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
[[tariff.period]]
from_hour = 17
to_hour = 21
import_price_per_kwh = 0.41
export_price_per_kwh = 0.08
[control]
tick_s = {tick_s}
futures = {futures}
[page]
port = {page}
{extra}
"""
DEVICES = """
[[device]]
kind = "pv"
id = "roof"
device_id = 2
[[device]]
kind = "battery"
id = "battery"
device_id = 3
capacity_kwh = 10
charge_kw_max = 5
discharge_kw_max = 5
soc_min = 0.1
[[device]]
kind = "ev"
id = "car"
device_id = 4
charge_kw_max = 11
charge_kw_min = 1.4
[[device]]
kind = "zone"
id = "living"
device_id = 5
mode = "heat"
electric_kw_max = 4
cop = 3.2
thermal_capacity_kwh_per_k = 6
thermal_resistance_k_per_kw = 6
[[device.comfort]]
from_hour = 0
to_hour = 24
temp_min_c = 20
temp_max_c = 23
"""


class House:
    """Meter, roof, battery, car and heat pump that do what they are told, in a loop of their own."""

    def __init__(self) -> None:
        self.load_w, self.sun_w = 640.0, 2150.0
        self.meter = Meter(MeterConfig(), time.time())
        self.roof = SimulatedDevice(DeviceKind.PV)
        self.battery = SimulatedDevice(DeviceKind.BATTERY)
        self.car = SimulatedDevice(DeviceKind.EV_CHARGER)
        self.heat = SimulatedDevice(DeviceKind.HEAT_PUMP)
        self.server = HomeServer(
            self.meter, {2: self.roof, 3: self.battery, 4: self.car, 5: self.heat}, now=time.time
        )
        self.battery.report(soc=0.62, power_w=0)
        self.car.report_car(14_500, int(time.time()) + 11 * 3600)
        self.heat.report(temp_c=20.4, outdoor_temp_c=6.0, power_w=0)
        self.port = 0

    def tick(self) -> None:
        """Physics follow the commands."""
        now = time.time()
        self.roof.report(power_w=-self.sun_w, available_w=self.sun_w)
        drawn = {device: device.commanded_power_w(now) for device in (self.battery, self.car, self.heat)}
        for device, power_w in drawn.items():
            device.report(power_w=power_w)
        self.meter.advance(now, ((self.load_w - self.sun_w + sum(drawn.values())) / 3,) * 3)

    async def live(self, ready: threading.Event, stop: threading.Event) -> None:
        """Serves until it is asked to stop."""
        self.tick()
        self.port = await self.server.start()
        ready.set()
        while not stop.is_set():
            self.tick()
            await asyncio.sleep(0.1)
        await self.server.stop()


@contextmanager
def living(house: House) -> Iterator[House]:
    """The house while it lives, in a thread."""
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(house.live(ready, stop)), daemon=True)
    thread.start()
    assert ready.wait(DEADLINE_S)
    try:
        yield house
    finally:
        stop.set()
        thread.join(DEADLINE_S)


@contextmanager
def served(
    folder: Path, house: House, *, devices: str = DEVICES, extra: str = "", tick_s: int = 1, futures: int = 6
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """(address of the page, process) of a `hems run` for the house, until it has ended with status 0."""
    page = free_port()
    config = folder / "home.toml"
    config.write_text(
        HOME.format(modbus=house.port, page=page, extra=extra, tick_s=tick_s, futures=futures) + devices
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "hems.cli", "run", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{page}"
    try:
        wait_for(url)
        yield url, process
    finally:
        if process.poll() is None:
            process.terminate()
        printed, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, printed
    assert "Traceback" not in printed, printed


def wait_for(url: str) -> None:
    """Waits until the page answers."""
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/assets/icon.svg", timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
