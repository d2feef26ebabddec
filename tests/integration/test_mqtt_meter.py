"""Meters and devices on a real MQTT server: live, old, gone and back, with a user, kept alive, under leases."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from broker_rig import free_port, mosquitto
from mqtt_household import ShellyRelay, TasmotaRelay, repeated, say, speaker, until

from hems.cli import main
from hems.dispatch.lease import Lease
from hems.io.edge_store import EdgeStore
from hems.io.modbus_link import MeterSilent, MeterUnreachable, RequestRefused
from hems.io.mqtt_device import MqttProduction, MqttRelay, tasmota_pulse
from hems.io.mqtt_link import MqttLink
from hems.io.mqtt_meter import MqttMeter
from hems.io.site_devices import SiteDevices
from hems.io.template_files import template
from hems.metering.foreign.binding import BindError, bind
from hems.metering.foreign.programme import Programme
from hems.metering.reading import EnergySource, Reading, ReadingQuality
from hems.site.config import parse_config
from hems.site.config_meter import MqttTable

TOPIC = "hearthgrid/home-1/reading"
GOOD = {"power_w": 310, "import_wh": 1_234_567, "export_wh": 45_678}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mqtt")) as found:
        yield found


@pytest.fixture
def client(port: int) -> Iterator[paho.Client]:
    with speaker(port) as found:
        yield found


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def meter_on(port: int, name: str = "native", topic: str = TOPIC, **more: Any) -> MqttMeter:
    link = MqttLink(MqttTable(port=port), now=more.get("now", time.time))
    return MqttMeter(link, bind(template(name), topic), connection_w=17_000.0, **more)


async def connected(link: MqttLink) -> None:
    """Waits until the server has taken the subscriptions."""
    link.start()
    await asyncio.to_thread(until, lambda: link.is_connected)


async def reading_that(meter: MqttMeter, holds: Callable[[Reading], bool]) -> Reading:
    """The first reading for which something holds."""
    while True:
        try:
            reading = await meter.reading()
            if holds(reading):
                return reading
        except (MeterSilent, MeterUnreachable):
            pass
        await asyncio.sleep(0.02)


def test_a_retained_value_is_no_reading_until_the_device_speaks(port: int, client: paho.Client) -> None:
    topic = "hearthgrid/retained/reading"
    say(client, topic, GOOD, retain=True)

    async def test() -> None:
        meter = meter_on(port, topic=topic)
        with pytest.raises(MeterSilent, match="only a retained message so far"):
            await meter.reading()
        say(client, topic, {**GOOD, "power_w": 2310})
        reading = await reading_that(meter, lambda r: r.power_w is not None)
        assert (reading.power_w, reading.import_wh, reading.export_wh) == (2310, 1_234_567, 45_678)
        assert (reading.quality, reading.source) == (ReadingQuality.GOOD, EnergySource.MQTT)
        meter.close()

    run(test())


def test_a_doubt_about_all_quantities_is_told_once_and_doctor_points_at_the_topic(
    port: int, client: paho.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = "hearthgrid/stale/reading"
    say(client, topic, GOOD, retain=True)
    (tmp_path / "home.toml").write_text(
        f'meter = {{ kind = "mqtt", template = "native", topic = "{topic}" }}\nmqtt = {{ port = {port} }}\n'
        'home = { meter = "h1", state_dir = "state" }\ntariff = { import_price_per_kwh = 0.3 }\n'
    )
    assert main(["doctor", "--config", str(tmp_path / "home.toml"), "--json"]) == 1
    checks = {row["check"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
    told = json.dumps(checks["meter answers"])
    assert told.count("only a retained message so far") == 1, told
    assert "power_w" in told and "import_wh" in told
    assert "topic and template" in told and "device_id" not in told


def test_a_megabyte_of_rubbish_neither_ends_the_meter_nor_counts(port: int, client: paho.Client) -> None:
    topic = "hearthgrid/flooded/reading"

    async def test() -> None:
        meter = meter_on(port, topic=topic)
        waiting = asyncio.create_task(reading_that(meter, lambda r: r.power_w == 310))
        with repeated(lambda i: say(client, topic, GOOD if i % 2 else "x" * 1_048_576)):
            await waiting
        say(client, topic, "x" * 1_048_576)
        say(client, topic, {**GOOD, "power_w": 400})
        assert (await reading_that(meter, lambda r: r.power_w == 400)).import_wh == 1_234_567
        meter.close()

    run(test())


def test_a_server_that_is_not_there_is_told_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hems.io.mqtt_link.FIRST_WAIT_S", 0.2)

    async def test() -> None:
        meter = meter_on(free_port())
        with pytest.raises(MeterUnreachable, match=r"start it, or correct host, port, username, password_file"):
            await meter.reading()
        meter.close()

    run(test())


def test_a_server_that_restarts_is_found_again_and_the_counter_goes_on(tmp_path: Path) -> None:
    port = free_port()
    now = [float(time.time())]
    store = EdgeStore(tmp_path / "meter.db")

    async def test() -> None:
        meter = meter_on(port, memory=store, now=lambda: now[0])
        for power, wh in ((310, 100), (2310, 104)):
            with mosquitto(tmp_path, port=port), speaker(port) as client:
                message = {"power_w": power, "import_wh": wh, "export_wh": 0}
                with repeated(lambda i, m=message: say(client, TOPIC, m)):  # type: ignore[misc]
                    reading = await reading_that(meter, lambda r, p=power: r.power_w == p)  # type: ignore[misc]
                assert (reading.import_wh, reading.quality) == (wh, ReadingQuality.GOOD)
            now[0] += 60.0
            with pytest.raises((MeterSilent, MeterUnreachable)):
                await meter.reading()
        meter.close()

    run(test())
    again = meter_on(port, memory=store)
    assert again._meter.state()["import_wh"][0] == 104
    store.close()


def test_a_user_with_a_password_is_let_in_and_a_wrong_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hems.io.mqtt_link.FIRST_WAIT_S", 0.5)
    tool = shutil.which("mosquitto_passwd")
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if tool is None or program is None:
        pytest.skip("mosquitto is not installed")
    port = free_port()
    subprocess.run([tool, "-b", "-c", str(tmp_path / "users"), "home", "right"], check=True, timeout=20)
    (tmp_path / "users").chmod(0o644)
    (tmp_path / "m.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {tmp_path / 'users'}\nuser root\n"
    )
    (tmp_path / "secret").write_text("right\n")
    (tmp_path / "guess").write_text("wrong\n")
    child = subprocess.Popen([program, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)
    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)

        async def test() -> None:
            right = MqttTable(port=port, username="home", password_file=Path("secret"))
            meter = MqttMeter(MqttLink(right, tmp_path), bind(template("native"), TOPIC), connection_w=17_000.0)
            with (
                speaker(port, username="home", password="right") as client,
                repeated(lambda _: say(client, TOPIC, GOOD)),
            ):
                assert (await reading_that(meter, lambda r: r.power_w == 310)).import_wh == 1_234_567
            meter.close()
            for table in (right.model_copy(update={"password_file": Path("guess")}), MqttTable(port=port)):
                stranger = MqttMeter(MqttLink(table, tmp_path), bind(template("native"), TOPIC), connection_w=1.0)
                with pytest.raises(MeterUnreachable, match=r"[Nn]ot authori[sz]ed"):
                    await stranger.reading()
                stranger.close()
            missing = right.model_copy(update={"password_file": Path("there-is-none")})
            lost = MqttMeter(MqttLink(missing, tmp_path), bind(template("native"), TOPIC), connection_w=1.0)
            with pytest.raises(MeterUnreachable, match="password_file or ca_file"):
                await lost.reading()
            lost.close()

        run(test())
    finally:
        child.terminate()
        child.wait(10)


def test_victron_speaks_because_it_is_kept_alive(port: int, client: paho.Client) -> None:
    base, asked = "N/c0619ab33f12/grid/30/", list[str]()

    def answer(_: object, __: object, message: paho.MQTTMessage) -> None:
        asked.append(message.payload.decode())
        for path, value in (("Ac/Power", 310), ("Ac/Energy/Forward", 12.5), ("Ac/Energy/Reverse", 1.5)):
            client.publish(base + path, json.dumps({"value": value}))

    client.on_message = answer
    client.subscribe("R/c0619ab33f12/keepalive")

    async def test() -> None:
        meter = meter_on(port, "victron", f"{base}Ac/Power")
        reading = await reading_that(meter, lambda r: r.quality is ReadingQuality.GOOD)
        assert (reading.power_w, reading.import_wh, reading.export_wh) == (310, 12_500, 1_500)
        meter.close()

    run(test())
    assert asked == [""]


RELAY_OF: dict[str, type[TasmotaRelay] | type[ShellyRelay]] = {"tasmota": TasmotaRelay, "shelly-pm": ShellyRelay}


def lease(power_w: int, now_s: float, token: int = 1) -> Lease:
    return Lease(power_w=power_w, valid_until_epoch_s=int(now_s) + 60, token=token, reversion_w=0)


@pytest.mark.parametrize(
    ("name", "topic", "commands"),
    [
        ("tasmota", "tele/dishes/SENSOR", "cmnd/dishes/Backlog"),
        ("shelly-pm", "dishes/events/rpc", "dishes/rpc"),
    ],
)
def test_a_relay_goes_off_by_itself_when_nobody_renews_its_lease(
    port: int, client: paho.Client, name: str, topic: str, commands: str
) -> None:
    """Comm-loss conformance: on under leases, off 60 s after the last one, whatever happens to us."""
    relay, now = RELAY_OF[name](), [1_800_000_000.0]
    client.on_message = lambda _, __, m: relay.command(m.topic, m.payload.decode(), now[0])
    client.subscribe(commands, 1)

    async def test() -> None:
        link = MqttLink(MqttTable(port=port))
        programme = Programme(duration_s=3_600, timezone="UTC")
        driver = MqttRelay(link, bind(template(name), topic), peak_w=3_000.0, programme=programme, now=lambda: now[0])
        assert driver.on_comm_loss == "off"
        await connected(link)
        for renewed in range(3):
            await driver.set_power(lease(1200, now[0]))
            await asyncio.to_thread(until, lambda r=renewed: len(relay.heard) == r + 1)
            now[0] += 20.0
            assert relay.is_on(now[0])
        with pytest.raises(RequestRefused, match="a newer controller"):
            await driver.set_power(lease(1200, now[0], token=0))
        assert len(relay.heard) == 3
        link.close()  # our process ends, the server ends, the network ends: all the same to the relay
        assert relay.is_on(now[0] + 39.0)
        assert not relay.is_on(now[0] + 41.0)

    run(test())


def test_a_relay_is_switched_off_and_an_ended_lease_never_switches_on(port: int, client: paho.Client) -> None:
    relay, now = TasmotaRelay(), [1_800_000_000.0]
    client.on_message = lambda _, __, m: relay.command(m.topic, m.payload.decode(), now[0])
    client.subscribe("cmnd/heater/Backlog", 1)

    async def test() -> None:
        link = MqttLink(MqttTable(port=port))
        bound = bind(template("tasmota"), "tele/heater/SENSOR")
        programme = Programme(duration_s=3_600, timezone="UTC")
        driver = MqttRelay(link, bound, peak_w=3_000.0, programme=programme, now=lambda: now[0])
        with pytest.raises(MeterUnreachable):
            await driver.set_power(lease(1200, now[0]))
        await connected(link)
        await driver.set_power(lease(1200, now[0]))
        await driver.set_power(lease(0, now[0]))
        await asyncio.to_thread(until, lambda: len(relay.heard) == 2)
        assert relay.heard == ["PulseTime 160; Power ON", "Power OFF"]
        assert not relay.is_on(now[0])
        late = lease(1200, now[0])
        now[0] += 61.0
        await driver.set_power(late)
        await asyncio.to_thread(until, lambda: len(relay.heard) == 3)
        assert relay.heard[2] == "Power OFF"
        link.close()

    run(test())


def test_a_template_without_a_timed_switch_drives_no_relay() -> None:
    link, programme = MqttLink(MqttTable()), Programme(duration_s=60, timezone="UTC")
    with pytest.raises(BindError, match="no switch that goes off by itself"):
        MqttRelay(link, bind(template("native"), TOPIC), peak_w=1.0, programme=programme)


@pytest.mark.parametrize(("seconds", "pulse"), [(1, 10), (11, 110), (12, 112), (60, 160)])
def test_a_pulse_never_outlasts_the_lease(seconds: int, pulse: int) -> None:
    assert tasmota_pulse(seconds) == pulse


HOME = """
tariff = {{ import_price_per_kwh = 0.3 }}
mqtt = {{ port = {port} }}
meter = {{ kind = "mqtt", template = "native", topic = "hearthgrid/whole/reading" }}
[home]
meter = "home-1"
state_dir = "state"
[[device]]
kind = "pv"
id = "roof"
template = "opendtu"
topic = "solar/ac/power"
peak_kw = 5
[[device]]
kind = "appliance"
id = "dishes"
template = "shelly-pm"
topic = "whole-dishes/events/rpc"
quarter_hour_kw = [1.2, 0.4]
"""


def test_a_whole_home_on_mqtt_is_one_image_with_its_roof_and_relay(
    port: int, client: paho.Client, tmp_path: Path
) -> None:
    config = parse_config(HOME.format(port=port), "home.toml")
    (roof, _) = config.as_home().units
    assert not getattr(roof, "curtailable", True)
    store = EdgeStore(tmp_path / "ems.db")

    def speak(_: int) -> None:
        say(client, "hearthgrid/whole/reading", {**GOOD, "power_w": -700})
        say(client, "solar/ac/power", "2200.5")
        say(client, "whole-dishes/status/switch:0", {"output": True, "apower": 1200.0, "aenergy": {"total": 5.0}})

    async def test() -> None:
        devices = SiteDevices(config, tmp_path, store)
        with repeated(speak):
            while True:
                image = await devices.image(int(time.time()))
                if image is not None and len(image.devices) == 2:
                    break
                await asyncio.sleep(0.05)
        assert image.grid_w == -700
        assert (image.devices["roof"].power_w, image.devices["roof"].available_w) == (-2200.5, 2200.5)
        assert image.devices["dishes"].power_w == 1200.0
        assert image.devices["dishes"].running_since_s is not None
        assert image.base_load_w == pytest.approx(300.5)
        now = int(time.time())
        leases = {"roof": lease(-100, now), "dishes": lease(1200, now)}
        assert await devices.lease(leases) == ["dishes"]  # production takes no commands
        devices.close()

    run(test())
    assert store.fact("programme:whole-dishes/events/rpc") is not None
    store.close()


def test_production_refuses_commands_with_a_reason() -> None:
    production = MqttProduction(MqttLink(MqttTable()), bind(template("opendtu"), "solar/ac/power"), peak_w=1_000.0)
    assert production.on_comm_loss == "hold"
    with pytest.raises(RequestRefused, match="takes no commands"):
        asyncio.run(production.set_power(lease(0, 0)))
