"""The market as the meter meets it: broker, calendar, membership, link to the energy manager."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.clock import SET_IT
from doctor.machine.files import is_locked, private_file, read_only
from doctor.machine.mqtt_server import visited
from doctor.machine.mqtt_session import MqttPlace, MqttSession
from hems.commands.doctor_checks.home_place import HomePlace
from hems.control.market_clock import FACT, far_words, longest_lead_s, off_by_conditions_s
from hems.io.local_socket import METER_SOCKET, LinkPathError, socket_path
from hems.io.process_lock import METER_LOCK, RUN_LOCK
from hems.io.telemetry_sources import METER_BUFFER
from hems.site.config import MarketTable
from telemetry.newest import newest_value
from wire.codec import DecodeError, decode, encode
from wire.messages import Calendar, Conditions, Hello, Rejection, Trading, Welcome
from wire.reasons import HINTS
from wire.signing import FrameError, SigningKey, key_from_seed, open_frame, seal, split
from wire.slots import format_utc, parse_utc
from wire.telemetry.house import Metering
from wire.topics import meter_inbox, topic

NO_MARKET = "no [market]: this home does not trade"
HELD = "'hems meter' is connected, and its certificate is good for one connection: stop it to look from here"
CLOCK_REMEDY = f"{SET_IT}; when it is right, the operator's is wrong"
TOLD_WITHIN_S = 180  # a program tells once a minute how it fares, and writes that with the next
Look = Callable[[MqttSession, MarketTable], Finding]


def signing_key(home: HomePlace) -> Finding:
    """Whether the meter's key is there and closed to others."""
    if home.market is None:
        return skipped(NO_MARKET)
    return private_file(home.state("meter.key"), "signing key")


def programs_run(home: HomePlace) -> Finding:
    """Which of the home's two programs run."""
    if home.config is None:
        return skipped("no configuration that could be read")
    wanted = {RUN_LOCK: "hems run"} | ({METER_LOCK: "hems meter"} if home.market is not None else {})
    missing = [program for lock, program in wanted.items() if not is_locked(home.state(lock))]
    if not missing:
        return ok(" and ".join(wanted.values()) + (" run" if len(wanted) > 1 else " runs"))
    return warn(f"not running: {', '.join(missing)}", remedy=f"start it: {missing[0]} --config {home.path}")


def home_link(home: HomePlace) -> Finding:
    """Whether the socket between the two programs is there; nobody connects to it, the newest would win."""
    if home.market is None:
        return skipped(NO_MARKET)
    try:
        path = socket_path(home.state_dir, METER_SOCKET)
    except LinkPathError as error:
        return fail(str(error), remedy="shorten home.state_dir")
    if not is_locked(home.state(METER_LOCK)):
        return skipped("'hems meter' does not run", str(path))
    if str(path) not in _listening():
        return fail("nobody listens", where=str(path), remedy="start 'hems meter' again; look at its log")
    return ok("'hems meter' listens", str(path))


def broker_is_online(home: HomePlace) -> Finding:
    """Whether the broker says that it is there, and that trading goes on."""

    def look(session: MqttSession, market: MarketTable) -> Finding:
        status = _retained(session, topic("status", market.community))
        if status is None:
            what = f"no broker of community {market.community} was ever here"
            return fail(what, remedy="correct market.community, or ask the operator to start the broker")
        if _state(status) != "online":
            return fail("the broker is offline", remedy="the operator has to start it; the home goes on alone")
        paused = _paused(session, market)
        if paused is not None:
            what = f"trading is paused since {paused.since}: {paused.reason}"
            return warn(what, remedy="nothing: the home goes on on its tariff until the operator resumes")
        return ok(f"the broker of {market.community} is online")

    return _visit(home, look)


def calendar_fits(home: HomePlace) -> Finding:
    """Whether the published calendar is signed by the configured broker key and has the home's slot length."""

    def look(session: MqttSession, market: MarketTable) -> Finding:
        frame = _retained(session, topic("calendar", market.community))
        if frame is None:
            return fail("no calendar is published", remedy="correct market.community, or ask the operator")
        try:
            payload = open_frame(frame, bytes.fromhex(market.broker_key), "calendar", market.community)
            calendar = decode(Calendar, payload)
        except (FrameError, DecodeError) as error:
            stated = _stated_key(frame)
            what = f"the calendar is not signed by market.broker_key ({error}); its own word is {stated[:16]}.."
            return fail(what, remedy="ask the operator for the key by another way and set market.broker_key to it")
        assert home.config is not None
        own = home.config.home.slot_minutes
        if calendar.slot_minutes != own:
            what = f"slots of {calendar.slot_minutes} min in the market, of {own} min at home"
            return fail(what, remedy=f"set home.slot_minutes = {calendar.slot_minutes}")
        return ok(f"{len(calendar.stages)} stages, slots of {own} min, {calendar.currency}")

    return _visit(home, look)


