"""Mistakes in starting and stopping programs, against a site that runs: servers, ports, other copies of a program."""

from pathlib import Path

from benchmarks.mistakes.examples import Prepare
from benchmarks.mistakes.member_home import member_home
from benchmarks.mistakes.mistake import Mistake
from benchmarks.mistakes.site import YEAR_2026_S, Site
from twin.demo.mqtt_server import free_port


def starting_mistakes(site: Site) -> tuple[Mistake, ...]:
    """The mistakes of members and of the operator."""
    return (*_of_members(site), *_of_the_operator(site))


def _served(name: str, did: str, prepare: Prepare, *says: str) -> Mistake:
    return Mistake(name=name, did=did, prepare=prepare, says=says, serves=True)


def _of_members(site: Site) -> list[Mistake]:
    return [
        _served(
            "meter process without a server",
            "starts 'hems meter' before the MQTT server",
            member_home(site, words=("meter",), market_port=free_port()),
            "MQTT server 127.0.0.1:",
            "start it or correct .market.",
        ),
        _served(
            "meter process with a wrong password",
            "mistypes the password",
            member_home(
                site,
                words=("meter",),
                market_port=site.login_port,
                market_username="home-1",
                market_password_file="wrong",
            ),
            "MQTT server 127.0.0.1:",
            "correct username and password_file",
        ),
        _served(
            "meter process without a meter",
            "starts before the meter is on",
            member_home(site, words=("meter",), meter_port=free_port()),
            "no connection",
            "check that the device is on",
        ),
        _served(
            "energy manager without a meter",
            "starts before the meter is on",
            member_home(site, words=("run",), meter_port=free_port()),
            "no connection",
            "check that the device is on",
        ),
        _served(
            "energy manager without its meter process",
            "starts 'hems run' alone",
            member_home(site, words=("run",)),
            "the meter process is not there",
            "start `hems meter`",
        ),
        _served(
            "port of the page busy",
            "gives the page the port of another program",
            member_home(site, words=("run",), more=f"[page]\nport = {site.meter_port}\n"),
            "page",
            "another port|stop|other port",
        ),
    ]


def _of_the_operator(site: Site) -> list[Mistake]:
    return [
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
