"""The configurations of a community's processes as TOML, for people to go on from."""

from collections.abc import Mapping

from twin.founding.plan import BUCKET, EXPORT_PRICE, IMPORT_PRICE, ORGANISATION, Influx, Plan, Seat
from twin.home_page import LAN, page_table

PV_ID, BATTERY_ID = 2, 3
PV_PEAK_KW, BATTERY_KWH, BATTERY_KW = 6, 10, 5
NAMEPLATE_W = 17_000
GATE_LEAD_S, PLAN_LEAD_S = 60, 90


def telemetry_table(influx: Influx | None) -> list[str]:
    """The `[telemetry]` table as lines, the same for homes and the broker; none without InfluxDB."""
    if influx is None:
        return []
    named = [f'url = "{influx.url}"', f'org = "{ORGANISATION}"', f'bucket = "{BUCKET}"']
    return ["", "[telemetry]", *named, f'token_file = "{influx.token_file}"']


def broker_text(plan: Plan, keys: Mapping[str, str]) -> str:
    """The broker's configuration; `keys` are the members' public keys by meter."""
    rows = [
        f'community = "{plan.community}"',
        'state_dir = "state"',
        "",
        "[market]",
        f"slot_minutes = {plan.slot_minutes}",
        f"gate_lead_s = {GATE_LEAD_S}",
        "group_min = 2  # of so few members everybody learns the other's plans: raise it as the community grows",
        "",
        "[mqtt]",
        *_mqtt(plan),
        "",
        "[tariff]",
        'kind = "constant"',
        f"import_price_per_kwh = {IMPORT_PRICE}",
        f"export_price_per_kwh = {EXPORT_PRICE}",
        *telemetry_table(plan.influx),
        *(["", "[page]", *LAN] if plan.pages_in_the_network else []),
        *_clock(plan),
    ]
    for meter, key in keys.items():
        rows += ["", "[[members]]", f'meter = "{meter}"', f'public_key = "{key}"']
        rows += [f"nameplate_import_w = {NAMEPLATE_W}", f"nameplate_export_w = {NAMEPLATE_W}"]
    return "\n".join(rows) + "\n"


def home_text(plan: Plan, seat: Seat, broker_key: str) -> str:
    """A home's configuration, for its energy manager and its transactive meter."""
    rows = [
        "[home]",
        f'meter = "{seat.meter}"',
        f"slot_minutes = {plan.slot_minutes}",
        'state_dir = "state"',
        "",
        "[meter]",
        f'host = "{seat.modbus.host}"',
        f"port = {seat.modbus.port}",
        "",
        "[tariff]",
        f"import_price_per_kwh = {IMPORT_PRICE}",
        f"export_price_per_kwh = {EXPORT_PRICE}",
        "",
        "[market]",
        f'community = "{plan.community}"',
        f'broker_key = "{broker_key}"',
        *_mqtt(plan),
        "",
        "[control]",
        f"plan_lead_s = {PLAN_LEAD_S}",
        *telemetry_table(plan.influx),
        *page_table(seat.page_port, lan=plan.pages_in_the_network),
        *_clock(plan),
    ]
    if seat.has_pv:
        rows += ["", "[[device]]", 'kind = "pv"', 'id = "roof"', f"device_id = {PV_ID}", f"peak_kw = {PV_PEAK_KW}"]
    if seat.has_battery:
        rows += ["", "[[device]]", 'kind = "battery"', 'id = "battery"', f"device_id = {BATTERY_ID}"]
        rows += [f"capacity_kwh = {BATTERY_KWH}", f"charge_kw_max = {BATTERY_KW}"]
        rows += [f"discharge_kw_max = {BATTERY_KW}", "soc_min = 0.1"]
    return "\n".join(rows) + "\n"


def simulator_text(plan: Plan, seat: Seat, seed: int) -> str:
    """The configuration of a home's emulated meter and devices."""
    rows = [
        'profile = "home"',
        f"seed = {seed}",
        "",
        "[meter]",
        f'serial = "{seat.meter[:16]}"',
        f"slot_s = {plan.slot_minutes * 60}",
        "",
        "[server]",
        f'host = "{plan.simulators_on}"',
        f"port = {seat.modbus.port}",
        'state_file = "state/registers"',
    ]
    if seat.has_pv:
        rows += ["", "[[device]]", f"id = {PV_ID}", 'kind = "pv"', f"peak_kw = {PV_PEAK_KW}"]
    if seat.has_battery:
        rows += ["", "[[device]]", f"id = {BATTERY_ID}", 'kind = "battery"', f"capacity_kwh = {BATTERY_KWH}"]
    return "\n".join(rows) + "\n"


def _mqtt(plan: Plan) -> list[str]:
    return [
        f'host = "{plan.mqtt.host}"',
        f"port = {plan.mqtt.port}",
        'ca_file = "ca.pem"',
        'cert_file = "client.pem"',
        'key_file = "client.key"',
    ]


def _clock(plan: Plan) -> list[str]:
    return ["", "[clock]", 'mode = "driven"'] if plan.driven else []
