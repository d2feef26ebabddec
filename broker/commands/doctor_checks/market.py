"""The running market: process, prices, what is published, what waits for the operator."""

from broker.commands.doctor_checks.community_place import CommunityPlace
from broker.commands.member_list import events_of, members_of
from broker.control.ports import StorageFailed
from broker.io.state_dir import is_served
from broker.io.telemetry_recorder import BUFFER
from broker.market.events import MarketPaused, UnknownRecord
from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.mqtt_server import visited
from doctor.machine.mqtt_session import MqttPlace, MqttSession
from telemetry.newest import newest_value
from wire.codec import DecodeError, decode
from wire.messages import Calendar
from wire.signing import FrameError, open_frame
from wire.slots import format_utc, slot_at
from wire.telemetry.community import Intake
from wire.topics import topic

PAUSES = frozenset({"market_paused", "market_resumed"})
HELD = "the broker is connected, and its certificate is good for one connection: stop it to look from here"
TOLD_WITHIN_S = 180  # a broker tells once a minute how it fares, and writes that with the next
NO_CONFIG = "no configuration that could be read"


def broker_runs(place: CommunityPlace) -> Finding:
    """Whether a broker holds the lock of the state directory."""
    if is_served(place.state):
        return ok("a broker runs on it", str(place.state.root))
    remedy = f"start it: community-broker run --config {place.path}"
    return warn("no broker runs on it", where=str(place.state.root), remedy=remedy)


def trading_goes_on(place: CommunityPlace) -> Finding:
    """Whether the operator has paused trading."""
    try:
        changes = [event for _, event in events_of(place.state, PAUSES)]
    except StorageFailed:
        return skipped("no journal that could be read")
    except UnknownRecord as error:
        return fail(str(error), remedy="install the release that wrote the journal, or a newer one")
    if changes and isinstance(changes[-1], MarketPaused):
        last = changes[-1]
        what = f"paused since {format_utc(last.at_s)} by {last.by or 'somebody'}: {last.reason}"
        return warn(what, remedy=f"community-broker resume {place.state.root} --reason ..., when the cause is gone")
    return ok("trading goes on")


def prices_are_known(place: CommunityPlace) -> Finding:
    """Whether the tariff gives prices for the slots of the next day, and leaves room for a market."""
    if place.config is None:
        return skipped(NO_CONFIG)
    source = place.config.tariff.source()
    first = slot_at(int(place.now_s), place.config.market.slot_minutes)
    slots = [first.shifted(n) for n in range(86_400 // first.duration_s)]
    found = [source.prices(slot) for slot in slots]
    unknown = sum(prices is None for prices in found)
    if unknown:
        what = f"no price for {unknown} of the next {len(slots)} slots: they have no market"
        return warn(what, remedy="add the coming prices to the file of [tariff]")
    closed = sum(prices is not None and not prices.has_market for prices in found)
    if closed:
        what = f"feed-in above retail in {closed} of the next {len(slots)} slots: they have no market"
        return warn(what, remedy="look whether import and export price are swapped in [tariff]")
    return ok(f"known for the next {len(slots)} slots")


def members_are_there(place: CommunityPlace) -> Finding:
    """Whether the configured members are those of the journal, and enough to hide each other."""
    if place.config is None:
        return skipped(NO_CONFIG)
    configured = {member.meter for member in place.config.members}
    try:
        known = members_of(place.state)
    except (StorageFailed, UnknownRecord):
        return skipped("no journal that could be read")
    active = {meter for meter, listed in known.items() if listed.state == "active"}
    waiting = configured - known.keys()
    if waiting:
        what = f"not enrolled yet: {', '.join(sorted(waiting)[:10])}"
        return warn(what, remedy="restart the broker, or use 'community-broker add-member' next time")
    if len(active) < place.config.market.group_min:
        what = f"{len(active)} active members, group_min is {place.config.market.group_min}"
        return warn(what, remedy="say to members that aggregates of so few tell about single homes")
    return ok(f"{len(active)} active of {len(known)}")


def calendar_is_ours(place: CommunityPlace) -> Finding:
    """Whether the calendar at the MQTT server is signed by this broker's key: else another one serves the name."""
    server, config = place.server(), place.config
    if server is None or config is None:
        return skipped(NO_CONFIG)
    if is_held(place, server):
        return skipped(HELD)
    if not place.state.key.is_file():
        return skipped("no broker key yet: the first start makes it")
    key = place.state.read_key()

    def look(session: MqttSession) -> Finding:
        name = topic("calendar", config.community)
        session.subscribe(name)
        heard = session.hear(lambda found, _: found == name, 2.0)
        if heard is None:
            return warn(
                "no calendar is retained", remedy="start the broker; with a new MQTT server it publishes again"
            )
        try:
            decode(Calendar, open_frame(heard[1], key.public, "calendar", config.community))
        except (FrameError, DecodeError):
            what = f"another broker serves {config.community} at this server"
            return fail(what, remedy="stop it, or give this community another name")
        return ok("signed by this broker's key")

    return visited(server, look)


def is_held(place: CommunityPlace, server: MqttPlace) -> bool:
    """Whether the running broker is connected by the certificate that a visit would show: it would be cut off.

    One that has not told yet how it fares has just started: it counts as connected.
    """
    if server.cert_file is None or not is_served(place.state):
        return False
    buffer, since_s = place.state.root / BUFFER, place.now_s - TOLD_WITHIN_S
    return newest_value(buffer, Intake, Intake.is_mqtt_connected, since_s) != 0


def nothing_was_refused(place: CommunityPlace) -> Finding:
    """Whether calls and acts of the operator were refused and wait to be read."""
    refused = [path for folder in (place.state.calls, place.state.acts) for path in sorted(folder.glob("*.refused"))]
    if refused:
        said = refused[0].read_text(encoding="utf-8").strip()
        what = f"{len(refused)} refused, such as {refused[0].name}: {said}"
        return warn(what, remedy=f"correct what was asked, and remove {refused[0]}")
    return ok("nothing waits")
