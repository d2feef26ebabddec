"""Mistakes with addresses, logins, certificates, keys, registers and clocks, against a site that runs."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.mistakes.examples import Prepare
from benchmarks.mistakes.mistake import Mistake
from benchmarks.mistakes.site import PASSWORD, SEED, Site
from twin.demo.mqtt_server import free_port

HOUR_S, YEAR_2026_S = 3600, 1_780_000_000
FAILED = frozenset({1})
DOCTOR = ("doctor",)


def network_mistakes(site: Site) -> tuple[Mistake, ...]:
    """The mistakes against a site."""
    return (*_servers(site), *_certificates(site), *_market(site), *_meters(site), *_clocks(site), *_services(site))


def _home(
    site: Site, *, words: Sequence[str] = DOCTOR, seed: bytes | None = SEED, more: str = "", **keys: object
) -> Prepare:
    """A command on the member's configuration with some keys of [market], [meter] and [home] changed."""
    market: dict[str, object] = {
        "community": "elm",
        "broker_key": site.broker_key,
        "host": "127.0.0.1",
        "port": site.open_port,
    }
    meter: dict[str, object] = {"port": site.meter_port}
    home: dict[str, object] = {"meter": "home-1", "state_dir": "state", "timezone": "UTC"}
    for key, value in keys.items():
        table, _, name = key.partition("_")
        {"market": market, "meter": meter, "home": home}[table][name] = value

    def prepare(folder: Path) -> list[str]:
        tables = {
            "home": home,
            "meter": meter,
            "tariff": {"import_price_per_kwh": 0.32, "export_price_per_kwh": 0.08},
        }
        text = "\n".join(_table(name, values) for name, values in {**tables, "market": market}.items())
        (folder / "home.toml").write_text(text + more)
        (folder / "password").write_text(PASSWORD + "\n")
        (folder / "wrong").write_text("guess\n")
        if seed is not None:
            (folder / "state").mkdir(mode=0o700)
            (folder / "state" / "meter.key").write_text(seed.hex() + "\n")
            (folder / "state" / "meter.key").chmod(0o600)
        return ["hems", *words, "--config", str(folder / "home.toml")]

    return prepare


def _table(name: str, values: dict[str, object]) -> str:
    lines = [
        f'{key} = "{value}"' if isinstance(value, str | Path) else f"{key} = {value}" for key, value in values.items()
    ]
    return "\n".join([f"[{name}]", *lines, ""])


def _found(name: str, did: str, prepare: Prepare, *says: str, shift_s: int | None = None) -> Mistake:
    return Mistake(name=name, did=did, prepare=prepare, says=says, statuses=frozenset({0, 1}), shift_s=shift_s)


def _servers(site: Site) -> list[Mistake]:
    login = {"market_port": site.login_port, "market_username": "home-1"}
    return [
        _found(
            "server name wrong",
            "misspells the host",
            _home(site, market_host="mqtt.invalid"),
            r"FAIL\s+MQTT server",
            "does not resolve",
            "correct host",
        ),
        _found(
            "server down",
            "gives a port where nobody listens",
            _home(site, market_port=free_port()),
            r"FAIL\s+MQTT server",
            "no connection",
            "start the MQTT server, or correct host and port",
        ),
        _found(
            "password wrong",
            "mistypes the password",
            _home(site, **login, market_password_file="wrong"),
            r"FAIL\s+MQTT login",
            "Not authorized|not let in",
            "correct username and password_file",
        ),
        _found(
            "no login",
            "forgets username and password",
            _home(site, market_port=site.login_port),
            r"FAIL\s+MQTT login",
            "correct username and password_file",
        ),
        _found(
            "login of the neighbour",
            "uses the neighbour's name and password",
            _home(site, market_port=site.login_port, market_username="home-2", market_password_file="password"),
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
            _home(site, **tls, market_ca_file=site.other_ca),
            r"FAIL\s+certificate",
            "does not hold",
            "set ca_file to the certificate of the CA that signed it",
        ),
        _found(
            "certificate expired",
            "forgets to renew the server's certificate",
            _home(site, market_port=site.expired_port, market_ca_file=site.ca),
            r"FAIL\s+certificate",
            "expired",
            "has to renew it",
        ),
        _found(
            "host not in the certificate",
            "uses a name that the certificate does not hold",
            _home(site, **tls, market_host="localhost", market_ca_file=site.ca),
            r"FAIL\s+certificate",
            "mismatch|match",
            "use the host name that the certificate names",
        ),
        _found(
            "TLS to a plain port",
            "gives the port without TLS",
            _home(site, market_ca_file=site.ca),
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
            _home(site, market_community="elmo"),
            r"FAIL\s+broker",
            "no broker of community elmo",
            "correct market.community",
        ),
        _found(
            "broker key wrong",
            "keeps the key of an older broker",
            _home(site, market_broker_key="cd" * 32),
            r"FAIL\s+calendar",
            "not signed by market.broker_key",
            "ask the operator for the key",
        ),
        _found(
            "not enrolled",
            "starts before the operator has enrolled the meter",
            _home(site, home_meter="home-9"),
            r"FAIL\s+member",
            "unknown_meter",
            "ask the operator to enrol this meter's key",
        ),
        _found(
            "key lost",
            "deletes the state directory and with it the key",
            _home(site, seed=bytes(32)),
            r"FAIL\s+member",
            "bad_signature",
            "sign .* with the enrolled key",
        ),
        _found(
            "other slots than the market",
            "sets slot_minutes = 30",
            _home(site, home_slot_minutes=30),
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
            _home(site, meter_port=free_port()),
            r"FAIL\s+meter answers",
            "no connection",
            "correct host and port in .meter.",
        ),
        _found(
            "device id wrong",
            "gives another device id",
            _home(site, meter_device_id=77),
            r"FAIL\s+meter answers",
            "77",
            "correct device_id",
        ),
        _found(
            "register map wrong",
            "points at a device that is no SunSpec meter",
            _home(site, meter_port=site.other_port),
            r"FAIL\s+meter answers",
            "no SunSpec marker",
            "correct device_id in .meter., or look at wiring and map",
        ),
        _found(
            "device not there",
            "configures a battery that is none",
            _home(site, more=battery),
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
            _home(site),
            r"FAIL\s+market clock",
            "min behind the market's",
            "connect the machine to a time server",
            shift_s=-HOUR_S,
        ),
        _found(
            "clock an hour fast",
            "sets the clock by hand, to summer time",
            _home(site),
            r"FAIL\s+market clock",
            "min ahead of the market's",
            "connect the machine to a time server",
            shift_s=HOUR_S,
        ),
        _found(
            "boot in 1970",
            "has no clock battery and no network",
            _home(site),
            r"FAIL\s+clock",
            "was never set",
            "fit a clock with a battery",
            shift_s=-YEAR_2026_S,
        ),
    ]


