"""A founded community on the shipped Mosquitto configuration: it trades, and nobody acts or reads for another."""

import asyncio
import re
import shutil
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue

import aiomqtt
import paho.mqtt.client as paho
import pytest
import yaml
from broker_rig import WAIT_S, free_port
from paho.mqtt.enums import CallbackAPIVersion
from secured_mqtt import CONFIGURATION, SecuredMosquitto, secured_mosquitto
from small_world import BATTERY, START_S, small_world

from broker.io.authority import Authority, Issued
from broker.io.mosquitto_acl import mosquitto_acl
from hems.site.home import Home, PvUnit
from tls import TlsFiles, client_tls, diagnosis
from twin.demo.coordinator import drive
from twin.demo.processes import Children
from twin.demo.site import DemoSite
from twin.founding.found import found
from twin.founding.plan import Address, Folders, Plan, Seat
from twin.world import World
from wire.topics import meter_inbox, public_inbox, topic

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
NOT_SIGNED = b"not signed"
ROUNDS = 2  # the first slot has begun before anybody could order
SLOTS = 3  # the world's; two of them are lived through
SELLER, BUYER, STRANGER = "h1", "h3", "h2"  # the stranger is a member too, without a process: the test plays it


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What happened: the files of the community, what the server logged, what the stranger read, the health check."""

    folders: Folders
    server: SecuredMosquitto
    topics: list[str]
    health: "subprocess.CompletedProcess[str] | None"


def two_homes() -> World:
    """A home with sun and battery, and one that only uses energy."""
    world = small_world(SLOTS)
    seller, _, buyer = world.homes
    seller = replace(seller, home=Home(meter=SELLER, units=(PvUnit(id="roof"), BATTERY)))
    return replace(world, homes=(seller, replace(buyer, home=Home(meter=BUYER), soc_initial={})))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    folder = tmp_path_factory.mktemp("secured")
    children = Children(folder / "logs")
    port = free_port()

    async def scene() -> Heard:
        world, nowhere = two_homes(), Address(host="127.0.0.1", port=1)
        sites = [DemoSite(world, twin) for twin in world.homes]
        ports = [await site.server.start() for site in sites]
        homes = [(SELLER, ports[0], True), (BUYER, ports[1], False), (STRANGER, nowhere.port, False)]
        plan = Plan(
            community="elm",
            mqtt=Address(host="localhost", port=port),
            hosts=("127.0.0.1", "localhost"),
            seats=tuple(
                Seat(
                    meter=m,
                    modbus=Address(host="127.0.0.1", port=p),
                    page_port=free_port(),
                    has_pv=has,
                    has_battery=has,
                )
                for m, p, has in homes
            ),
            slot_minutes=15,
            driven=True,
        )
        found(plan, folder, int(time.time()))
        folders = Folders(folder)
        with secured_mosquitto(folder, folders.mosquitto, port) as server:
            start(children, folders)
            stranger = asyncio.create_task(listen(folders, port))
            await drive(
                port,
                "elm",
                ["broker", SELLER, BUYER],
                sites,
                start_s=START_S,
                end_s=START_S + 2 * 900 + 60,
                progress=lambda _: None,
                watched=children,
                tls=shown(folders.root / "coordinator"),
            )
            topics = await stranger
            await act_for_another(folders, port)
            health = await asyncio.to_thread(health_check, folders, port)
            for site in sites:
                await site.server.stop()
            await asyncio.to_thread(children.end)
            return Heard(folders=folders, server=server, topics=topics, health=health)

    try:
        yield asyncio.run(scene())
    finally:
        children.end()


def start(children: Children, folders: Folders) -> None:
    """Broker, meters and energy managers; one process of a kind serves both homes, each with its own certificate."""
    children.start("broker", "broker.cli", ["run", "--config", str(folders.broker / "broker.toml")])
    both: list[str] = []
    for home in (SELLER, BUYER):
        config = folders.home(home) / "home.toml"
        config.write_text(config.read_text().replace("[control]", "[control]\ntick_s = 60\nfutures = 0"))
        both += ["--config", str(config)]
    children.start("meters", "hems.cli", ["meter", *both])
    children.start("managers", "hems.cli", ["run", *both])


def shown(folder: Path) -> ssl.SSLContext | None:
    return client_tls(files(folder))


def files(folder: Path) -> TlsFiles:
    return TlsFiles(ca_file=folder / "ca.pem", cert_file=folder / "client.pem", key_file=folder / "client.key")


async def listen(folders: Folders, port: int) -> list[str]:
    """The topics that a member is given which asks for all and for the seller's inbox, and plays its client id.

    It sends one order that is none as soon as the broker is there, and leaves when the second slot was cleared.
    """
    topics = []
    async with member(folders, port, identifier=f"hearthgrid-elm-{SELLER}") as client:
        await client.subscribe([("#", 1), (meter_inbox("elm", SELLER), 1), (public_inbox("elm"), 1)])
        async with asyncio.timeout(3 * WAIT_S):
            async for message in client.messages:
                topics.append(message.topic.value)
                match message.topic.value.split("/")[-1]:
                    case "status":
                        await client.publish(topic("order", "elm", STRANGER), NOT_SIGNED, qos=1)
                    case "leaves" if topics.count(message.topic.value) == ROUNDS:
                        break
    return topics


async def act_for_another(folders: Folders, port: int) -> None:
    """Publishes for the seller, then for itself; when this ends the broker has heard whatever the server let pass."""
    with suppress(aiomqtt.MqttError):  # the server ends the connection of who publishes what it may not
        async with member(folders, port) as client:
            await client.publish(topic("order", "elm", SELLER), NOT_SIGNED, qos=1)
    async with member(folders, port) as client:
        await client.subscribe(meter_inbox("elm", STRANGER), 1)
        await client.publish(topic("order", "elm", STRANGER), NOT_SIGNED, qos=1)
        async with asyncio.timeout(WAIT_S):
            await anext(aiter(client.messages))


def member(folders: Folders, port: int, identifier: str | None = None) -> aiomqtt.Client:
    tls = shown(folders.home(STRANGER))
    return aiomqtt.Client("localhost", port, identifier=identifier, tls_context=tls, timeout=WAIT_S)


def health_check(folders: Folders, port: int) -> "subprocess.CompletedProcess[str] | None":
    """What the health check of docker-compose.yml says here, None without its program."""
    words: list[str] = yaml.safe_load(COMPOSE.read_text())["services"]["mosquitto"]["healthcheck"]["test"][1:]
    changes = {"/mosquitto/tls": str(folders.mosquitto), "8883": str(port), "$$": "$"}
    for shipped, here in changes.items():
        words = [word.replace(shipped, here) for word in words]
    if shutil.which(words[0]) is None:
        return None
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=WAIT_S)


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_slot_clears_with_energy_and_both_homes_get_their_awards_and_settlements(heard: Heard) -> None:
    records = heard.folders.broker / "state" / "records.db"
    cleared = rows(records, "SELECT slot, volume_wh FROM clearing WHERE outcome = 'cleared'")
    assert cleared
    assert all(int(str(volume)) > 0 for _, volume in cleared)
    for home, side in ((SELLER, "sold_wh"), (BUYER, "bought_wh")):
        assert rows(records, f"SELECT 1 FROM award WHERE meter = '{home}' AND {side} > 0")
        kinds = {kind for (kind,) in rows(heard.folders.home(home) / "state" / "meter.db", "SELECT kind FROM market")}
        assert {"clearing", "settlement"} <= kinds


def test_the_order_for_another_member_never_reaches_the_broker_and_the_own_one_does(heard: Heard) -> None:
    refused = rows(heard.folders.broker / "state" / "records.db", "SELECT meter, message, code FROM rejection")
    assert refused == [(STRANGER, "order", "bad_frame")] * 2


def test_a_member_reads_what_is_public_and_its_own_inbox_only(heard: Heard) -> None:
    rooms = {name.split("/")[3] for name in heard.topics}
    assert {"public", "member", "clock"} <= rooms <= {"public", "member", "shared", "clock"}
    assert {name for name in heard.topics if "/member/" in name} == {topic("rejection", "elm", STRANGER)}


def test_no_member_can_name_the_client_id_of_another_and_end_its_session(heard: Heard) -> None:
    log = heard.server.log()
    assert re.findall(rf" as (\S+) \(.*u'{SELLER}'", log) == [SELLER]
    assert re.findall(rf" as (\S+) \(.*u'{STRANGER}'", log) == [STRANGER] * 3
    assert "already connected" not in log


def test_the_health_check_of_the_container_connects_and_reads_the_uptime(heard: Heard) -> None:
    if heard.health is None:
        pytest.skip("mosquitto-clients is not installed")
    assert heard.health.returncode == 0, heard.health.stderr
    assert heard.health.stdout.endswith(" seconds\n")


REMEDIES = {
    "a member": "connected",
    "no certificate": "set cert_file and key_file",
    "revoked": "the operator has revoked this client's certificate",
    "ended": "this client's certificate has ended",
    "of another authority": "does not know who signed this client's certificate",
    "trusts another authority": "give ca_file the community's ca.pem",
    "another host name": "use the name that the operator told as host",
    "not encrypted": "start it or correct [market]",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What clients with good and bad files are told by a server of the community's authority."""
    folder = tmp_path_factory.mktemp("refused")
    now_s = int(time.time())
    ours, others = Authority(folder / "ours"), Authority(folder / "others")
    for authority in (ours, others):
        authority.found("elm", now_s)
    ours.server(["localhost"], now_s)

    def known(issued: Issued) -> TlsFiles:
        return TlsFiles(ca_file=ours.certificate, cert_file=issued.certificate, key_file=issued.key)

    member = known(ours.client("home-1", now_s))
    clients = {
        "a member": member,
        "no certificate": TlsFiles(ca_file=ours.certificate),
        "revoked": known(ours.client("home-2", now_s)),
        "ended": known(ours.client("home-3", now_s - 3 * 365 * 86_400)),
        "of another authority": known(others.client("home-1", now_s)),
        "trusts another authority": replace(member, ca_file=others.certificate),
        "another host name": member,
        "not encrypted": TlsFiles(),
    }
    ours.revoke("home-2", now_s)
    (ours.folder / "acl").write_text(mosquitto_acl("elm"))

    async def result(who: str, files: TlsFiles, port: int) -> str:
        host = "127.0.0.1" if who == "another host name" else "localhost"
        try:
            async with aiomqtt.Client(host, port, tls_context=client_tls(files), timeout=1):
                return "connected"
        except aiomqtt.MqttError as error:
            return await diagnosis(error, host, port, files, "[market]")

    async def results(port: int) -> list[str]:
        return await asyncio.gather(*(result(who, files, port) for who, files in clients.items()))

    with secured_mosquitto(folder, ours.folder) as server:
        return dict(zip(clients, asyncio.run(results(server.port)), strict=True))


