"""`hems run` and `hems meter` as processes, against emulated meter and devices on real Modbus TCP."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from hems.io.edge_store import EdgeStore
from meter_firmware_sim.device import Nameplate, SimulatedDevice
from meter_firmware_sim.faults import FaultKind
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from telemetry.buffer_source import BufferSource
from wire.registers import DeviceKind
from wire.telemetry import Value

DEADLINE_S = 30.0
HOME = """
[home]
meter = "h1"
state_dir = "state"
[meter]
port = {port}
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.07
[control]
tick_s = 1
[[device]]
kind = "battery"
id = "battery"
device_id = 2
capacity_kwh = 10
charge_kw_max = 5
discharge_kw_max = 5
"""
MARKET = """
[market]
community = "test"
broker_key = "{key}"
port = {port}
"""


class House:
    """An emulated meter and battery that runs in real time."""

    def __init__(self, load_w: float, soc: float) -> None:
        now = time.time()
        self.load_w = load_w
        self.meter = Meter(MeterConfig(), now)
        self.battery = SimulatedDevice(
            DeviceKind.BATTERY, Nameplate(power_in_max_w=5000, power_out_max_w=5000, capacity_wh=10_000)
        )
        self.server = HomeServer(self.meter, {2: self.battery}, now=time.time)
        self.battery.report(soc=soc, power_w=0)

    def tick(self) -> None:
        """Physics follow the clock."""
        now = time.time()
        battery_w = self.battery.commanded_power_w(now)
        self.battery.report(power_w=battery_w)
        self.meter.advance(now, ((self.load_w + battery_w) / 3,) * 3)


async def until(condition: Callable[[], bool], house: House) -> bool:
    """Whether a condition came true within the deadline, physics running meanwhile."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        house.tick()
        if condition():
            return True
        await asyncio.sleep(0.05)
    return False


def started(folder: Path, command: str, text: str, sink: TextIO | int = subprocess.PIPE) -> subprocess.Popen[str]:
    config = folder / "home.toml"
    config.write_text(text)
    return subprocess.Popen(
        [sys.executable, "-m", "hems.cli", command, "--config", str(config)],
        stdout=sink,
        stderr=subprocess.STDOUT,
        text=True,
    )


def stopped(process: subprocess.Popen[str]) -> str:
    """What a process printed into a pipe after it was asked to stop; it has to leave by itself with status 0."""
    process.send_signal(signal.SIGTERM)
    printed = process.communicate(timeout=20)[0] or ""
    assert process.returncode == 0, printed
    assert "Traceback" not in printed, printed
    return printed


def telemetry(buffer: Path) -> dict[str, dict[str, Value]]:
    """The last point of each measurement that a process kept, as tags and fields."""
    batch = BufferSource(buffer).read({}, 1_000)
    assert batch is not None
    return {made.measurement.name: dict(made.tags) | dict(made.fields) for made in batch.points}