def _services(site: Site) -> list[Mistake]:
    def served(name: str, did: str, prepare: Prepare, *says: str) -> Mistake:
        return Mistake(name=name, did=did, prepare=prepare, says=says, serves=True)

    return [
        served(
            "meter process without a server",
            "starts 'hems meter' before the MQTT server",
            _home(site, words=("meter",), market_port=free_port()),
            "MQTT server 127.0.0.1:",
            "start it or correct .market.",
        ),
        served(
            "meter process with a wrong password",
            "mistypes the password",
            _home(
                site,
                words=("meter",),
                market_port=site.login_port,
                market_username="home-1",
                market_password_file="wrong",
            ),
            "MQTT server 127.0.0.1:",
            "correct username and password_file",
        ),
        served(
            "meter process without a meter",
            "starts before the meter is on",
            _home(site, words=("meter",), meter_port=free_port()),
            "no connection",
            "check that the device is on",
        ),
        served(
            "energy manager without a meter",
            "starts before the meter is on",
            _home(site, words=("run",), meter_port=free_port()),
            "no connection",
            "check that the device is on",
        ),
        served(
            "energy manager without its meter process",
            "starts 'hems run' alone",
            _home(site, words=("run",)),
            "the meter process is not there",
            "start `hems meter`",
        ),
        served(
            "port of the page busy",
            "gives the page the port of another program",
            _home(site, words=("run",), more=f"[page]\nport = {site.meter_port}\n"),
            "page",
            "another port|stop|other port",
        ),
        Mistake(
            name="port busy",
            did="starts a second simulator on a port",
            prepare=lambda _: ["meter-sim", "run", "--port", str(site.meter_port)],
            says=(str(site.meter_port), "in use|another port|stop"),
        ),
        Mistake(
            name="second broker",
            did="starts a second broker on one state directory",
            prepare=lambda _: ["community-broker", "run", "--config", str(site.folder / "broker.toml")],
            says=("in use by another broker", "stop it first"),
        ),
        Mistake(
            name="revokes a stranger",
            did="revokes a meter that is none, in a running market",
            prepare=lambda _: [
                "community-broker",
                "revoke",
                str(site.folder / "state"),
                "--meter",
                "home-9",
                "--reason",
                "x",
            ],
            says=("home-9 is no member", "see community-broker members"),
        ),
        Mistake(
            name="resumes what runs",
            did="resumes a market that is not paused",
            prepare=lambda _: ["community-broker", "resume", str(site.folder / "state"), "--reason", "x"],
            says=("is not paused", "nothing to do"),
        ),
        Mistake(
            name="broker in 1970",
            did="starts the broker on a machine that booted in 1970",
            prepare=_lone_broker,
            says=("clock", "set|time server"),
            shift_s=-YEAR_2026_S,
        ),
    ]


def _lone_broker(folder: Path) -> list[str]:
    (folder / "broker.toml").write_text(
        'community = "oak"\n[mqtt]\nport = 1\n[tariff]\nkind = "constant"\n'
        "import_price_per_kwh = 0.3\nexport_price_per_kwh = 0.1\n"
    )
    return ["community-broker", "run", "--config", str(folder / "broker.toml")]
