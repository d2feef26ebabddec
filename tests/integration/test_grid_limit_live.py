"""`hems run` under a network operator's limit: a real MQTT server, a real process, a battery on real Modbus TCP."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from broker_rig import mosquitto
from mqtt_household import say, speaker
from test_home_processes import HOME, House, started, stopped, until

from hems.cli import main
from hems.io.edge_store import EdgeStore

LOAD_W, FULL_W = 1500, 5000
HEARTBEAT_S, SPEAK_S = 10, 2.0
TOPIC = "operator/limit"
CHEAP_NOW = """
[[tariff.period]]
from_hour = {first}
to_hour = {end}
import_price_per_kwh = 0.05
export_price_per_kwh = 0.01
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mqtt")) as found:
        yield found


@pytest.fixture
def client(port: int) -> Iterator[paho.Client]:
    with speaker(port) as found:
        yield found


def cheap_now() -> str:
    """A tariff under which a battery charges with all it has: cheap for some hours, dear before and after."""
    hour = time.gmtime().tm_hour
    return CHEAP_NOW.format(first=hour, end=(hour + 3) % 24)


def text(meter_port: int, mqtt_port: int, table: str) -> str:
    return HOME.format(port=meter_port) + cheap_now() + f"[mqtt]\nport = {mqtt_port}\n[grid_limit]\n{table}"


class Operator:
    """Says the newest limit again and again, until it is told to be silent."""

    def __init__(self, client: paho.Client) -> None:
        self.client, self.limit, self._said_s = client, dict[str, float | None](), 0.0
        self.is_silent = False

    def until(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """The condition, asked for while the operator goes on speaking."""

        def asked() -> bool:
            if not self.is_silent and time.monotonic() - self._said_s >= SPEAK_S:
                say(self.client, TOPIC, json.dumps(self.limit))
                self._said_s = time.monotonic()
            return condition()

        return asked

    def says(self, **limit: float | None) -> None:
        """A new limit, at once."""
        self.limit, self._said_s = dict(limit), 0.0


def test_the_limit_beats_the_price_and_silence_is_failsafe(
    tmp_path: Path, port: int, client: paho.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    def charging_w() -> float:
        return house.battery.commanded_power_w(time.time())

    async def scene() -> None:
        operator, mqtt = Operator(client), f'topic = "{TOPIC}"\nheartbeat_s = {HEARTBEAT_S}\n'
        home = text(await house.server.start(), port, mqtt)
        process = started(tmp_path, "run", home)
        try:
            assert await until(operator.until(lambda: charging_w() > FULL_W - 1), house), "no limit: all it takes"
            operator.says(import_limit_w=3000)
            assert await until(operator.until(lambda: 0 < charging_w() <= 3000 - LOAD_W), house)
            say(client, TOPIC, '{"import_limit_w": "much"}')
            operator.says(import_limit_w=0, export_limit_w=0)
            assert await until(operator.until(lambda: abs(charging_w() + LOAD_W) < 60), house), "from the battery"
            operator.says()
            assert await until(operator.until(lambda: charging_w() > FULL_W - 1), house)
            operator.is_silent = True
            assert await until(lambda: 0 < charging_w() <= 4200 - LOAD_W, house), "failsafe"
            process.kill()
            process.communicate()
            process = started(tmp_path, "run", home)
            operator.is_silent = False
            operator.says(import_limit_w=2500)
            assert await until(operator.until(lambda: 0 < charging_w() <= 2500 - LOAD_W), house)
        finally:
            printed = stopped(process)
            await house.server.stop()
        assert "network operator: at most 2.5 kW from the grid" in printed

    house = House(load_w=LOAD_W, soc=0.3)
    asyncio.run(scene())
    store = EdgeStore(tmp_path / "state" / "ems.db")
    assert store.fact("grid_limit") == {"import_kw": 2.5, "export_kw": None, "until_s": None}
    assert main(["status", "--config", str(tmp_path / "home.toml")]) == 0
    assert "network operator: at most 2.5 kW from the grid" in capsys.readouterr().out
    told = [value for name, value in store.rows("health", "name, value", "rowid") if name == "grid_limit"]
    store.close()
    assert any(value.startswith(f"no signal on {TOPIC}") for value in told)
    assert "the connection is not limited" in told


def test_a_contact_that_closes_limits_the_home_also_after_a_restart(
    tmp_path: Path, port: int, client: paho.Client
) -> None:
    contact = 'kind = "contact"\ntopic = "box/relay"\npath = "state"\nclosed = "true"\nopen = "false"\n'

    def charging_w() -> float:
        return house.battery.commanded_power_w(time.time())

    async def scene() -> None:
        home = text(await house.server.start(), port, contact)
        process = started(tmp_path, "run", home)
        try:
            assert await until(lambda: charging_w() > FULL_W - 1, house), "nothing said: open"
            say(client, "box/relay", '{"id": 0, "state": true}')
            assert await until(lambda: 0 < charging_w() <= 4200 - LOAD_W, house)
            stopped(process)
            process = started(tmp_path, "run", home)
            known = house.battery.state().command
            assert known is not None
            assert await until(
                lambda: (now := house.battery.state().command) is not None and now.token != known.token, house
            )
            assert 0 < charging_w() <= 4200 - LOAD_W, "remembered"
            say(client, "box/relay", '{"id": 0, "state": false}')
            assert await until(lambda: charging_w() > FULL_W - 1, house)
        finally:
            stopped(process)
            await house.server.stop()

    house = House(load_w=LOAD_W, soc=0.3)
    asyncio.run(scene())