def test_full_battery_serves_the_load_by_lease_and_reverts_when_the_manager_is_gone(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(load_w=1500, soc=0.9)
        port = await house.server.start()
        process = started(tmp_path, "run", HOME.format(port=port))
        try:
            assert await until(lambda: house.battery.commanded_power_w(time.time()) < -1400, house)
            command = house.battery.state().command
            assert command is not None
            assert command.reversion_w == 0
            assert command.valid_until_epoch_s <= time.time() + 61
        finally:
            process.kill()
            process.communicate()
        assert house.battery.commanded_power_w(time.time() + 61) == 0
        await house.server.stop()

    asyncio.run(scene())
    store = EdgeStore(tmp_path / "state" / "ems.db")
    assert store.count("decisions") > 0
    assert store.count("problems") > 0
    store.close()


def test_restarted_manager_takes_the_devices_over_with_a_newer_token(tmp_path: Path) -> None:
    async def scene() -> tuple[int, int]:
        house = House(load_w=1500, soc=0.9)
        port = await house.server.start()
        tokens = []
        for _ in range(2):
            process = started(tmp_path, "run", HOME.format(port=port))
            known = set(tokens)
            assert await until(
                lambda known=known: (c := house.battery.state().command) is not None and c.token not in known, house
            )
            command = house.battery.state().command
            assert command is not None
            tokens.append(command.token)
            process.kill()
            process.communicate()
        await house.server.stop()
        return tokens[0], tokens[1]

    first, second = asyncio.run(scene())
    assert second > first


def test_dead_meter_is_told_once_and_the_process_goes_on(tmp_path: Path) -> None:
    process = started(tmp_path, "run", HOME.format(port=1))
    end = time.monotonic() + DEADLINE_S
    while not (tmp_path / "state" / "ems.sock").exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(3)  # some steps
    printed = stopped(process)
    assert printed.count("meter:") == 1, printed
    assert "trying again" in printed
    told = telemetry(tmp_path / "state" / "ems-telemetry.db")
    assert told["managing"]["devices"] == 1 and told["process"]["program"] == "ems"


@pytest.mark.parametrize(("command", "reads_in_s"), [("run", 4), ("meter", 24)])
def test_a_meter_that_answers_without_values_is_told_once_and_once_when_it_has_them(
    tmp_path: Path, command: str, reads_in_s: int
) -> None:
    """An answer in which every point reads "not implemented" is as good as none; it is read again in that time."""
    said = tmp_path / "said.log"

    def told() -> list[str]:
        return [line for line in said.read_text().splitlines() if " meter: " in line]

    async def scene(sink: TextIO) -> None:
        house = House(load_w=1500, soc=0.5)
        port = await house.server.start()
        text = HOME.format(port=port) + MARKET.format(key="ab" * 32, port=1)
        process = started(tmp_path, command, text, sink)
        try:
            for lines, is_on in ((1, True), (2, False)):
                house.server.banks[1].switch(FaultKind.NAN, on=is_on)
                assert await until(lambda lines=lines: len(told()) == lines, house), said.read_text()
                end = time.monotonic() + reads_in_s
                await until(lambda end=end: time.monotonic() > end, house)
        finally:
            stopped(process)
            await house.server.stop()

    with said.open("w") as sink:
        asyncio.run(scene(sink))
    lines = told()
    assert "Traceback" not in said.read_text()
    assert len(lines) == 2, lines
    assert "check the meter" in lines[0] and "again" in lines[1], lines


def test_meter_process_without_an_mqtt_server_reads_on_and_says_so_once(tmp_path: Path) -> None:
    async def scene() -> str:
        house = House(load_w=1500, soc=0.9)
        port = await house.server.start()
        text = HOME.format(port=port) + MARKET.format(key="00" * 32, port=1)
        process = started(tmp_path, "meter", text)
        state = tmp_path / "state" / "meter.db"

        def has_read() -> bool:
            if not state.exists():
                return False
            store = EdgeStore(state)
            try:
                return store.count("readings") > 0
            finally:
                store.close()

        try:
            assert await until(has_read, house)
            return await asyncio.to_thread(stopped, process)
        finally:
            process.kill()
            await house.server.stop()

    printed = asyncio.run(scene())
    assert printed.count("MQTT server") == 1, printed
    assert "the home goes on alone" in printed
    told = telemetry(tmp_path / "state" / "meter-telemetry.db")
    assert told["metering"]["is_mqtt_connected"] == 0 and told["metering"]["is_home_connected"] == 0


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("run", "not toml [", "not TOML"),
        ("run", HOME.format(port=99999), "meter.port"),
        ("run", HOME.format(port=1) + 'colour = "red"', "unknown key"),
        ("meter", HOME.format(port=1), "[market]"),
    ],
)
def test_broken_configuration_ends_with_status_2_and_its_place(
    tmp_path: Path, command: str, text: str, expected: str
) -> None:
    process = started(tmp_path, command, text)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 2, printed
    assert expected in printed
    assert "home.toml" in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "state").exists()


def test_state_directory_too_long_for_a_socket_is_refused_with_the_remedy(tmp_path: Path) -> None:
    text = HOME.format(port=1).replace('"state"', f'"{"s" * 120}"') + MARKET.format(key="00" * 32, port=1)
    for command in ("run", "meter"):
        process = started(tmp_path, command, text)
        printed, _ = process.communicate(timeout=20)
        assert process.returncode == 2, printed
        assert "shorten home.state_dir" in printed
        assert "Traceback" not in printed


def test_missing_configuration_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hems.cli", "run", "--config", str(tmp_path / "none.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "none.toml" in done.stderr
