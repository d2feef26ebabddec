"""`hems run` as Home Assistant sees it: on a real MQTT server, with emulated devices that follow commands."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from broker_rig import free_port, mosquitto
from home_assistant_rig import BASE, BATTERY, DEVICE_TOPIC, HOME, OTHERS, House, Listener, energy_manager

from hems.cli import main
from hems.io.edge_store import EdgeStore


@dataclass(frozen=True, slots=True)
class Scene:
    """One home with its house, a listener and its configuration."""

    house: House
    listener: Listener
    config: Path

    def command(self, component: str, payload: str | bytes, *, retain: bool = False) -> int:
        """Sends a command; returns the mark before it."""
        mark = self.listener.mark()
        self.listener.publish(f"{BASE}/set/{component}", payload, retain=retain)
        return mark

    def settings_after(self, component: str, payload: str, key: str, value: object) -> None:
        """Sends a command and waits until the settings show it."""
        mark = self.command(component, payload)
        self.listener.wait_json(f"{BASE}/settings", lambda told: told[key] == value, since=mark)

    def until(self, what: str, holds: object) -> None:
        """Waits until a condition of the house holds."""
        deadline = time.monotonic() + 30
        while not holds():  # type: ignore[operator]
            assert time.monotonic() < deadline, what
            time.sleep(0.05)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("home")
    with mosquitto(folder) as mqtt, House() as house:
        listener = Listener(mqtt)
        # a command that was left on the server before the home came up: old, and to be left alone
        listener.publish(f"{BASE}/set/mode", "away", retain=True)
        text = HOME.format(modbus=house.port, mqtt=mqtt, form="device") + BATTERY + OTHERS
        with energy_manager(folder, text):
            listener.wait(f"{BASE}/live")
            yield Scene(house, listener, folder / "home.toml")
        listener.wait(f"{BASE}/status", lambda payload: payload == b"offline")
        listener.close()


def test_a_command_that_lay_on_the_server_is_neither_done_nor_refused(scene: Scene) -> None:
    scene.settings_after("override_hours", "3", "override_hours", 3)  # what lay there came before it
    assert json.loads(scene.listener.last(f"{BASE}/settings") or b"{}")["mode"] == "auto"
    told = [json.loads(payload) for topic, payload, _ in scene.listener.seen if topic == f"{BASE}/refused"]
    assert told and {one["text"] for one in told} == {"none"}
    scene.listener.publish(f"{BASE}/set/mode", "", retain=True)


def test_the_home_appears_available_with_its_registers_and_reasons(scene: Scene) -> None:
    discovery = scene.listener.wait_json(DEVICE_TOPIC, lambda told: "cmps" in told)
    assert {"grid_power", "battery_reserve", "living_climate", "car_ready_by", "mode"} <= set(discovery["cmps"])
    for availability in discovery["availability"]:
        scene.listener.wait(availability["topic"], lambda payload: payload == b"online")
    live = scene.listener.wait_json(f"{BASE}/live", lambda told: told["grid_w"] > 100)
    assert live["living_temperature"] == 21.5 and live["battery_soc"] == 50.0 and live["car_plugged"] == "ON"
    energy = scene.listener.wait_json(f"{BASE}/energy", lambda told: told["import_kwh"] is not None)
    assert energy["import_kwh"] >= 12.345 and energy["export_kwh"] == 0.678
    why = scene.listener.wait_json(f"{BASE}/why/battery", lambda told: "code" in told)
    assert why["text"] and why["code"] in discovery["cmps"]["battery_reason"]["options"]


def test_an_override_comes_back_through_a_lease_and_ends_with_auto(scene: Scene) -> None:
    car, since = scene.house.car, scene.command("car_override", '{"action": "on", "hours": 1, "power_kw": 7}')
    scene.until("the car charges with 7 kW", lambda: car.commanded_power_w(time.time()) == 7000)
    command = car.state().command
    assert command is not None and command.valid_until_epoch_s <= time.time() + 61 and command.reversion_w == 0
    why = scene.listener.wait_json(f"{BASE}/why/car", lambda told: told["code"] == "manual", since=since)
    assert "by Home Assistant" in why["text"]
    told = scene.listener.wait_json(f"{BASE}/settings", lambda told: told["car_override"] == "on", since=since)
    assert told["car_override_until"].endswith("Z")
    scene.settings_after("car_override", "auto", "car_override", "auto")
    scene.until("the car follows the plan again", lambda: car.commanded_power_w(time.time()) != 7000)


def test_a_thermostat_heats_and_lets_go(scene: Scene) -> None:
    pump = scene.house.pump
    scene.settings_after("living_climate_mode", "heat", "living_climate_mode", "heat")
    scene.until("the heat pump runs", lambda: pump.commanded_power_w(time.time()) == 4000)
    scene.settings_after("living_climate_mode", "auto", "living_climate_mode", "auto")
    scene.until("the heat pump stops", lambda: pump.commanded_power_w(time.time()) == 0)


def test_a_thermostat_that_is_turned_up_changes_the_plan(scene: Scene) -> None:
    pump = scene.house.pump
    scene.settings_after("living_climate_temperature", "22.5", "living_climate_temperature", 22.5)
    scene.until("the room is heated", lambda: pump.commanded_power_w(time.time()) > 500)
    scene.settings_after("living_climate_temperature", "20", "living_climate_temperature", 20.0)
    scene.until("the room is warm enough", lambda: pump.commanded_power_w(time.time()) == 0)


def test_mode_reserve_and_ready_by_are_set_and_told(scene: Scene) -> None:
    scene.settings_after("mode", "save", "mode", "save")
    scene.settings_after("battery_reserve", "40", "battery_reserve", 40.0)
    scene.settings_after("car_ready_by", "06:45", "car_ready_by", "06:45")
    scene.settings_after("mode", "auto", "mode", "auto")
    scene.settings_after("car_ready_by", "", "car_ready_by", "")


def test_commands_of_the_shell_go_the_same_way(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    config, mark = ["--config", str(scene.config)], scene.listener.mark()
    assert main(["set", *config, "objective=green", "offset_k.living=0.5"]) == 0
    assert "objective: cheap -> green" in capsys.readouterr().out
    scene.listener.wait_json(f"{BASE}/settings", lambda told: told["living_offset"] == 0.5, since=mark)
    assert main(["set", *config]) == 0
    assert re.search(r"offset_k\.living +0\.5 +0 +-5 to 5 K", capsys.readouterr().out)
    assert main(["override", *config, "battery", "give", "--until", "30m", "--power-kw", "2"]) == 0
    scene.until("the battery gives 2 kW", lambda: scene.house.battery.commanded_power_w(time.time()) == -2000)
    assert main(["override", *config]) == 0
    assert re.search(r"battery: give with 2 kW until .* by cli", capsys.readouterr().out)
    assert main(["override", *config, "battery", "auto"]) == 0
    assert main(["set", *config, "mode=party"]) == 2
    assert "use one of auto" in capsys.readouterr().err
    mark = scene.listener.mark()
    assert main(["set", *config, "objective=", "offset_k.living="]) == 0
    scene.listener.wait_json(f"{BASE}/settings", lambda told: told["objective"] == "cheap", since=mark)


def test_without_an_energy_manager_the_shell_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "home.toml"
    path.write_text(HOME.format(modbus=1, mqtt=1, form="device"))
    assert main(["set", "--config", str(path), "mode=away"]) == 2
    assert "start `hems run`" in capsys.readouterr().err
    assert main(["override", "--config", str(tmp_path / "none.toml")]) == 2
    assert "name the home's TOML file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("component", "payload", "said"),
    [
        ("battery_reserve", b"NaN", "is no number"),
        ("mode", b"\x00\xff", "UTF-8"),
        ("mode", b"a" * 1_000_000, "send at most"),
        ("objective", b"rich", "use one of"),
        ("no_such_thing", b"1", "takes no commands"),
    ],
)
def test_a_wrong_payload_is_refused_and_told_and_nothing_changes(
    scene: Scene, component: str, payload: bytes, said: str
) -> None:
    before = scene.listener.last(f"{BASE}/settings")
    mark = scene.command(component, payload)
    scene.listener.wait_json(f"{BASE}/refused", lambda told: said in told["text"], since=mark)
    assert scene.listener.wait(f"{BASE}/settings", since=mark) == before


def test_birth_of_home_assistant_brings_discovery_and_states_again(scene: Scene) -> None:
    mark = scene.listener.mark()
    scene.listener.publish("homeassistant/status", "online")
    for topic in (DEVICE_TOPIC, f"{BASE}/settings", f"{BASE}/energy", f"{BASE}/fresh"):
        scene.listener.wait(topic, since=mark)


def test_a_killed_home_is_offline_and_its_devices_leave_with_the_toml(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as mqtt, House() as house:
        listener = Listener(mqtt)
        text = HOME.format(modbus=house.port, mqtt=mqtt, form="component")
        with energy_manager(tmp_path, text + BATTERY + OTHERS) as process:
            listener.wait("homeassistant/climate/hearthgrid_h1_living_climate/config")
            listener.publish(f"{BASE}/set/mode", "comfort")
            listener.wait_json(f"{BASE}/settings", lambda told: told["mode"] == "comfort")
            process.kill()
            process.communicate()
            listener.wait(f"{BASE}/status", lambda payload: payload == b"offline")
        mark = listener.mark()
        with energy_manager(tmp_path, text + BATTERY):
            listener.wait("homeassistant/climate/hearthgrid_h1_living_climate/config", lambda p: p == b"", since=mark)
            listener.wait_json(f"{BASE}/settings", lambda told: told["mode"] == "comfort", since=mark)
        listener.close()
    store = EdgeStore(tmp_path / "state" / "ems.db")
    assert [(entry.by, entry.what, entry.after) for entry in store.household_entries(9)] == [
        ("home_assistant", "mode", "comfort")
    ]
    store.close()


def test_without_the_server_the_home_goes_on_says_so_once_and_is_there_when_it_comes(tmp_path: Path) -> None:
    with House() as house:
        port = free_port()
        text = HOME.format(modbus=house.port, mqtt=port, form="device") + BATTERY
        with energy_manager(tmp_path, text) as process:
            deadline = time.monotonic() + 30
            while house.battery.commanded_power_w(time.time()) >= 0:
                assert time.monotonic() < deadline, "the battery serves the load"
                time.sleep(0.05)
            with mosquitto(tmp_path, port=port):
                listener = Listener(port)
                listener.wait(DEVICE_TOPIC)
                listener.close()
                process.terminate()
                printed, _ = process.communicate(timeout=30)
            assert process.returncode == 0
    assert printed.count("is not there") == 1 and "goes on without it" in printed
    assert printed.count("is there again") == 1
    assert "Traceback" not in printed