@pytest.mark.parametrize(("who", "remedy"), REMEDIES.items())
def test_only_a_member_connects_and_everybody_else_is_told_what_to_do(
    told: dict[str, str], who: str, remedy: str
) -> None:
    assert remedy in told[who]


def persistent_visit(authority: Authority, port: int, identifier: str) -> bool:
    """Connects for a session that waits, asks for public messages and leaves; whether a session had waited."""
    issued = authority.client("home-1", int(time.time()))
    context = client_tls(TlsFiles(ca_file=authority.certificate, cert_file=issued.certificate, key_file=issued.key))
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=identifier, clean_session=False)
    assert context is not None
    client.tls_set_context(context)
    taken: Queue[bool] = Queue()
    subscribed: Queue[int] = Queue()
    client.on_connect = lambda _c, _u, flags, _code, _p: taken.put(flags.session_present)
    client.on_subscribe = lambda _c, _u, mid, _codes, _p: subscribed.put(mid)
    client.connect("localhost", port)
    client.loop_start()
    try:
        had_waited = taken.get(timeout=WAIT_S)
        client.subscribe(public_inbox("elm"), 1)
        subscribed.get(timeout=WAIT_S)
        return had_waited
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_member_has_one_session_however_many_client_ids_it_asks_for(tmp_path: Path) -> None:
    now_s = int(time.time())
    authority = Authority(tmp_path / "tls")
    authority.found("elm", now_s)
    authority.server(["localhost"], now_s)
    (authority.folder / "acl").write_text(mosquitto_acl("elm"))
    with secured_mosquitto(tmp_path, authority.folder) as server:
        visits = [persistent_visit(authority, server.port, f"greedy-{n}") for n in range(4)]
    assert visits == [False, True, True, True]


def test_the_shipped_server_has_one_listener_and_it_asks_for_certificates() -> None:
    lines = [line.split() for line in CONFIGURATION.read_text().splitlines() if line and not line.startswith("#")]
    settings = {line[0]: line[1] for line in lines}
    assert [line[1] for line in lines if line[0] in ("listener", "port")] == ["8883"]
    assert (settings["require_certificate"], settings["use_identity_as_username"]) == ("true", "true")
    assert settings["allow_anonymous"] == "false"
