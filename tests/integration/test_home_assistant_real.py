"""A real Home Assistant finds the home, shows it without a warning, takes its counters for energy, and commands it.

Optional, since Home Assistant needs an environment of its own of several hundred MB: name its interpreter in
HEARTHGRID_HOME_ASSISTANT (docs/home-assistant.md says how to make it). Releases before 2024.11 know the component
form only; HEARTHGRID_HOME_ASSISTANT_FORM=device tries the other one.
"""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from broker_rig import free_port, mosquitto
from home_assistant_rig import BATTERY, HOME, OTHERS, House, energy_manager

from hems.control.home_assistant.entities import entities
from hems.control.home_assistant.topics import Topics
from hems.control.household.options import options
from hems.site.config import parse_config

INTERPRETER = os.environ.get("HEARTHGRID_HOME_ASSISTANT")
FORM = os.environ.get("HEARTHGRID_HOME_ASSISTANT_FORM", "component")
START_S = 120
CONFIGURATION = """
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
onboarding:
recorder:
energy:
logger:
  default: warning
"""
pytestmark = pytest.mark.skipif(
    INTERPRETER is None, reason="optional: HEARTHGRID_HOME_ASSISTANT names no interpreter of a Home Assistant"
)


def write_home_assistant(folder: Path, port: int, mqtt: int) -> None:
    """A Home Assistant that has only what the test asks about, with its MQTT integration set up."""
    (folder / ".storage").mkdir(parents=True)
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    entry = {
        "entry_id": "hearthgrid",
        "version": 1,
        "minor_version": 1,
        "domain": "mqtt",
        "title": "mqtt",
        "data": {"broker": "127.0.0.1", "port": mqtt, "discovery": True, "discovery_prefix": "homeassistant"},
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "unique_id": None,
        "disabled_by": None,
    }
    document = {"version": 1, "minor_version": 1, "key": "core.config_entries", "data": {"entries": [entry]}}
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(document))


@contextmanager
def home_assistant(folder: Path, port: int, mqtt: int) -> Iterator[Path]:
    """A running Home Assistant; gives the path of its log."""
    assert INTERPRETER is not None
    write_home_assistant(folder, port, mqtt)
    log = folder / "home-assistant.log"
    program = [INTERPRETER, "-m", "homeassistant", "--skip-pip", "-c", str(folder)]
    with (folder / "output").open("wb") as sink:
        process = subprocess.Popen(program, stdout=sink, stderr=sink)
    try:
        yield log
    finally:
        process.terminate()
        process.wait(60)


