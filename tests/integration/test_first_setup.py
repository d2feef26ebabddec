"""`hems meter test` and `hems init` as people run them, on a real MQTT server and a simulated meter on Modbus."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from broker_rig import free_port, mosquitto
from mqtt_household import repeated, say, speaker
from test_modbus_cli import simulated

from hems.cli import main
from hems.io.meter_port import SiteMeter
from hems.io.meter_watch import look
from hems.metering.meter_check import Sample
from hems.site.config import parse_config
from hems.site.config_meter import ModbusMeterTable, MqttMeterTable

SIMULATED = '[meter]\naccuracy_class = "exact"\n[[device]]\nid = 3\nkind = "battery"\n'
TASMOTA = "tele/house/SENSOR"


@pytest.fixture(scope="module")
def mqtt_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mqtt")) as found:
        yield found


@pytest.fixture
def client(mqtt_port: int) -> Iterator[paho.Client]:
    with speaker(mqtt_port) as found:
        yield found


@pytest.fixture(scope="module")
def modbus_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with simulated(tmp_path_factory.mktemp("sim"), SIMULATED, "home") as port:
        yield port


def energy(watts: float, wh: int) -> dict[str, Any]:
    return {"Time": "2027-01-15T09:00:00", "ENERGY": {"Power": watts, "Total": wh / 1000, "ExportActive": 1.0}}


@pytest.fixture
def kettle_w(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """What a kettle draws: nothing during the first looks at the meter, then 2 kW. Looks follow quickly."""
    looks = 0

    async def counted(meter: SiteMeter) -> Sample:
        nonlocal looks
        looks += 1
        return await look(meter)

    monkeypatch.setattr("hems.io.meter_watch.EVERY_S", 0.05)
    monkeypatch.setattr("hems.io.meter_watch.look", counted)
    return lambda: 2000.0 if looks > 8 else 0.0


@pytest.mark.parametrize(("turned", "sign"), [(1, "right"), (-1, "wrong")])
def test_a_kettle_during_the_test_tells_the_sign(
    client: paho.Client, capsys: pytest.CaptureFixture[str], kettle_w: Callable[[], float], turned: int, sign: str
) -> None:
    topic, status = f"tele/house{turned}/SENSOR", 0 if turned == 1 else 1

    def speak(i: int) -> None:
        say(client, topic, energy(turned * (300 + kettle_w()), 1_000_000 + i // 10))

    options = ["--template", "tasmota", "--topic", topic, "--port", str(client.port), "--seconds", "1.5", "--json"]
    with repeated(speak, 0.03):
        assert main(["meter", "test", *options]) == status
    told = json.loads(capsys.readouterr().out)
    assert (told["sign"], told["quality"]) == (sign, "good")
    assert told["power_w"] == turned * 2300
    assert told["readings"] >= 2
    assert (told["verdict"] == "good") is (status == 0), told


def test_a_meter_that_says_nothing_is_not_usable_and_the_topic_is_named(
    mqtt_port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hems.io.mqtt_link.FIRST_WAIT_S", 0.2)
    options = ["--template", "tasmota", "--topic", "tele/nobody/SENSOR", "--port", str(mqtt_port), "--seconds", "0.1"]
    assert main(["meter", "test", *options]) == 1
    out = capsys.readouterr().out
    assert "not usable" in out
    assert "nothing came on tele/nobody/SENSOR" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name one meter: --config HOME.toml"),
        (["--template", "tasmotta", "--topic", "a"], "there is no template 'tasmotta'"),
        (["--template", "victron", "--topic", "a/b"], "give one like 'N/c0619ab33f12/grid/30/Ac/Power'"),
        (["--modbus", "meter:x"], "give HOST or HOST:PORT"),
        (["--modbus", "meter", "--map", "sdm"], "there is no register map 'sdm': use one of sunspec"),
        (["--config", "no-such.toml"], "name the home's TOML file"),
        (["--template", "native", "--topic", "a", "--set", "power_w"], "give --set QUANTITY.KEY=VALUE"),
        (["--template", "native", "--topic", "a", "--set", "power_w.unit=hp"], "value.power_w.unit"),
        (["--template", "native", "--topic", "a", "--set", "power.unit=W"], "meter.value.power"),
    ],
)
def test_options_that_name_no_meter_end_with_a_remedy(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["meter", "test", *options]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


def test_the_list_shows_every_template_and_map(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meter", "test", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed["templates"]) >= 16
    assert len(listed["maps"]) >= 4


def test_init_finds_meter_and_battery_on_modbus_and_writes_at_most_15_lines(
    modbus_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home.toml"
    line = ["init", "--yes", "--output", str(home), "--ports", modbus_port, "--timezone", "Europe/Berlin"]
    assert main([*line, "--import-price", "0.32", "--export-price", "0.08", "--device-ids", "1-3"]) == 0
    told = capsys.readouterr().out
    text = home.read_text("utf-8")
    config = parse_config(text, "home.toml")
    assert isinstance(config.meter, ModbusMeterTable)
    assert (config.meter.port, [d.kind for d in config.device]) == (int(modbus_port), ["battery"])
    assert (config.device[0].device_id, config.device[0].host) == (3, None)  # it stands beside the meter
    assert (config.home.timezone, config.tariff.import_price_per_kwh) == ("Europe/Berlin", 0.32)
    toml = [row for row in text.splitlines() if row.strip() and not row.startswith("#")]
    assert len(toml) <= 15, text
    assert len([row for row in text.splitlines() if row.startswith("#")]) >= 5
    key = (tmp_path / "state" / "meter.key").read_text().strip()
    assert len(key) == 64
    assert key not in told
    assert main(["run", "--config", str(home), "--check"]) == 0
    assert "devices: 1; no finding" in capsys.readouterr().out
    before = home.read_bytes()
    assert main(line) == 2
    assert "give --force to write over it" in capsys.readouterr().err
    assert home.read_bytes() == before
    assert main([*line, "--force", "--import-price", "0.5", "--device-ids", "1"]) == 0
    assert tomllib.loads(home.read_text("utf-8"))["tariff"]["import_price_per_kwh"] == 0.5
    assert (tmp_path / "state" / "meter.key").read_text().strip() == key


def test_init_hears_a_meter_on_mqtt_and_turns_a_wrong_sign(
    client: paho.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str], kettle_w: Callable[[], float]
) -> None:
    home = tmp_path / "home.toml"

    def speak(i: int) -> None:
        say(client, TASMOTA, energy(-300 - kettle_w(), 1_000_000 + i // 10))
        say(client, "evcc/site/grid/power", "300")
        say(client, "zigbee2mqtt/bridge/state", {"state": "online"})
        say(client, "elsewhere/temperature", "21.5")

    line = ["init", "--yes", "--output", str(home), "--ports", str(free_port()), "--mqtt", f"127.0.0.1:{client.port}"]
    line += ["--listen", "0.6", "--kettle", "1.5", "--pv", "opendtu,solar/ac/power"]
    with repeated(speak, 0.03):
        assert main(line) == 0
    told = capsys.readouterr().out
    assert f"1. MQTT tasmota on {TASMOTA}: -" in told
    assert "registers of import and export" in told
    assert "2. MQTT evcc on evcc/site/grid/power: 300 W, power only, second best" in told
    assert "the sign of power is turned in the configuration" in told
    config = parse_config(home.read_text("utf-8"), "home.toml")
    assert isinstance(config.meter, MqttMeterTable)
    assert (config.meter.template, config.meter.topic, config.mqtt.port) == ("tasmota", TASMOTA, client.port)
    assert config.meter.value["power_w"].sign == -1
    assert config.device[0].kind == "pv"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ports", "1"], "no meter was found: is it on, and in this network?"),
        (["--scan", "10.0.0.0/8"], "at most 256 are asked: narrow it"),
        (["--device-ids", "0-400"], "--device-ids '0-400': give at most 32 numbers"),
        (
            ["--modbus", "127.0.0.1:1", "--device-ids", "1", "--battery", "big"],
            "give capacity, charging and discharging",
        ),
        (["--template", "tasmota", "--topic", "tele/a/SENSOR", "--battery", "10,5,5"], "give --battery-host HOST"),
        (["--template", "tasmota", "--topic", "tele/a/SENSOR", "--timezone", "Mars"], "no time zone 'Mars'"),
        (
            ["--template", "native", "--topic", "a", "--community", "elm"],
            "give --community and --broker-key together",
        ),
        (["--template", "native", "--topic", "a", "--pv", "opendtu"], "give a template and a topic"),
        (["--mqtt", "127.0.0.1:1", "--ports", "1", "--listen", "0.2"], "MQTT server 127.0.0.1:1 is not there"),
    ],
)
def test_init_that_cannot_go_on_writes_nothing_and_names_the_remedy(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes", "--output", str(tmp_path / "home.toml"), *options]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert list(tmp_path.iterdir()) == []
