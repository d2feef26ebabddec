"""All checks of a home, in the order in which one would look: machine, files, equipment, market, records."""

from functools import partial

from doctor.check import Check
from doctor.finding import Finding, Verdict, fail, ok, skipped
from doctor.machine import clock, computer, disk, files, mqtt_server, ports
from doctor.machine.mqtt_session import MqttPlace
from doctor.machine.time_series import time_series
from hems.commands.doctor_checks import community, equipment, records, supply, units
from hems.commands.doctor_checks.home_place import HomePlace
from hems.io.edge_store import MIGRATIONS
from hems.io.page.texts import say
from hems.io.process_lock import RUN_LOCK
from hems.site.config import resolved
from web.charts.markup import escaped
from wire.topics import topic

DATABASE_LIMIT_S = 60.0
OPENED_BY = "hems page link"  # what a page for the network says to whoever has no session
METER_LIMIT_S = equipment.LIMIT_S + 5.0


def home_checks(home: HomePlace) -> list[Check]:
    """The checks of a home; the list is the same for every home, what does not concern one is skipped."""
    return [*_machine(home), *_files(home), *_equipment(home), *_market(home), *_records(home)]


def _machine(home: HomePlace) -> list[Check]:
    zone = None if home.config is None else home.config.home.timezone
    return [
        Check("computer", "Python 3.11 or newer, 64 bit", computer.python_fits),
        Check("memory", "memory that is left", computer.memory),
        Check("supply voltage", "undervoltage alarms of the board", computer.supply_voltage),
        Check(
            "clock", "the clock was set: not 1970, not before this release", partial(clock.clock_is_set, home.now_s)
        ),
        Check("clock kept", "a time server keeps the clock (adjtimex)", clock.clock_is_kept),
        Check("time zone", "the configured zone exists, and fits the machine", partial(clock.time_zone, zone)),
    ]


def _files(home: HomePlace) -> list[Check]:
    state = home.state_dir
    return [
        Check("configuration", "the TOML file: every key, every value", partial(_configuration, home)),
        Check("units", "sizes that no building has: W for kW", partial(units.sizes_are_plausible, home)),
        Check("state directory", "owner, mode, writable", partial(disk.state_directory, state)),
        Check(
            "disk",
            "file system, a synchronised write and how long it takes",
            partial(disk.keeps_what_it_promised, state),
        ),
        Check("space", "free space under the state directory", partial(disk.free_space, state)),
        Check(
            "ems.db", "SQLite's own check, and the schema", _database(home, "ems.db", "'hems run'"), DATABASE_LIMIT_S
        ),
        Check(
            "meter.db",
            "the same of the meter's database",
            _database(home, "meter.db", "'hems meter'"),
            DATABASE_LIMIT_S,
        ),
        Check("key", "the signing key: there, whole, mode 600", partial(community.signing_key, home)),
        Check("programs", "'hems run' and 'hems meter' hold their locks", partial(community.programs_run, home)),
    ]


def _equipment(home: HomePlace) -> list[Check]:
    once = equipment.MeterOnce(home)
    return [
        Check(
            "meter answers",
            "connection, device id and register map of the meter",
            partial(equipment.meter_answers, once),
            METER_LIMIT_S,
        ),
        Check("meter settles", "registers that lose no Wh", partial(equipment.meter_settles, once), METER_LIMIT_S),
        Check(
            "meter clock",
            "the meter's clock against the machine's",
            partial(equipment.meter_clock, once),
            METER_LIMIT_S,
        ),
        Check(
            "devices", "every [[device]] answers as its kind", partial(equipment.devices_answer, home), METER_LIMIT_S
        ),
        Check(
            "prices",
            "the tariff for the next day: known, not swapped, per kWh",
            partial(supply.prices_are_known, home),
        ),
        Check("grid limit", "the network operator's signal comes", partial(records.grid_signal_comes, home)),
        Check("weather", "the source of weather forecasts", partial(supply.weather_comes, home)),
        Check("time series", "InfluxDB: reachable, token, bucket", partial(_time_series, home)),
        Check("Home Assistant", "its MQTT server: reachable, login", partial(_home_assistant, home)),
        Check("page", "the port of the household page", partial(_page, home)),
    ]