class Api:
    """The web socket of Home Assistant."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0

    async def ask(self, kind: str, **more: Any) -> Any:
        """The result of a command."""
        self._id += 1
        await self._socket.send_json({"id": self._id, "type": kind, **more})
        while True:
            answer = await self._socket.receive_json(timeout=30)
            if answer.get("id") == self._id and answer["type"] == "result":
                assert answer["success"], answer
                return answer["result"]

    async def call(self, domain: str, service: str, entity: str, **data: Any) -> None:
        """Calls a service for an entity."""
        target = {"entity_id": entity}
        await self.ask("call_service", domain=domain, service=service, service_data=data, target=target)


async def token(session: aiohttp.ClientSession, url: str) -> str:
    """An access token, from the onboarding that a new Home Assistant asks for."""
    deadline = time.monotonic() + START_S
    user = {"client_id": url, "name": "test", "username": "test", "password": "test-only", "language": "en"}
    while True:
        try:
            async with session.post(f"{url}/api/onboarding/users", json=user) as answer:
                code = (await answer.json())["auth_code"]
                break
        except (aiohttp.ClientError, KeyError, ValueError):
            assert time.monotonic() < deadline, "Home Assistant did not start"
            await asyncio.sleep(0.5)
    form = {"client_id": url, "grant_type": "authorization_code", "code": code}
    async with session.post(f"{url}/auth/token", data=form) as answer:
        return str((await answer.json())["access_token"])


async def until(api: Api, what: str, holds: Any) -> dict[str, Any]:
    """The states by entity id once something holds of them."""
    deadline = time.monotonic() + 60
    while True:
        states = {state["entity_id"]: state for state in await api.ask("get_states")}
        if holds(states):
            return states
        assert time.monotonic() < deadline, (what, {k: v["state"] for k, v in states.items() if "hearthgrid" in k})
        await asyncio.sleep(0.3)


def expected_ids(config_text: str) -> dict[str, str]:
    """Unique ids of all entities of the home, and their platforms."""
    home = parse_config(config_text, "home.toml").as_home()
    topics = Topics(meter=home.meter)
    made = entities(home, options(home), topics, "EUR")
    return {f"{topics.name}_{entity.id}": entity.platform for entity in made}


async def scene(url: str, text: str, house: House) -> None:
    """What a person would do: look at everything, then command the home."""
    async with aiohttp.ClientSession() as session:
        secret = await token(session, url)
        async with session.ws_connect(f"{url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": secret})
            assert (await socket.receive_json())["type"] == "auth_ok"
            api = Api(socket)
            wanted = expected_ids(text)
            await until(api, "all entities", lambda s: sum("hearthgrid" in name for name in s) >= len(wanted))
            registry = {e["unique_id"]: e for e in await api.ask("config/entity_registry/list")}
            assert set(wanted) <= set(registry)
            names = {id_: registry[id_]["entity_id"] for id_ in wanted}
            assert all(names[id_].split(".")[0] == platform for id_, platform in wanted.items())
            states = await until(
                api,
                "values",
                lambda s: all(s[name]["state"] != "unavailable" for name in names.values()),
            )
            check_states(states, names)
            await check_energy(api, names)
            await command(api, names, house)


def check_states(states: dict[str, Any], names: dict[str, str]) -> None:
    """Everything is available and has its value."""
    value = {id_: states[name]["state"] for id_, name in names.items()}
    assert "unavailable" not in value.values(), {k: v for k, v in value.items() if v == "unavailable"}
    assert float(value["hearthgrid_h1_grid_import"]) >= 12.345
    assert value["hearthgrid_h1_battery_soc"] == "50.0" and value["hearthgrid_h1_mode"] == "auto"
    assert value["hearthgrid_h1_market_price"] == "unknown", "a home without a market has no market price"
    assert states[names["hearthgrid_h1_living_climate"]]["attributes"]["current_temperature"] == 21.5
    assert states[names["hearthgrid_h1_battery_reason"]]["attributes"]["text"]


async def check_energy(api: Api, names: dict[str, str]) -> None:
    """The energy dashboard takes the counters without an issue."""
    source = {
        "type": "grid",
        "flow_from": [
            {
                "stat_energy_from": names["hearthgrid_h1_grid_import"],
                "stat_cost": None,
                "entity_energy_price": names["hearthgrid_h1_market_retail_price"],
                "number_energy_price": None,
            }
        ],
        "flow_to": [
            {
                "stat_energy_to": names["hearthgrid_h1_grid_export"],
                "stat_compensation": None,
                "entity_energy_price": names["hearthgrid_h1_market_feed_in_price"],
                "number_energy_price": None,
            }
        ],
        "cost_adjustment_day": 0.0,
    }
    battery = {
        "type": "battery",
        "stat_energy_from": names["hearthgrid_h1_battery_discharged"],
        "stat_energy_to": names["hearthgrid_h1_battery_charged"],
    }
    solar = {
        "type": "solar",
        "stat_energy_from": names["hearthgrid_h1_pv_generated"],
        "config_entry_solar_forecast": None,
    }
    await api.ask("energy/save_prefs", energy_sources=[source, battery, solar])
    found = await api.ask("energy/validate")
    issues = [issue["type"] for part in found["energy_sources"] for issue in part]
    # statistics are made every five minutes: that there are none yet is no fault of a sensor
    assert set(issues) <= {"statistics_not_defined"}, found


async def command(api: Api, names: dict[str, str], house: House) -> None:
    """Commands come back as leases, settings as states."""
    await api.call("select", "select_option", names["hearthgrid_h1_mode"], option="save")
    await api.call("number", "set_value", names["hearthgrid_h1_battery_reserve"], value=40)
    await api.call("text", "set_value", names["hearthgrid_h1_car_ready_by"], value="06:45")
    await api.call("climate", "set_hvac_mode", names["hearthgrid_h1_living_climate"], hvac_mode="heat")
    await api.call("select", "select_option", names["hearthgrid_h1_car_override"], option="on")
    await until(api, "mode", lambda s: s[names["hearthgrid_h1_mode"]]["state"] == "save")
    await until(api, "reserve", lambda s: float(s[names["hearthgrid_h1_battery_reserve"]]["state"]) == 40.0)
    await until(api, "ready by", lambda s: s[names["hearthgrid_h1_car_ready_by"]]["state"] == "06:45")
    await until(api, "reason", lambda s: s[names["hearthgrid_h1_car_reason"]]["state"] == "manual")
    assert house.pump.commanded_power_w(time.time()) == 4000
    assert house.car.commanded_power_w(time.time()) == 11_000
    await api.call("button", "press", names["hearthgrid_h1_override_end_all"])
    await until(api, "end", lambda s: s[names["hearthgrid_h1_car_override"]]["state"] == "auto")


def test_a_real_home_assistant_finds_shows_and_commands_the_home(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path) as mqtt, House() as house:
        text = HOME.format(modbus=house.port, mqtt=mqtt, form=FORM) + BATTERY + OTHERS
        with energy_manager(tmp_path, text), home_assistant(tmp_path / "ha", port, mqtt) as log:
            asyncio.run(scene(f"http://127.0.0.1:{port}", text, house))
            lines = log.read_text().splitlines()
    ours = [line for line in lines if "hearthgrid" in line or "mqtt" in line.lower()]
    assert not ours, ours
