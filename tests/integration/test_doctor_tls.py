"""The doctor at an encrypted MQTT server: certificates that end, and a program that holds the one connection."""

import fcntl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from secured_mqtt import SecuredMosquitto, secured_mosquitto

from broker.io.authority import Authority, Issued
from broker.io.mosquitto_acl import mosquitto_acl
from doctor.finding import Finding, Verdict
from doctor.machine import mqtt_server
from doctor.machine.mqtt_session import MqttPlace
from hems.commands.doctor_checks import community
from hems.commands.doctor_checks.home_place import HomePlace, home_at
from hems.io.process_lock import METER_LOCK
from hems.io.telemetry_sources import METER_BUFFER
from telemetry.point_buffer import PointBuffer
from wire.telemetry import point
from wire.telemetry.house import Metering

DAY_S = 86_400
YEARS_3 = 3 * 365 * DAY_S
HOME = """
[home]
meter = "home-1"
state_dir = "."
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.3
export_price_per_kwh = 0.1
[market]
community = "elm"
broker_key = "{key}"
host = "localhost"
port = {port}
ca_file = "{ca}"
cert_file = "{cert}"
key_file = "{own}"
"""


@dataclass(frozen=True, kw_only=True)
class Secured:
    """A running server and the authority of its community."""

    authority: Authority
    server: SecuredMosquitto


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder / "authority")
    authority.found("elm", int(time.time()))
    authority.server(["localhost"], int(time.time()))
    (authority.folder / "acl").write_text(mosquitto_acl("elm"))
    with secured_mosquitto(folder, authority.folder) as server:
        yield Secured(authority=authority, server=server)


def certificate_check(secured: Secured, issued: Issued) -> Finding:
    place = MqttPlace(
        host="localhost",
        port=secured.server.port,
        ca_file=secured.authority.certificate,
        cert_file=issued.certificate,
        key_file=issued.key,
    )
    return mqtt_server.certificate(place, time.time())


def test_the_own_certificate_is_told_before_and_after_it_ends(secured: Secured) -> None:
    now_s = int(time.time())
    good = certificate_check(secured, secured.authority.client("good", now_s))
    assert good.verdict is Verdict.OK
    assert "good.pem" in good.what
    soon = certificate_check(secured, secured.authority.client("soon", now_s - 2 * 365 * DAY_S + 10 * DAY_S))
    assert soon.verdict is Verdict.WARN
    assert "certificate client" in (soon.remedy or "")
    ended = certificate_check(secured, secured.authority.client("ended", now_s - YEARS_3))
    assert ended.verdict is Verdict.FAIL
    assert "has ended" in ended.what


def home_in(folder: Path, secured: Secured, *, is_connected: int | None) -> HomePlace:
    """A home whose meter process said a minute ago whether it is connected; None: it has not said anything yet."""
    now_s = int(time.time())
    issued = secured.authority.client("home-1", now_s)
    text = HOME.format(
        key="a" * 64,
        port=secured.server.port,
        ca=secured.authority.certificate,
        cert=issued.certificate,
        own=issued.key,
    )
    (folder / "home.toml").write_text(text)
    buffer = PointBuffer(folder / METER_BUFFER)
    tags = {Metering.site: "home-1", Metering.meter: "home-1"}
    if is_connected is not None:
        buffer.add([point(Metering, now_s - 60, tags, {Metering.is_mqtt_connected: is_connected})], now_s)
    buffer.close()
    place = home_at(folder / "home.toml", now_s)
    assert place.config is not None, place.problem
    return place


@pytest.mark.parametrize("said", [1, None], ids=["connected", "just started"])
def test_a_connected_meter_is_not_cut_off_by_the_doctor(secured: Secured, tmp_path: Path, said: int | None) -> None:
    home = home_in(tmp_path, secured, is_connected=said)
    before = secured.server.log().count("u'home-1'")
    with (tmp_path / METER_LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = community.broker_is_online(home)
    assert (found.verdict, found.what) == (Verdict.SKIPPED, community.HELD)
    assert secured.server.log().count("u'home-1'") == before


@pytest.mark.parametrize("runs", [False, True], ids=["stopped", "not connected"])
def test_the_doctor_connects_where_the_meter_is_not_connected(secured: Secured, tmp_path: Path, runs: bool) -> None:
    home = home_in(tmp_path, secured, is_connected=int(not runs))
    with (tmp_path / METER_LOCK).open("w") as lock:
        if runs:
            fcntl.flock(lock, fcntl.LOCK_EX)
        found = community.broker_is_online(home)
    assert "was ever here" in found.what
