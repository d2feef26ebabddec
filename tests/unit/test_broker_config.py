"""The configuration: unknown keys are errors and everything that is wrong is said at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.io.config_file import ConfigError, load
from broker.io.tariff import CsvTariff, TariffFileError
from broker.market.terms import OutsidePrices
from wire.slots import Slot, slot_at

HEAD = 'community = "elm"\n'
CONSTANT = '[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.30\nexport_price_per_kwh = 0.10\n'


def findings(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.findings


def at(text: str) -> Slot:
    return slot_at(int(datetime.fromisoformat(text).astimezone(UTC).timestamp()), 15)


def test_a_minimal_configuration_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + CONSTANT)
    config = load(path)
    assert config.terms().community == "elm"
    assert config.state_dir == tmp_path / "state"
    assert config.tariff.source().prices(at("2027-01-15T08:00:00Z")) == OutsidePrices(300_000, 100_000)


def test_all_errors_are_said_at_once_with_key_and_remedy(tmp_path: Path) -> None:
    text = 'comunity = "elm"\n[market]\nslot_minutes = 7\nmechanism = "lottery"\n[mqtt]\nport = 0\n' + CONSTANT
    text += '[[members]]\nmeter = "Home 1"\npublic_key = "12"\nnameplate_import_w = -1\n'
    found = "\n".join(findings(tmp_path / "broker.toml", text))
    keys = ("comunity: is no", "community: is missing", "slot_minutes: a slot of 7", "mechanism: there is no")
    for part in (*keys, "mqtt.port", "members[0].meter", "members[0].public_key", "members[0].nameplate_export_w"):
        assert part in found


@pytest.mark.parametrize("text", ["=", HEAD, HEAD + '[tariff]\nkind = "free"\n', HEAD + CONSTANT + "[state]\n"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path / "broker.toml", text)


def test_a_sealed_market_has_to_clear_before_its_slot_begins(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + "[market]\nsealed = true\ngate_lead_s = 60\nreveal_within_s = 30\n" + CONSTANT)
    assert load(path).terms().sealed
    late = HEAD + "[market]\nsealed = true\ngate_lead_s = 60\nreveal_within_s = 60\n" + CONSTANT
    assert "reveal_within_s below gate_lead_s" in findings(path, late)[0]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('kind = "intraday"\nreveal_within_s = 60', "reveal_within_s below gate_lead_s"),
        ('kind = "intraday"\nrounds = 2\nrounds_every_s = 20', "reveal_within_s below rounds_every_s"),
        ('kind = "intraday"\nmechanism = "mid_market_rate"', "takes no orders that could be sealed"),
        ('kind = "day_ahead"', "sealed: is no known key"),
    ],
)
def test_sealed_orders_are_for_intraday_auctions_that_can_wait_for_them(tmp_path: Path, keys: str, said: str) -> None:
    text = HEAD + f"[[market.stages]]\n{keys}\nsealed = true\n" + CONSTANT
    assert said in "\n".join(findings(tmp_path / "broker.toml", text))
    good = HEAD + '[[market.stages]]\nkind = "intraday"\nsealed = true\n' + CONSTANT
    (tmp_path / "broker.toml").write_text(good)
    assert load(tmp_path / "broker.toml").terms().trading[0].sealed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[settlement]\nallocation = "last"\n', "settlement.allocation: Input should be 'as_traded' or"),
        (
            '[market]\nmechanism = "mid_market_rate"\n[settlement]\nallocation = "first_in_first_out"\n',
            "settlement.allocation: nothing is traded",
        ),
    ],
)
def test_first_in_first_out_is_for_communities_that_trade(tmp_path: Path, text: str, said: str) -> None:
    assert said in findings(tmp_path / "broker.toml", HEAD + text + CONSTANT)[0]
    (tmp_path / "broker.toml").write_text(HEAD + '[settlement]\nallocation = "first_in_first_out"\n' + CONSTANT)
    assert load(tmp_path / "broker.toml").terms().allocation == "first_in_first_out"


def test_a_missing_file_is_one_finding(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        load(tmp_path / "none.toml")


def test_a_meter_and_a_key_stand_only_once(tmp_path: Path) -> None:
    member = f'[[members]]\nmeter = "m"\npublic_key = "{"0" * 64}"\nnameplate_import_w = 1\nnameplate_export_w = 1\n'
    assert "more than once" in findings(tmp_path / "broker.toml", HEAD + CONSTANT + member + member)[0]


TABLE = """[tariff]
kind = "time_of_use"
time_zone = "Europe/Berlin"
[[tariff.periods]]
from = "22:00"
to = "00:00"
import_price_per_kwh = 0.20
export_price_per_kwh = 0.08
[[tariff.periods]]
from = "00:00"
to = "06:00"
import_price_per_kwh = 0.20
export_price_per_kwh = 0.08
[[tariff.periods]]
from = "06:00"
to = "22:00"
days = "weekday"
import_price_per_kwh = 0.35
export_price_per_kwh = 0.08
"""
WEEKEND = '[[tariff.periods]]\nfrom = "06:00"\nto = "22:00"\ndays = "weekend"\n'
WEEKEND += "import_price_per_kwh = 0.25\nexport_price_per_kwh = 0.08\n"


def test_time_of_use_follows_local_time_over_the_clock_change(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + TABLE + WEEKEND)
    source = load(path).tariff.source()
    retail = {
        "2027-01-15T05:00:00+01:00": 200_000,
        "2027-01-15T06:00:00+01:00": 350_000,
        "2027-07-15T06:00:00+02:00": 350_000,
        "2027-07-15T05:45:00+02:00": 200_000,
        "2027-01-16T12:00:00+01:00": 250_000,
        "2027-01-16T23:45:00+01:00": 200_000,
    }
    for moment, price in retail.items():
        prices = source.prices(at(moment))
        assert prices is not None
        assert prices.retail_micro == price


def test_an_unknown_time_zone_is_a_finding(tmp_path: Path) -> None:
    text = HEAD + TABLE.replace("Europe/Berlin", "Europe/Bonn") + WEEKEND
    assert "there is no time zone 'Europe/Bonn'" in findings(tmp_path / "broker.toml", text)[0]


def test_a_gap_in_the_week_is_named(tmp_path: Path) -> None:
    assert "Saturday 06:00" in findings(tmp_path / "broker.toml", HEAD + TABLE)[0]


def test_prices_from_a_file_hold_until_the_next_row_and_end_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    head = "time_utc,import_price_per_kwh,export_price_per_kwh\n"
    path.write_text(head + "2027-01-15T08:00:00Z,0.30,0.10\n2027-01-15T09:00:00Z,0.25,-0.01\n")
    tariff = CsvTariff(path)
    assert tariff.prices(at("2027-01-15T07:45:00Z")) is None
    assert tariff.prices(at("2027-01-15T08:45:00Z")) == OutsidePrices(300_000, 100_000)
    assert tariff.prices(at("2027-01-15T09:45:00Z")) == OutsidePrices(250_000, -10_000)
    assert tariff.prices(at("2027-01-15T10:00:00Z")) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "time_utc,import_price_per_kwh\n",
        "time_utc,import_price_per_kwh,export_price_per_kwh\n",
        "time_utc,import_price_per_kwh,export_price_per_kwh\n2027-01-15T08:00:00,1,1\n",
        "time_utc,import_price_per_kwh,export_price_per_kwh\n2027-01-15T08:00:00Z,NaN,1\n",
        "time_utc,import_price_per_kwh,export_price_per_kwh\n2027-01-15T08:00:00Z,1\n",
        "time_utc,import_price_per_kwh,export_price_per_kwh\n" + 2 * "2027-01-15T08:00:00Z,1,1\n",
    ],
)
def test_a_price_file_that_does_not_hold_is_refused(tmp_path: Path, body: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(body)
    with pytest.raises(TariffFileError, match=r"prices\.csv"):
        CsvTariff(path)


DAY_AHEAD = '[[market.stages]]\nkind = "day_ahead"\ngate_at = "11:30"\ntime_zone = "Europe/Berlin"\n'
INTRADAY = '[[market.stages]]\nkind = "intraday"\ngate_lead_s = 300\nrounds = 2\n'
BALANCING = '[[market.stages]]\nkind = "balancing"\n'


def test_stages_make_a_calendar_and_the_short_form_is_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + DAY_AHEAD + INTRADAY + BALANCING + CONSTANT)
    stages = load(path).terms().trading
    assert [(s.stage, s.kind.value, s.takes_orders) for s in stages] == [
        ("day_ahead", "day_ahead", True),
        ("intraday", "intraday", True),
        ("balancing", "balancing", False),
    ]
    assert (stages[0].gate_at, stages[0].time_zone, stages[1].rounds, stages[1].rounds_every_s) == (
        "11:30",
        "Europe/Berlin",
        2,
        900,
    )
    path.write_text(HEAD + '[market]\nstage = "rolling"\ngate_lead_s = 30\n' + CONSTANT)
    (short,) = load(path).terms().trading
    assert (short.stage, short.kind.value, short.gate_lead_s, short.rounds) == ("rolling", "intraday", 30, 1)


def test_the_balancing_rule_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    rule = '[settlement]\nimbalance = "outside_prices"\n'
    assert findings(path, HEAD + INTRADAY + BALANCING + rule + CONSTANT) == [
        f"{path}: settlement.imbalance: stands beside a stage of kind balancing; say it in one of them"
    ]
    path.write_text(HEAD + INTRADAY + rule + CONSTANT)
    assert load(path).terms().balancing == "outside_prices"
    path.write_text(HEAD + INTRADAY + BALANCING + CONSTANT)
    assert load(path).terms().balancing == "mid_market_rate"


def test_everything_that_is_wrong_in_a_stage_is_said_at_once(tmp_path: Path) -> None:
    text = HEAD + DAY_AHEAD.replace("11:30", "24:30").replace("Europe/Berlin", "Mars/Olympus") + "gate_lead_s = 1\n"
    text += '[[market.stages]]\nkind = "intraday"\nmechanism = "lottery"\nrounds = 0\nstage = "A B"\n'
    text += '[[market.stages]]\nkind = "balancing"\nmechanism = "uniform_price_k_double_auction"\n'
    text += '[[market.stages]]\nkind = "weekly"\n[[market.stages]]\nstage = "x"\n' + CONSTANT
    found = "\n".join(findings(tmp_path / "broker.toml", text))
    for part in (
        "market.stages[0].gate_at: ",
        "market.stages[0].time_zone: there is no time zone 'Mars/Olympus'",
        "market.stages[0].gate_lead_s: is no known key",
        "market.stages[1].mechanism: there is no mechanism 'lottery'",
        "market.stages[1].rounds: ",
        "market.stages[1].stage: ",
        "market.stages[2].mechanism: there is no sharing rule",
        'market.stages[3]: has an unknown kind; use kind = "day_ahead" or "intraday"',
        'market.stages[4]: has no kind; add kind = "day_ahead"',
    ):
        assert part in found, part


def test_everything_that_is_wrong_between_stages_is_said_at_once(tmp_path: Path) -> None:
    text = HEAD + "[market]\ngate_lead_s = 60\n" + INTRADAY + DAY_AHEAD + DAY_AHEAD + CONSTANT
    found = "\n".join(findings(tmp_path / "broker.toml", text))
    for part in (
        "market.stages[1]: a day-ahead stage stands after an intraday stage",
        "market.stages[1]: stage 'day_ahead' stands more than once",
        "market.stages[2]: there is more than one stage of kind 'day_ahead'",
        "market.gate_lead_s: stands beside [[market.stages]]",
    ):
        assert part in found, part
    assert "no stage takes orders" in findings(tmp_path / "broker.toml", HEAD + BALANCING + CONSTANT)[0]