def clock_agrees(home: HomePlace) -> Finding:
    """Whether this machine's clock agrees with the market's: by the running meter, else by the newest conditions.

    A meter that runs hears gates, which tell to the minute; conditions are of the next slot or two.
    """
    if home.is_driven:
        return skipped("a driven clock: the market lives in announced time")
    found_s = _off_by_meter_s(home)
    if found_s is not None:
        return fail(f"{far_words(found_s)}: 'hems meter' trades nothing", remedy=CLOCK_REMEDY)

    def look(session: MqttSession, market: MarketTable) -> Finding:
        assert home.config is not None
        status = _retained(session, topic("status", market.community))
        frame = _retained(session, topic("conditions", market.community))
        terms = _retained(session, topic("calendar", market.community))
        if status is None or frame is None or terms is None or _state(status) != "online":
            return skipped("the broker is not online")
        try:
            key = bytes.fromhex(market.broker_key)
            calendar = decode(Calendar, open_frame(terms, key, "calendar", market.community))
            payload = open_frame(frame, key, "conditions", market.community)
            conditions_s = parse_utc(decode(Conditions, payload).slot)
        except (FrameError, DecodeError):
            return skipped("conditions that do not hold: see calendar")
        slot_s, lead_s = 60 * home.config.home.slot_minutes, longest_lead_s(calendar)
        off_s = off_by_conditions_s(conditions_s, home.now_s, slot_s, lead_s)
        if off_s is None:
            return ok("fits the market's")
        return fail(far_words(off_s), remedy=CLOCK_REMEDY)

    return _visit(home, look)


def _off_by_meter_s(home: HomePlace) -> int | None:
    """How far the running meter finds this clock ahead (+) or behind (-) [s]; None where it finds it right."""
    path = home.state("meter.db")
    if not path.exists() or not is_locked(home.state(METER_LOCK)):
        return None
    try:
        with read_only(path) as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (FACT,)).fetchone()
    except sqlite3.Error:
        return None  # the check of this database tells it
    off_s = None if row is None else json.loads(row[0])
    return off_s if isinstance(off_s, int) else None


def hello(home: HomePlace, market: MarketTable) -> tuple[str, bytes] | None:
    """This meter's signed question whether it is a member (topic, frame); None without a key that can be read."""
    key = _key(home.state("meter.key"))
    if key is None or home.config is None:
        return None
    meter = home.config.home.meter
    asked = Hello(community=market.community, meter=meter, software="doctor", sent_at=format_utc(int(home.now_s)))
    return topic("hello", market.community, meter), seal(key, "hello", market.community, encode(asked))


def is_member(home: HomePlace) -> Finding:
    """Whether the broker answers this meter's signed question with a welcome."""
    path = home.state("meter.key")
    if home.market is None:
        return skipped(NO_MARKET)
    if home.is_driven:
        return skipped("a driven clock: a question of now does not belong into it")
    key, question = _key(path), hello(home, home.market)
    if key is None or question is None:
        return skipped("no signing key that could be read", str(path))

    def look(session: MqttSession, market: MarketTable) -> Finding:
        assert home.config is not None
        session.subscribe(meter_inbox(market.community, home.config.home.meter))
        session.publish(*question)
        answer = session.hear(lambda name, _: name.rsplit("/", 1)[-1] in ("welcome", "rejection"))
        if answer is None:
            return fail("no answer", remedy="the broker is down, or the ACL keeps its answers from this login")
        return _verdict(answer[0].rsplit("/", 1)[-1], answer[1], key, market)

    return _visit(home, look)


def _verdict(kind: str, frame: bytes, key: SigningKey, market: MarketTable) -> Finding:
    try:
        payload = open_frame(frame, bytes.fromhex(market.broker_key), kind, market.community)
        if kind == "welcome":
            known = decode(Welcome, payload)
            return ok(f"enrolled, {known.nameplate_import_w} W import, {known.nameplate_export_w} W export")
        refused = decode(Rejection, payload)
    except (FrameError, DecodeError) as error:
        return fail(f"an answer that does not hold: {error}", remedy="see the check 'calendar'")
    hint = HINTS.get(refused.code, refused.hint)
    what = f"{refused.code}: {refused.detail}; the public key of this meter is {key.public_hex}"
    return fail(what, remedy=hint)


def _visit(home: HomePlace, look: Look) -> Finding:
    market, server = home.market, home.server()
    if market is None or server is None:
        return skipped(NO_MARKET)
    if is_held(home, server):
        return skipped(HELD)
    return visited(server, lambda session: look(session, market))


def _retained(session: MqttSession, name: str, within_s: float = 2.0) -> bytes | None:
    session.subscribe(name)
    heard = session.hear(lambda found, _: found == name, within_s)
    return None if heard is None else heard[1]


def _paused(session: MqttSession, market: MarketTable) -> Trading | None:
    frame = _retained(session, topic("trading", market.community), 0.5)
    try:
        said = None if frame is None else decode(Trading, split(frame)[1])
    except (FrameError, DecodeError):
        return None
    return said if said is not None and said.state == "paused" else None


def _state(status: bytes) -> str:
    try:
        return str(json.loads(status)["state"])
    except (ValueError, KeyError, TypeError):
        return "unreadable"


def _stated_key(frame: bytes) -> str:
    try:
        return decode(Calendar, split(frame)[1]).broker_key
    except (FrameError, DecodeError):
        return "unreadable"


def _key(path: Path) -> SigningKey | None:
    try:
        return key_from_seed(bytes.fromhex(path.read_text().strip()))
    except (OSError, ValueError):
        return None


def _listening() -> str:
    table = Path("/proc/net/unix")
    return table.read_text() if table.is_file() else ""


def is_held(home: HomePlace, server: MqttPlace) -> bool:
    """Whether the running meter is connected by the certificate that a visit would show: it would be cut off.

    One that has not told yet how it fares has just started: it counts as connected.
    """
    if server.cert_file is None or not is_locked(home.state(METER_LOCK)):
        return False
    since_s = home.now_s - TOLD_WITHIN_S
    return newest_value(home.state(METER_BUFFER), Metering, Metering.is_mqtt_connected, since_s) != 0


def server_of(home: HomePlace) -> MqttPlace | Finding:
    """The community's MQTT server, or why there is none to look at."""
    return home.server() or skipped(NO_MARKET)
