"""All checks of a community, in the order in which one would look: machine, files, books, market, server."""

from functools import partial

from broker.commands.doctor_checks import books, market, member_clocks
from broker.commands.doctor_checks.community_place import CommunityPlace
from broker.io.journal_sqlite import MIGRATIONS as JOURNAL_SCHEMA
from broker.io.records_sqlite import MIGRATIONS as RECORDS_SCHEMA
from doctor.check import Check
from doctor.finding import Finding, fail, ok, skipped
from doctor.machine import clock, computer, disk, files, mqtt_server
from doctor.machine.time_series import time_series
from wire.topics import bundle_topic, topic

LONG_S = 120.0
STARTER = "'community-broker run'"


def community_checks(place: CommunityPlace) -> list[Check]:
    """The checks of a community; the list is the same for every one, what does not concern one is skipped."""
    return [*_machine(place), *_files(place), *_books(place), *_market(place), *_server(place)]


def _machine(place: CommunityPlace) -> list[Check]:
    return [
        Check("computer", "Python 3.11 or newer, 64 bit", computer.python_fits),
        Check("memory", "memory that is left", computer.memory),
        Check("supply voltage", "undervoltage alarms of the board", computer.supply_voltage),
        Check("clock", "the clock was set: not 1970", partial(clock.clock_is_set, place.now_s)),
        Check("clock kept", "a time server keeps the clock (adjtimex)", clock.clock_is_kept),
    ]


def _files(place: CommunityPlace) -> list[Check]:
    state = place.state
    journal = partial(files.database, state.journal, len(JOURNAL_SCHEMA), made_by=STARTER)
    records = partial(files.database, state.records, len(RECORDS_SCHEMA), made_by=STARTER)
    return [
        Check("configuration", "the TOML file: every key, every value", partial(_configuration, place)),
        Check("state directory", "owner, mode, writable", partial(disk.state_directory, state.root)),
        Check("disk", "file system, a synchronised write", partial(disk.keeps_what_it_promised, state.root)),
        Check("space", "free space under the state directory", partial(disk.free_space, state.root)),
        Check("secret", "behind pseudonyms: there, mode 600", partial(files.private_file, state.secret, "secret")),
        Check("broker key", "there, whole, mode 600", partial(files.private_file, state.key, "broker key")),
        Check("journal.db", "SQLite's own check, and the schema", journal, LONG_S),
        Check("records.db", "the same of the records", records, LONG_S),
    ]


def _books(place: CommunityPlace) -> list[Check]:
    return [
        Check("journal chain", "every record fits the hash chain", partial(books.chain_holds, place), LONG_S),
        Check("ledger", "all accounts sum to zero", partial(books.ledger_sums_to_zero, place), LONG_S),
        Check("replay", "the journal gives what was recorded", partial(books.replay_is_identical, place), LONG_S),
        Check("clearing", "the newest cleared slot", partial(books.clearing_is_recent, place)),
        Check("settlement", "delivered slots are settled in time", partial(books.settlement_is_recent, place)),
        Check("silent members", "members settled on estimates only", partial(books.members_report, place)),
        Check("rejections", "what was refused of late, and why", partial(books.little_is_refused, place)),
        Check("outgoing", "journal records whose messages wait", partial(books.all_was_sent, place)),
    ]


def _market(place: CommunityPlace) -> list[Check]:
    return [
        Check("process", "a broker holds the lock", partial(market.broker_runs, place)),
        Check("trading", "not paused", partial(market.trading_goes_on, place)),
        Check("prices", "the tariff for the next day", partial(market.prices_are_known, place)),
        Check("member clocks", "when messages were sent and came", partial(member_clocks.member_clocks, place)),
        Check("members", "configured and enrolled members", partial(market.members_are_there, place)),
        Check("operator's acts", "calls and acts that were refused", partial(market.nothing_was_refused, place)),
        Check("time series", "InfluxDB: reachable, token, bucket", partial(_time_series, place)),
    ]


def _server(place: CommunityPlace) -> list[Check]:
    return [
        Check("MQTT server", "name and port", partial(_reached, place, "address")),
        Check(
            "certificate",
            "TLS, the CA, how long the server's certificate and the own one last",
            partial(_reached, place, "certificate"),
        ),
        Check("MQTT login", "name and password", partial(_reached, place, "login")),
        Check("MQTT rights", "may publish, not in the name of meters", partial(_reached, place, "rights")),
        Check("calendar", "retained, and signed by this broker", partial(market.calendar_is_ours, place)),
    ]


def _configuration(place: CommunityPlace) -> Finding:
    if place.config is None:
        return fail(place.problem, remedy="correct the lines that are named; docs/configuration.md lists every key")
    return ok(f"{len(place.config.members)} members", str(place.path))


def _reached(place: CommunityPlace, what: str) -> Finding:
    server = place.server()
    if server is None or place.config is None:
        return skipped(market.NO_CONFIG)
    if what == "address":
        return mqtt_server.address(server)
    if what == "certificate":
        return mqtt_server.certificate(server, place.now_s)
    if market.is_held(place, server):
        return ok("the broker is connected", server.where) if what == "login" else skipped(market.HELD)
    if what == "login":
        return mqtt_server.login(server)
    community = place.config.community
    # a bundle of a gateway that is none: nobody hears it; of a plan of a meter that is none nothing is kept
    own = (bundle_topic(community, "doctor-probe"), b"")
    return mqtt_server.rights(server, own, topic("plan", community, "doctor-probe"))


def _time_series(place: CommunityPlace) -> Finding:
    table = getattr(place.config, "telemetry", None)
    if table is None:
        return skipped("no [telemetry]: records stay in SQLite")
    base = place.path.resolve().parent
    ca_file = None if table.ca_file is None else base / table.ca_file
    return time_series(table.url, table.org, table.bucket, base / table.token_file, ca_file)
