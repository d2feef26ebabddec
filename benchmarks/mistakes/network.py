"""Mistakes with addresses, logins, certificates, keys, registers and clocks, against a site that runs."""

from benchmarks.mistakes.examples import Prepare
from benchmarks.mistakes.member_home import member_home
from benchmarks.mistakes.mistake import Mistake
from benchmarks.mistakes.site import YEAR_2026_S, Site
from twin.demo.mqtt_server import free_port

HOUR_S = 3600


def network_mistakes(site: Site) -> tuple[Mistake, ...]:
    """The mistakes against a site."""
    return (*_servers(site), *_certificates(site), *_market(site), *_meters(site), *_clocks(site))


def _found(name: str, did: str, prepare: Prepare, *says: str, shift_s: int | None = None) -> Mistake:
    return Mistake(name=name, did=did, prepare=prepare, says=says, statuses=frozenset({0, 1}), shift_s=shift_s)


def _servers(site: Site) -> list[Mistake]:
    login = {"market_port": site.login_port, "market_username": "home-1"}
    return [
        _found(
            "server name wrong",
            "misspells the host",
            member_home(site, market_host="mqtt.invalid"),
            r"FAIL\s+MQTT server",
            "does not resolve",
            "correct host",
        ),
        _found(
            "server down",
            "gives a port where nobody listens",
            member_home(site, market_port=free_port()),
            r"FAIL\s+MQTT server",
            "no connection",
            "start the MQTT server, or correct host and port",
        ),
        _found(
            "password wrong",
            "mistypes the password",
            member_home(site, **login, market_password_file="wrong"),
            r"FAIL\s+MQTT login",
            "Not authorized|not let in",
            "correct username and password_file",
        ),
        _found(
            "no login",
            "forgets username and password",
            member_home(site, market_port=site.login_port),
            r"FAIL\s+MQTT login",
            "correct username and password_file",
        ),
        _found(
            "login of the neighbour",
            "uses the neighbour's name and password",
            member_home(site, market_port=site.login_port, market_username="home-2", market_password_file="password"),
            r"FAIL\s+MQTT rights",
            "may not publish",
            "correct the server's ACL",
        ),
    ]


def _certificates(site: Site) -> list[Mistake]:
    tls = {"market_port": site.tls_port}
    return [
        _found(
            "CA of another",
            "names the wrong CA",
            member_home(site, **tls, market_ca_file=site.other_ca),
            r"FAIL\s+certificate",
            "does not hold",
            "set ca_file to the certificate of the CA that signed it",
        ),
        _found(
            "certificate expired",
            "forgets to renew the server's certificate",
            member_home(site, market_port=site.expired_port, market_ca_file=site.ca),
            r"FAIL\s+certificate",
            "expired",
            "has to renew it",
        ),
        _found(
            "host not in the certificate",
            "uses a name that the certificate does not hold",
            member_home(site, **tls, market_host="localhost", market_ca_file=site.ca),
            r"FAIL\s+certificate",
            "mismatch|match",
            "use the host name that the certificate names",
        ),
        _found(
            "TLS to a plain port",
            "gives the port without TLS",
            member_home(site, market_ca_file=site.ca),
            r"FAIL\s+certificate",
            "no TLS",
            "use the port with TLS",
        ),
    ]


def _market(site: Site) -> list[Mistake]:
    return [
        _found(
            "community unknown",
            "misspells the community",
            member_home(site, market_community="elmo"),
            r"FAIL\s+broker",
            "no broker of community elmo",
            "correct market.community",
        ),
        _found(
            "broker key wrong",
            "keeps the key of an older broker",
            member_home(site, market_broker_key="cd" * 32),
            r"FAIL\s+calendar",
            "not signed by market.broker_key",
            "ask the operator for the key",
        ),
        _found(
            "not enrolled",
            "starts before the operator has enrolled the meter",
            member_home(site, home_meter="home-9"),
            r"FAIL\s+member",
            "unknown_meter",
            "ask the operator to enrol this meter's key",
        ),
        _found(
            "key lost",
            "deletes the state directory and with it the key",
            member_home(site, seed=bytes(32)),
            r"FAIL\s+member",
            "bad_signature",
            "sign .* with the enrolled key",
        ),
        _found(
            "other slots than the market",
            "sets slot_minutes = 30",
            member_home(site, home_slot_minutes=30),
            r"FAIL\s+calendar",
            "of 15 min in the market",
            "set home.slot_minutes = 15",
        ),
    ]


def _meters(site: Site) -> list[Mistake]:
    battery = '[[device]]\nid = "battery"\nkind = "battery"\ndevice_id = 9\n'
    battery += "capacity_kwh = 10\ncharge_kw_max = 5\ndischarge_kw_max = 5\n"
    return [
        _found(
            "meter address wrong",
            "gives a port where no meter is",
            member_home(site, meter_port=free_port()),
            r"FAIL\s+meter answers",
            "no connection",
            "correct host and port in .meter.",
        ),
        _found(
            "device id wrong",
            "gives another device id",
            member_home(site, meter_device_id=77),
            r"FAIL\s+meter answers",
            "77",
            "correct device_id",
        ),
        _found(
            "register map wrong",
            "points at a device that is no SunSpec meter",
            member_home(site, meter_port=site.other_port),
            r"FAIL\s+meter answers",
            "no SunSpec marker",
            "correct device_id in .meter., or look at wiring and map",
        ),
        _found(
            "device not there",
            "configures a battery that is none",
            member_home(site, more=battery),
            r"FAIL\s+devices",
            "battery:",
            "correct host, port, device_id, kind or topic",
        ),
    ]


def _clocks(site: Site) -> list[Mistake]:
    return [
        _found(
            "clock an hour slow",
            "sets the clock by hand, to winter time",
            member_home(site),
            r"FAIL\s+market clock",
            "min behind the market's",
            "connect the machine to a time server",
            shift_s=-HOUR_S,
        ),
        _found(
            "clock an hour fast",
            "sets the clock by hand, to summer time",
            member_home(site),
            r"FAIL\s+market clock",
            "min ahead of the market's",
            "connect the machine to a time server",
            shift_s=HOUR_S,
        ),
        _found(
            "boot in 1970",
            "has no clock battery and no network",
            member_home(site),
            r"FAIL\s+clock",
            "was never set",
            "fit a clock with a battery",
            shift_s=-YEAR_2026_S,
        ),
    ]