def _market(home: HomePlace) -> list[Check]:
    return [
        Check("MQTT server", "name and port of the community's server", partial(_server, home, "address")),
        Check(
            "certificate",
            "TLS, the CA, and how long the server's certificate and the own one last",
            partial(_server, home, "certificate"),
        ),
        Check("MQTT login", "name and password", partial(_server, home, "login")),
        Check("MQTT rights", "own topics may be written, those of others may not", partial(_server, home, "rights")),
        Check("broker", "online, and trading goes on", partial(community.broker_is_online, home)),
        Check("calendar", "signed by market.broker_key, slots as at home", partial(community.calendar_fits, home)),
        Check("market clock", "this clock against that of the market", partial(community.clock_agrees, home)),
        Check("member", "the broker knows this meter and its key", partial(community.is_member, home)),
        Check("home link", "the socket between the two programs", partial(community.home_link, home)),
    ]


def _records(home: HomePlace) -> list[Check]:
    return [
        Check("freshness", "age and quality of the newest reading", partial(records.reading_is_fresh, home)),
        Check("registers", "energy registers go on, never back", partial(records.registers_move, home)),
        Check("sign", "positive power makes the import register rise", partial(records.sign_is_right, home)),
        Check("night", "no generation at night", partial(records.no_sun_at_night, home)),
        Check("clearing", "the newest slot that was heard to clear", partial(records.clearing_was_seen, home)),
        Check("receipts", "what was sent and not receipted", partial(records.receipts_came, home)),
        Check("proofs", "what the meter found against the operator", partial(records.operator_is_honest, home)),
    ]


def _configuration(home: HomePlace) -> Finding:
    if home.config is None:
        return fail(home.problem, remedy="correct the lines that are named; docs/configuration.md lists every key")
    return ok(f"devices: {len(home.config.device)}; {'trades' if home.market else 'no market'}", str(home.path))


def _database(home: HomePlace, name: str, made_by: str) -> partial[Finding]:
    return partial(files.database, home.state(name), len(MIGRATIONS), made_by=made_by)


def _server(home: HomePlace, what: str) -> Finding:
    server, market = community.server_of(home), home.market
    if isinstance(server, Finding) or market is None or home.config is None:
        return skipped(community.NO_MARKET)
    if what == "address":
        return mqtt_server.address(server)
    if what == "certificate":
        return mqtt_server.certificate(server, home.now_s)
    if community.is_held(home, server):
        return ok("'hems meter' is connected", server.where) if what == "login" else skipped(community.HELD)
    if what == "login":
        return mqtt_server.login(server)
    question = community.hello(home, market)
    if question is None or home.is_driven:
        return skipped("no signing key that could be read, or a driven clock: nothing to publish")
    # of a plan of a meter that is none the broker keeps nothing
    return mqtt_server.rights(server, question, topic("plan", market.community, "doctor-probe"))


def _time_series(home: HomePlace) -> Finding:
    table = home.table("telemetry")
    if table is None:
        return skipped("no [telemetry]: records stay in SQLite")
    ca_file = None if table.ca_file is None else resolved(home.base, table.ca_file)
    return time_series(table.url, table.org, table.bucket, resolved(home.base, table.token_file), ca_file)


def _home_assistant(home: HomePlace) -> Finding:
    table = home.table("home_assistant")
    if table is None:
        return skipped("no [home_assistant]")
    place = MqttPlace(
        host=table.host,
        port=table.port,
        username=table.username,
        password_file=None if table.password_file is None else resolved(home.base, table.password_file),
        ca_file=None if table.ca_file is None else resolved(home.base, table.ca_file),
    )
    reached = mqtt_server.address(place)
    return reached if reached.verdict is not Verdict.OK or table.tls else mqtt_server.login(place)


def _page(home: HomePlace) -> Finding:
    table = home.table("page")
    if table is None or not hasattr(table, "port"):
        return skipped("no [page]")
    runs = files.is_locked(home.state(RUN_LOCK))
    own = OPENED_BY if table.lan else escaped(say("title", home=home.config.home.meter) if home.config else "")
    return ports.serving(getattr(table, "host", "127.0.0.1"), table.port, runs=runs, says=own)
