"""The configuration of a home: every device kind becomes its unit, and every mistake is named with its place."""

from pathlib import Path

import pytest

from hems.site.config import ConfigError, HomeConfig, parse_config, resolved
from hems.site.home import (
    ApplianceUnit,
    BatteryUnit,
    ComfortPeriod,
    EvUnit,
    Home,
    LightingUnit,
    PvUnit,
    ZoneUnit,
)

SMALL = """
[home]
meter = "home-1"
state_dir = "state"
[meter]
[tariff]
import_price_per_kwh = 0.3
"""

FULL = """
[home]
meter = "home-1"
timezone = "Europe/Berlin"
slot_minutes = 15
import_limit_kw = 14.5
export_limit_kw = 10
building = "office"
state_dir = "state"

[meter]
host = "meter.local"
port = 1502
device_id = 7
power_sign = -1

[market]
community = "elm"
broker_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
ca_file = "ca.pem"

[tariff]
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08

[[tariff.period]]
from_hour = 22
to_hour = 6
import_price_per_kwh = 0.24
export_price_per_kwh = 0.08

[[device]]
id = "roof"
kind = "pv"
device_id = 2
peak_kw = 9.8

[[device]]
id = "battery"
kind = "battery"
device_id = 3
host = "battery.local"
port = 1503
capacity_kwh = 10
charge_kw_max = 5
discharge_kw_max = 4.6
charge_efficiency = 0.96
discharge_efficiency = 0.95
soc_min = 0.05
soc_max = 0.95
wear_per_kwh = 0.02
reserve_soc = 0.2

[[device]]
id = "car"
kind = "ev"
device_id = 4
charge_kw_max = 11
charge_kw_min = 1.4

[[device]]
id = "living"
kind = "zone"
device_id = 5
mode = "heat"
electric_kw_max = 3
electric_kw_min = 0.5
cop = 3.5
thermal_capacity_kwh_per_k = 4
thermal_resistance_k_per_kw = 6
gain_kw = 0.2
discomfort_per_k_hour = 0.5
comfort = [
  { from_hour = 6, to_hour = 22, temp_min_c = 20, temp_max_c = 23 },
  { from_hour = 22, to_hour = 6, temp_min_c = 17, temp_max_c = 23 },
]

[[device]]
id = "lamps"
kind = "lighting"
device_id = 6
rated_kw = 0.2
lux_at_rated = 500
required_lux = 300
dim_fraction_max = 0.3
discomfort_per_kwh = 0.4

[[device]]
id = "washer"
kind = "appliance"
device_id = 8
quarter_hour_kw = [2.0, 0.4, 0.4, 0.3]
earliest_hour = 8
latest_end_hour = 20

[control]
tick_s = 10
plan_lead_s = 60
horizon_hours = 36

[clock]
mode = "driven"
"""


def findings(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "home.toml")
    return str(caught.value).splitlines()


def device(lines: str) -> str:
    return f'{SMALL}\n[[device]]\nid = "d"\ndevice_id = 2\n{lines}\n'


def test_every_kind_of_device_becomes_the_unit_that_the_planner_sees() -> None:
    assert parse_config(FULL, "home.toml").as_home() == Home(
        meter="home-1",
        timezone="Europe/Berlin",
        slot_minutes=15,
        import_limit_kw=14.5,
        export_limit_kw=10.0,
        units=(
            PvUnit(id="roof", peak_kw=9.8),
            BatteryUnit(
                id="battery",
                capacity_kwh=10.0,
                charge_kw_max=5.0,
                discharge_kw_max=4.6,
                charge_efficiency=0.96,
                discharge_efficiency=0.95,
                soc_min=0.05,
                soc_max=0.95,
                wear_per_kwh=0.02,
                reserve_soc=0.2,
            ),
            EvUnit(id="car", charge_kw_max=11.0, charge_kw_min=1.4),
            ZoneUnit(
                id="living",
                mode="heat",
                electric_kw_max=3.0,
                electric_kw_min=0.5,
                cop=3.5,
                thermal_capacity_kwh_per_k=4.0,
                thermal_resistance_k_per_kw=6.0,
                gain_kw=0.2,
                discomfort_per_k_hour=0.5,
                comfort=(
                    ComfortPeriod(from_hour=6.0, to_hour=22.0, temp_min_c=20.0, temp_max_c=23.0),
                    ComfortPeriod(from_hour=22.0, to_hour=6.0, temp_min_c=17.0, temp_max_c=23.0),
                ),
            ),
            LightingUnit(
                id="lamps",
                rated_kw=0.2,
                lux_at_rated=500.0,
                required_lux=300.0,
                dim_fraction_max=0.3,
                discomfort_per_kwh=0.4,
            ),
            ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 0.4, 0.4, 0.3), earliest_hour=8.0, latest_end_hour=20.0),
        ),
    )


