"""A home for tests of Home Assistant: emulated devices on Modbus TCP, `hems run` as a child, an MQTT listener."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

from meter_firmware_sim.device import Nameplate, SimulatedDevice
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from wire.registers import DeviceKind

WAIT_S = 30.0
BASE = "hearthgrid/h1"
DEVICE_TOPIC = "homeassistant/device/hearthgrid_h1/config"
HOME = """
[home]
meter = "h1"
timezone = "Europe/Berlin"
state_dir = "state"
[meter]
port = {modbus}
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.07
[control]
tick_s = 1
horizon_hours = 4
[home_assistant]
port = {mqtt}
discovery = "{form}"
page_url = "http://127.0.0.1:8080"
"""
BATTERY = """
[[device]]
kind = "battery"
id = "battery"
device_id = 2
capacity_kwh = 10
charge_kw_max = 5
discharge_kw_max = 5
soc_min = 0.1
"""
OTHERS = """
[[device]]
kind = "ev"
id = "car"
device_id = 3
charge_kw_max = 11
capacity_kwh = 60
[[device]]
kind = "zone"
id = "living"
device_id = 4
mode = "heat"
electric_kw_max = 4
cop = 3
thermal_capacity_kwh_per_k = 5
thermal_resistance_k_per_kw = 6
comfort = [{from_hour = 0, to_hour = 24, temp_min_c = 20, temp_max_c = 23}]
[[device]]
kind = "pv"
id = "pv"
device_id = 5
peak_kw = 8
"""


class House:
    """Meter, battery, car, heat pump and roof that run in real time in a thread of their own."""

    def __init__(self) -> None:
        now = time.time()
        self.meter = Meter(MeterConfig(import_start_wh=12_345, export_start_wh=678), now)
        self.battery = SimulatedDevice(
            DeviceKind.BATTERY, Nameplate(power_in_max_w=5000, power_out_max_w=5000, capacity_wh=10_000)
        )
        self.car = SimulatedDevice(DeviceKind.EV_CHARGER, Nameplate(power_in_max_w=11_000))
        self.pump = SimulatedDevice(DeviceKind.HEAT_PUMP)
        self.roof = SimulatedDevice(DeviceKind.PV, default_power_w=0)
        devices = {2: self.battery, 3: self.car, 4: self.pump, 5: self.roof}
        self.server = HomeServer(self.meter, devices, now=time.time)
        self.battery.report(soc=0.5, power_w=0)
        self.car.report(power_w=0)
        self.car.report_car(12_000, int(now) + 8 * 3600)
        self.pump.report(power_w=0, temp_c=21.5, outdoor_temp_c=3.0)
        self.roof.report(power_w=0, available_w=0)
        self.port = 0
        self._ready, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    def tick(self) -> None:
        """Physics follow the clock."""
        now, total_w = time.time(), 800.0
        for device in (self.battery, self.car, self.pump):
            power_w = device.commanded_power_w(now)
            device.report(power_w=power_w)
            total_w += power_w
        self.roof.tick(now)
        self.meter.advance(now, (total_w / 3,) * 3)

    async def _live(self) -> None:
        self.port = await self.server.start()
        self._ready.set()
        while not self._stop.is_set():
            self.tick()
            await asyncio.sleep(0.1)
        await self.server.stop()

    def __enter__(self) -> "House":
        self._thread.start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(WAIT_S)


class Listener:
    """Everything that was published, by topic, newest last; waits for what has to come."""

    def __init__(self, port: int) -> None:
        self.seen: list[tuple[str, bytes, bool]] = []
        self._changed = threading.Condition()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.subscribe([("hearthgrid/#", 1), ("homeassistant/#", 1)])
        self.client.loop_start()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.seen.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()

    def mark(self) -> int:
        """How much has been seen."""
        with self._changed:
            return len(self.seen)

    def wait(self, topic: str, holds: Callable[[bytes], bool] = bool, since: int = 0) -> bytes:
        """The first payload on a topic after a mark for which something holds."""
        deadline = time.monotonic() + WAIT_S
        with self._changed:
            while True:
                for name, payload, _ in self.seen[since:]:
                    if name == topic and holds(payload):
                        return payload
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"nothing fit on {topic}: {[p[:300] for t, p, _ in self.seen if t == topic][-2:]}"
                self._changed.wait(left_s)

    def wait_json(self, topic: str, holds: Callable[[Any], bool], since: int = 0) -> Any:
        """As `wait`, for JSON."""
        return json.loads(self.wait(topic, lambda payload: bool(payload) and holds(json.loads(payload)), since))

    def last(self, topic: str) -> bytes | None:
        """The newest payload on a topic."""
        with self._changed:
            return next((payload for name, payload, _ in reversed(self.seen) if name == topic), None)

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publishes and waits until the server has it."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def energy_manager(folder: Path, text: str) -> Iterator[subprocess.Popen[str]]:
    """A running `hems run`; it has to leave by itself with status 0 when it was not killed."""
    config = folder / "home.toml"
    config.write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "hems.cli", "run", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            printed, _ = process.communicate(timeout=WAIT_S)
            assert process.returncode == 0 and "Traceback" not in printed, printed
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