def test_what_is_not_for_the_planner_is_kept_for_the_adapters() -> None:
    config = parse_config(FULL, "home.toml")
    assert (config.meter.host, config.meter.port, config.meter.device_id, config.meter.power_sign) == (
        "meter.local",
        1502,
        7,
        -1,
    )
    assert config.market is not None and config.market.ca_file == Path("ca.pem")
    assert [(d.host, d.port) for d in config.device[:2]] == [(None, None), ("battery.local", 1503)]
    assert config.tariff.period[0].import_price_per_kwh == 0.24
    assert (config.control.tick_s, config.clock.mode) == (10, "driven")


def test_a_configuration_survives_being_written_and_read_again() -> None:
    config = parse_config(FULL, "home.toml")
    assert HomeConfig.model_validate_json(config.model_dump_json()) == config


def test_the_smallest_configuration_is_a_home_without_devices_and_without_a_market() -> None:
    config = parse_config(SMALL, "home.toml")
    assert config.as_home() == Home(meter="home-1")
    assert config.market is None and config.clock.mode == "system"


def test_holidays_are_days_since_1970_written_as_text_or_as_dates() -> None:
    lines = 'state_dir = "state"\nholidays = ["1970-01-02", 1970-01-11]'
    config = parse_config(SMALL.replace('state_dir = "state"', lines), "home.toml")
    assert config.home.holiday_numbers == {1, 10}
    assert parse_config(SMALL, "home.toml").home.holiday_numbers == frozenset()


def test_a_price_file_replaces_the_constant_price() -> None:
    config = parse_config(SMALL.replace("import_price_per_kwh = 0.3", 'file = "prices.csv"'), "home.toml")
    assert config.tariff.file == Path("prices.csv")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (SMALL.replace('meter = "home-1"', ""), "home.meter: missing: add it"),
        (
            SMALL.replace("home-1", "Home 1"),
            "home.meter: String should match pattern '^[a-z0-9_-]{1,64}$'; "
            "keep to that pattern, without blanks around it",
        ),
        (SMALL + "colour = 1", "tariff.colour: unknown key: remove it or correct its spelling"),
        (SMALL + "[wind]", "wind: unknown key: remove it or correct its spelling"),
        (
            SMALL.replace('state_dir = "state"', 'state_dir = "state"\ntimezone = "Berlin"'),
            "home.timezone: no time zone 'Berlin': use a name such as Europe/Berlin",
        ),
        (
            SMALL.replace('state_dir = "state"', 'state_dir = "state"\ntimezone = "Europe"'),
            "home.timezone: no time zone 'Europe': use a name such as Europe/Berlin",
        ),
        (
            SMALL.replace("import_price_per_kwh = 0.3", ""),
            "tariff.import_price_per_kwh: give import_price_per_kwh, or file with the columns of a price CSV",
        ),
        (
            device(
                'kind = "battery"\ncapacity_kwh = 5\ncharge_kw_max = 2\ndischarge_kw_max = 2\n'
                "soc_min = 0.9\nsoc_max = 0.2"
            ),
            "device.0.battery.soc_max: soc_min 0.9 has to be below soc_max 0.2",
        ),
        (device('kind = "ev"'), "device.0.ev.charge_kw_max: missing: add it"),
        (
            device('kind = "ev"\ncharge_kw_max = 0'),
            "device.0.ev.charge_kw_max: Input should be greater than 0; "
            "give a value in that range, in the unit that the key ends with",
        ),
        (
            device('kind = "ev"\ncharge_kw_max = nan'),
            "device.0.ev.charge_kw_max: Input should be a finite number; write a number such as 10.0",
        ),
        (
            SMALL.replace('state_dir = "state"', 'state_dir = "state"\nholidays = ["2026-12-25", "25.12.2026"]'),
            "home.holidays.1: '25.12.2026' is no date: write it as 2026-12-25",
        ),
        (
            SMALL.replace('state_dir = "state"', 'state_dir = "state"\nholidays = ["2026-02-29"]'),
            "home.holidays.0: '2026-02-29' is no day of the calendar (day is out of range for month): correct it",
        ),
        (
            SMALL.replace('state_dir = "state"', 'state_dir = "state"\nholidays = [2026-12-25T00:00:00]'),
            "home.holidays.0: datetime.datetime(2026, 12, 25, 0, 0) is no date: write it as 2026-12-25",
        ),
        (SMALL + '[clock]\nmode = "fast"', "clock.mode: Input should be 'system' or 'driven'; use one of them"),
        (
            SMALL + "[control]\ntick_s = 90",
            "control.tick_s: Input should be less than or equal to 60; "
            "give a value in that range, in the unit that the key ends with",
        ),
    ],
)
def test_a_mistake_is_named_with_file_path_and_remedy(text: str, finding: str) -> None:
    assert findings(text) == [f"home.toml: {finding}"]


def test_an_unknown_kind_of_device_is_answered_with_the_kinds_that_exist() -> None:
    (finding,) = findings(device('kind = "batery"'))
    assert finding.startswith("home.toml: device.0: ")
    assert "'batery'" in finding
    for kind in ("pv", "battery", "ev", "zone", "lighting", "appliance"):
        assert f"'{kind}'" in finding


def test_a_slot_length_that_does_not_divide_the_hour_is_refused_with_those_that_do() -> None:
    (finding,) = findings(SMALL.replace('state_dir = "state"', 'state_dir = "state"\nslot_minutes = 7'))
    assert finding.startswith("home.toml: home.slot_minutes: ")
    assert "15" in finding and "60" in finding


def test_two_devices_of_one_id_are_refused() -> None:
    two = device('kind = "pv"') + '[[device]]\nid = "d"\nkind = "pv"\ndevice_id = 3\n'
    assert findings(two) == ["home.toml: device: device ids have to differ: d"]


def test_mistakes_between_fields_are_reported_together_with_all_others() -> None:
    text = """
[home]
meter = "home-1"
state_dir = "state"
colour = 1
[meter]
[tariff]
export_price_per_kwh = "dear"
[[device]]
id = "d"
kind = "battery"
device_id = 2
capacity_kwh = -5
charge_kw_max = 2
discharge_kw_max = 2
soc_min = 0.9
soc_max = 0.2
[[device]]
id = "d"
kind = "pv"
device_id = 300
"""
    places = [line.split(": ")[1] for line in findings(text)]
    assert sorted(places) == [
        "device",
        "device.0.battery.capacity_kwh",
        "device.0.battery.soc_max",
        "device.1.pv.device_id",
        "home.colour",
        "tariff.export_price_per_kwh",
        "tariff.import_price_per_kwh",
    ]


def test_a_field_that_is_wrong_itself_is_not_compared_with_others() -> None:
    (finding,) = findings(device('kind = "ev"\ncharge_kw_max = "three"\ncharge_kw_min = 5'))
    assert finding.startswith("home.toml: device.0.ev.charge_kw_max: ")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SMALL.replace("[meter]", '[meter]\nport = "502"'), "meter.port"),
        (SMALL.replace("[meter]", "[meter]\nport = 502.0"), "meter.port"),
        (SMALL.replace("[meter]", "[meter]\ndevice_id = true"), "meter.device_id"),
        (SMALL.replace("[meter]", "[meter]\npower_sign = true"), "meter.power_sign"),
        (SMALL.replace("[meter]", '[meter]\npower_sign = "1"'), "meter.power_sign"),
        (SMALL.replace("[meter]", "import_limit_kw = true\n[meter]"), "home.import_limit_kw"),
        (SMALL.replace("[meter]", 'slot_minutes = "15"\n[meter]'), "home.slot_minutes"),
        (SMALL.replace("[meter]", "slot_minutes = true\n[meter]"), "home.slot_minutes"),
        (SMALL.replace('"state"', "1"), "home.state_dir"),
        (SMALL.replace('"home-1"', "1"), "home.meter"),
        (SMALL.replace("= 0.3", '= "0.3"'), "tariff.import_price_per_kwh"),
        (device('kind = "appliance"\nquarter_hour_kw = [1, "2"]'), "device.0.appliance.quarter_hour_kw.1"),
        (device('kind = "appliance"\nquarter_hour_kw = [true, 1]'), "device.0.appliance.quarter_hour_kw.0"),
        (device('kind = "appliance"\nquarter_hour_kw = "1"'), "device.0.appliance.quarter_hour_kw"),
    ],
)
def test_values_of_another_type_are_refused(text: str, place: str) -> None:
    (finding,) = findings(text)
    assert finding.startswith(f"home.toml: {place}: ")


def test_whole_numbers_are_fine_where_a_number_is_asked_for() -> None:
    limit_kw = parse_config(SMALL.replace("[meter]", "import_limit_kw = 14\n[meter]"), "f").home.import_limit_kw
    assert (limit_kw, type(limit_kw)) == (14.0, float)


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000, "../../etc/passwd", "\\u0000", ""])
def test_a_name_that_no_file_system_takes_is_a_time_zone_that_does_not_exist(name: str) -> None:
    (finding,) = findings(SMALL.replace("[meter]", f'timezone = "{name}"\n[meter]'))
    assert finding.startswith("home.toml: home.timezone: no time zone ")
    assert finding.endswith("use a name such as Europe/Berlin")


BATTERY = 'kind = "battery"\ncapacity_kwh = 5\ncharge_kw_max = 2\ndischarge_kw_max = 2\n'
ZONE = (
    'kind = "zone"\nmode = "heat"\nelectric_kw_max = 1\ncop = 3\nthermal_capacity_kwh_per_k = 3\n'
    "thermal_resistance_k_per_kw = 3\n"
)
ALWAYS = "comfort = [{ from_hour = 0, to_hour = 24, temp_min_c = 20, temp_max_c = 23 }]"
SIX_QUARTERS = 'kind = "appliance"\nquarter_hour_kw = [1, 1, 1, 1, 1, 1]\n'


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        (
            'kind = "ev"\ncharge_kw_max = 3\ncharge_kw_min = 5',
            "ev.charge_kw_min: 5 is above charge_kw_max 3: lower it, or raise charge_kw_max",
        ),
        (
            BATTERY + "soc_max = 0.5\nreserve_soc = 0.8",
            "battery.reserve_soc: 0.8 is above soc_max 0.5: lower it, or raise soc_max",
        ),
        (
            BATTERY + "soc_min = 0.3\nreserve_soc = 0.1",
            "battery.reserve_soc: 0.1 is below soc_min 0.3: raise it, or lower soc_min",
        ),
        (BATTERY + "soc_min = 1.0", "battery.soc_max: soc_min 1.0 has to be below soc_max 1.0"),
        (
            ZONE + "electric_kw_min = 2\n" + ALWAYS,
            "zone.electric_kw_min: 2 is above electric_kw_max 1: lower it, or raise electric_kw_max",
        ),
        (
            ZONE + ALWAYS.replace("20", "24"),
            "zone.comfort.0.temp_max_c: 23 is below temp_min_c 24: raise it, or lower temp_min_c",
        ),
        (
            ZONE + ALWAYS.replace("to_hour = 24", "to_hour = 0"),
            "zone.comfort.0.to_hour: a period from 0 to 0 never holds: use 0 and 24 for the whole day",
        ),
        (
            SIX_QUARTERS + "earliest_hour = 10\nlatest_end_hour = 11",
            "appliance.latest_end_hour: the programme takes 1.5 h, the window from 10 to 11 has 1 h: widen it",
        ),
        (
            SIX_QUARTERS + "earliest_hour = 23\nlatest_end_hour = 0.25",
            "appliance.latest_end_hour: the programme takes 1.5 h, the window from 23 to 0.25 has 1.25 h: widen it",
        ),
        (
            SIX_QUARTERS + "earliest_hour = 23",
            "appliance.latest_end_hour: the programme takes 1.5 h, the window from 23 to 24 has 1 h: widen it",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_a_remedy(lines: str, finding: str) -> None:
    assert f"home.toml: device.0.{finding}" in findings(device(lines))


@pytest.mark.parametrize(
    "lines",
    [
        'kind = "ev"\ncharge_kw_max = 3\ncharge_kw_min = 3',
        BATTERY + "soc_min = 0.2\nsoc_max = 0.8\nreserve_soc = 0.2",
        BATTERY + "soc_min = 0.2\nsoc_max = 0.8\nreserve_soc = 0.8",
        ZONE + ALWAYS.replace("23", "20"),
        SIX_QUARTERS + "earliest_hour = 10\nlatest_end_hour = 11.5",
        SIX_QUARTERS + "earliest_hour = 22\nlatest_end_hour = 6",
        SIX_QUARTERS + "earliest_hour = 23.5\nlatest_end_hour = 1",
    ],
)
def test_values_that_just_agree_are_taken(lines: str) -> None:
    assert len(parse_config(device(lines), "home.toml").as_home().units) == 1


@pytest.mark.parametrize(("from_hour", "to_hour"), [(6, 6), (0, 0), (24, 24), (24, 0)])
def test_a_price_period_of_no_length_is_refused(from_hour: int, to_hour: int) -> None:
    period = f"from_hour = {from_hour}\nto_hour = {to_hour}\nimport_price_per_kwh = 0.1\nexport_price_per_kwh = 0"
    assert findings(f"{SMALL}[[tariff.period]]\n{period}\n") == [
        f"home.toml: tariff.period.0.to_hour: a period from {from_hour} to {to_hour} never holds: "
        "use 0 and 24 for the whole day"
    ]


def test_all_mistakes_are_reported_at_once() -> None:
    text = """
[home]
meter = "home-1"
slot_minuts = 15
timezone = "Mars"
[meter]
port = 0
[tariff]
import_price_per_kwh = "cheap"
[[tariff.period]]
from_hour = 25
to_hour = 6
import_price_per_kwh = 0.1
[market]
community = "elm"
broker_key = "secret"
[[device]]
id = "roof"
kind = "pv"
device_id = 2
[[device]]
id = "battery"
kind = "battery"
device_id = 300
capacity_kwh = -1
charge_kw_max = 2
[control]
horizon_hours = 72
"""
    places = [line.split(": ")[1] for line in findings(text)]
    assert sorted(places) == [
        "control.horizon_hours",
        "device.1.battery.capacity_kwh",
        "device.1.battery.device_id",
        "device.1.battery.discharge_kw_max",
        "home.slot_minuts",
        "home.state_dir",
        "home.timezone",
        "market.broker_key",
        "meter.port",
        "tariff.import_price_per_kwh",
        "tariff.period.0.export_price_per_kwh",
        "tariff.period.0.from_hour",
    ]


MARKET = f'[market]\ncommunity = "elm"\nbroker_key = "{"0" * 64}"\n'


def test_a_stage_is_opened_by_its_table_and_a_negative_margin_is_found() -> None:
    closed = parse_config(SMALL + MARKET, "home.toml").market
    blocks = parse_config(f"{SMALL}{MARKET}[market.blocks]\n", "home.toml").market
    assert blocks is not None and blocks.blocks is not None and blocks.flexibility is None
    opened = parse_config(f"{SMALL}{MARKET}[market.flexibility]\n", "home.toml").market
    assert closed is not None and closed.flexibility is None
    assert opened is not None and opened.flexibility is not None and opened.flexibility.margin_per_kwh == 0.01
    standing = parse_config(f"{SMALL}{MARKET}[market.ancillary]\nmargin_per_kwh = 0.02\n", "home.toml").market
    assert opened.ancillary is None and standing is not None and standing.ancillary is not None
    assert standing.ancillary.margin_per_kwh == 0.02
    wrong = findings(f'{SMALL}{MARKET}[market.ancillary]\nmargin_per_kwh = "low"\nprice = 2\n')
    assert sorted(line.split(": ")[1] for line in wrong) == [
        "market.ancillary.margin_per_kwh",
        "market.ancillary.price",
    ]
    wrong = findings(f"{SMALL}{MARKET}[market.flexibility]\nmargin_per_kwh = -1\nmargin = 2\n")
    assert sorted(line.split(": ")[1] for line in wrong) == [
        "market.flexibility.margin",
        "market.flexibility.margin_per_kwh",
    ]


def test_contracts_that_a_home_may_propose_are_read_and_mistakes_in_them_found() -> None:
    wish = '[[market.contracts.proposal]]\ncounterparty = "home-2"\nside = "sell"\nfrom_hour = 10\nto_hour = 15\n'
    market = parse_config(f"{SMALL}{MARKET}[market.contracts]\n{wish}", "home.toml").market
    assert market is not None and market.contracts is not None
    assert [(p.counterparty, p.share) for p in market.contracts.proposal] == [("home-2", 0.5)]
    for spoilt, place in (
        (wish.replace("15", "10"), "market.contracts.proposal.0.to_hour"),
        (wish.replace("sell", "give"), "market.contracts.proposal.0.side"),
        (wish + "share = 0\n", "market.contracts.proposal.0.share"),
        (wish.replace("home-2", "home-1"), "market"),
    ):
        (finding,) = findings(f"{SMALL}{MARKET}[market.contracts]\n{spoilt}")
        assert finding.split(": ")[1] == place


def test_a_broken_file_is_named_with_the_line() -> None:
    (finding,) = findings("[home\nmeter = 1")
    assert finding.startswith("home.toml: not TOML: ")
    assert "line 1" in finding


def test_relative_paths_start_at_the_folder_of_the_file() -> None:
    assert resolved(Path("/etc/hems"), Path("state")) == Path("/etc/hems/state")
    assert resolved(Path("/etc/hems"), Path("/var/lib/hems")) == Path("/var/lib/hems")


def test_the_local_hour_and_day_of_a_home_follow_its_clock() -> None:
    berlin, utc = Home(meter="home-1", timezone="Europe/Berlin"), Home(meter="home-1")
    morning_s = 1_800_000_000  # 2027-01-15T08:00:00Z
    assert (utc.local_hour(morning_s), berlin.local_hour(morning_s + 900)) == (8.0, 9.25)
    last_hour_s = morning_s + 15 * 3600
    assert utc.local_day(last_hour_s) == utc.local_day(morning_s)
    assert berlin.local_day(last_hour_s) == berlin.local_day(morning_s) + 1


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('ca_file = "ca.pem"\ncert_file = "c.pem"', "cert_file and key_file belong together"),
        ('ca_file = "ca.pem"\nkey_file = "c.key"', "cert_file and key_file belong together"),
        ('cert_file = "c.pem"\nkey_file = "c.key"', "cert_file needs ca_file"),
    ],
)
def test_a_client_certificate_that_is_not_whole_is_refused(lines: str, told: str) -> None:
    market = f'[market]\ncommunity = "elm"\nbroker_key = "{"0" * 64}"\n'
    with pytest.raises(ConfigError, match=f"market: {told}"):
        parse_config(SMALL + market + lines, "home.toml")


PAGE = """
[home]
meter = "h1"
state_dir = "state"
[meter]
[tariff]
import_price_per_kwh = 0.3
"""


def test_a_home_has_a_page_only_where_the_file_says_so_and_then_on_loopback() -> None:
    assert parse_config(PAGE, "home.toml").page is None
    page = parse_config(PAGE + "[page]\n", "home.toml").page
    assert page is not None and (page.listens_on, page.port, page.lan) == ("127.0.0.1", 8080, False)


def test_a_page_for_the_network_listens_everywhere_or_where_it_is_told() -> None:
    for host, expected in (("", "0.0.0.0"), ('host = "192.0.2.7"\n', "192.0.2.7")):
        page = parse_config(f"{PAGE}[page]\nlan = true\n{host}", "home.toml").page
        assert page is not None and page.listens_on == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('host = "0.0.0.0"', "set lan = true"),
        ("port = 0", "page.port"),
        ('names = ["Pi Home"]', "page.names"),
        ('currency = "euro"', "page.currency"),
        ("password = 1", "unknown key"),
    ],
)
def test_a_wrong_page_is_said_with_its_place(line: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        parse_config(f"{PAGE}[page]\n{line}\n", "home.toml")
