"""What a home sees, plans and expects, as points of telemetry."""

import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from hems.control.history import SlotMeans
from hems.control.telemetry.devices import device_points
from hems.control.telemetry.hindsight import Hindsight
from hems.control.telemetry.plans import forecast_points, plan_points, price_points
from hems.dispatch.lease import Lease
from hems.forecasting.series import QUANTILES, Forecast
from hems.io.edge_store import EdgeStore
from hems.io.telemetry_sources import home_sources
from hems.metering.image import DeviceImage, Stay
from hems.planning.outlook import Outlook
from hems.planning.plan import DevicePlan, Plan
from hems.site.config import ConfigError, HomeConfig, parse_config
from telemetry.source import Cursor
from tests.fakes import COMMUNITY, METER, START_S, image, slot
from wire.messages import Award, AwardReason, Settlement
from wire.messages import Path as PricePath
from wire.telemetry import Point, Value
from wire.telemetry import house as h
from wire.telemetry.community import Clearing as ClearingPoint

HOME = """
[home]
meter = "home-1"
state_dir = "state"
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.08
[market]
community = "elm"
broker_key = "abababababababababababababababababababababababababababababababab"
"""
DAY = 96


def values(made: Point) -> dict[str, Value]:
    return dict(made.tags) | dict(made.fields)


def plan(**changes: object) -> Plan:
    given: dict[str, object] = {
        "status": "optimal",
        "objective": 1.5,
        "bound": 1.5,
        "gap": 0.0,
        "grid_kw": np.linspace(-1.0, 1.0, DAY),
        "unserved_kw": np.zeros(DAY),
        "devices": {},
        "marginal_price_per_kwh": np.full(DAY, 0.2),
    }
    return Plan(**given | changes)  # type: ignore[arg-type]


def forecast(mean_kw: float, half_kw: float) -> Forecast:
    quantiles = {level: np.full(DAY, mean_kw + half_kw * np.sign(level - 0.5)) for level in QUANTILES}
    return Forecast(
        start_epoch_s=START_S,
        slot_s=900,
        mean_kw=np.full(DAY, mean_kw),
        spread_kw=np.full(DAY, half_kw),
        quantiles=quantiles,
        source="seasonal",
    )


def test_a_device_tells_what_it_measures_what_it_was_told_and_nothing_that_it_does_not_know() -> None:
    seen = image(
        {
            "battery": DeviceImage(power_w=-1_499.6, soc=0.5),
            "car": DeviceImage(power_w=0.0, soc=math.nan, stay=Stay(energy_needed_wh=7_000, departure_s=START_S + 9)),
        }
    )
    lease = Lease(power_w=-1_500, valid_until_epoch_s=START_S + 60, token=1, reversion_w=0, reversion_s=60)
    battery, car = (
        values(made) for made in device_points("h1", {"battery": "battery", "car": "ev"}, seen, {"battery": lease})
    )
    assert battery == {
        "site": "h1",
        "device": "battery",
        "kind": "battery",
        "power_w": -1_500,
        "lease_w": -1_500,
        "soc": 0.5,
    }
    assert car["is_plugged_in"] == 1 and car["energy_needed_wh"] == 7_000
    assert "soc" not in car, "a device that shows no number shows nothing"


def test_a_plan_is_told_at_its_slots_and_once_more_a_day_ahead() -> None:
    battery = DevicePlan(power_kw=np.full(DAY, 2.0), state=np.linspace(0.2, 1.0, DAY))
    car = DevicePlan(power_kw=np.zeros(DAY), state=np.full(DAY, math.nan))
    made = plan(devices={"battery": battery, "car": car, "unknown": battery})
    points = list(plan_points("h1", START_S - 60, slot(), made, {"battery": "battery", "car": "ev"}))
    planning, *rest = points
    assert planning.at_s == START_S - 60 and values(planning)["is_fallback"] == 0
    last = [p for p in rest if p.measurement is h.Plan and values(p)["lead"] == "last"]
    day = [p for p in rest if p.measurement is h.Plan and values(p)["lead"] == "day"]
    assert [p.at_s for p in last] == [slot(k).start_s for k in range(DAY)]
    assert values(last[0])["net_wh"] == -250
    assert [p.at_s for p in day] == [slot(DAY - 1).start_s]
    devices = [values(p) for p in rest if p.measurement is h.PlannedDevice]
    assert {one["device"] for one in devices} == {"battery", "car"}
    assert devices[0] == {"site": "h1", "device": "battery", "kind": "battery", "power_kw": 2.0, "soc": 0.2}
    assert all("soc" not in one for one in devices if one["device"] == "car"), "it is away"


def test_a_fallback_tells_that_it_is_one_and_plans_nothing() -> None:
    (only,) = plan_points("h1", START_S, slot(), plan(status="fallback", objective=math.inf), {})
    assert values(only) == {"site": "h1", "status": "fallback", "is_fallback": 1, "slots": DAY}


def test_prices_tell_the_local_one_where_the_path_of_the_community_has_it() -> None:
    outlook = Outlook(
        start_s=START_S,
        base_kw=np.zeros(3),
        pv_kw=np.zeros(3),
        retail_per_kwh=np.full(3, 0.3),
        feed_in_per_kwh=np.full(3, 0.08),
    )
    path = PricePath(
        community=COMMUNITY,
        round=1,
        first_slot=slot(1).label,
        members=3,
        net_wh=(0, 0),
        price_micro_per_kwh=(150_000, None),
    )
    local = [values(p).get("local_per_kwh") for p in price_points("h1", slot(), outlook, path)]
    assert local == [None, 0.15, None]
    assert [p.at_s for p in price_points("h1", slot(), outlook, None)] == [slot(k).start_s for k in range(3)]


def test_a_forecast_tells_its_quantiles() -> None:
    first, *_, day = forecast_points("h1", "load", forecast(1.0, 0.4))
    assert values(first) == {
        "site": "h1",
        "quantity": "load",
        "lead": "last",
        "expected_kw": 1.0,
        "low_kw": 0.6,
        "high_kw": 1.4,
    }
    assert (day.at_s, values(day)["lead"]) == (slot(DAY - 1).start_s, "day")


def test_errors_are_told_when_a_slot_is_over_and_only_of_what_was_expected() -> None:
    memory = Hindsight("h1")
    memory.planned(slot(), plan(grid_kw=np.full(DAY, 1.0)))
    memory.planned(slot(1), plan(status="fallback"))
    memory.expected("load", forecast(1.0, 0.4))
    for at_s in (START_S, START_S + 450):
        assert list(memory.seen(slot(), image(base_w=1_200.0, at_s=at_s))) == []
    (missed,) = memory.seen(slot(1), image(base_w=900.0, at_s=START_S + 900))
    assert (missed.measurement, missed.at_s) == (h.PlanError, START_S)
    assert values(missed) == {"site": "h1", "lead": "last", "planned_wh": 250, "metered_wh": 300, "error_wh": 50}
    (error,) = memory.ended(SlotMeans(slot(), 1.5, 0.0))
    assert values(error)["error_kw"] == 0.5 and values(error)["is_outside"] == 1
    assert list(memory.seen(slot(2), image(at_s=START_S + 1_800))) == [], "a fallback planned nothing"


def _points(config: HomeConfig, folder: Path) -> list[Point]:
    found: list[Point] = []
    for source in home_sources(config, folder):
        cursor: Cursor = {}
        while (batch := source.read(cursor, 100)) is not None:
            found += batch.points
            assert batch.unread == 0
            cursor = batch.cursor
    return found


def _settlement(total_nano: int, metered_wh: int, log_index: int, corrects: int | None = None) -> Settlement:
    return Settlement(
        community=COMMUNITY,
        meter=METER,
        slot=slot().label,
        quality="measured",
        award_wh=200,
        metered_wh=metered_wh,
        lines=(),
        total_nano=total_nano,
        log_index=log_index,
        salt="0" * 64,
        corrects=corrects,
        note=None,
    )


def test_money_of_a_slot_counts_its_corrections_and_is_compared_with_the_tariff(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "state" / "meter.db")
    first, correction = _settlement(50_000_000, 220, 1), _settlement(7_000_000, 250, 4, corrects=1)
    store.add("market", [(first.slot, "settlement", first.model_dump_json())])
    store.add("market", [(first.slot, "correction-4", correction.model_dump_json())])
    store.close()
    money = [p for p in _points(parse_config(HOME, "home.toml"), tmp_path) if p.measurement is h.HomeMoney]
    assert {tuple(values(p).items()) for p in money} == {tuple(values(money[0]).items())}
    told = values(money[0])
    assert (told["total_nano"], told["tariff_nano"], told["saved_nano"]) == (57_000_000, 75_000_000, 18_000_000)
    assert (told["metered_wh"], told["imbalance_wh"], told["corrections"]) == (250, 50, 1)


def test_tables_of_a_home_are_told_and_a_message_of_another_release_is_passed_over(tmp_path: Path) -> None:
    award = Award(
        community=COMMUNITY,
        meter=METER,
        stage="intraday",
        slot=slot().label,
        round=0,
        position_wh=300,
        sequence=1,
        bought_wh=300,
        sold_wh=0,
        price_micro_per_kwh=None,
        amount_nano=60_000_000,
        reason=AwardReason.TRADED,
        pseudonym="0" * 16,
        index=0,
        order_proof=(),
        award_proof=(),
    )
    meter = EdgeStore(tmp_path / "state" / "meter.db")
    meter.add("market", [(f"{award.slot}/intraday/0", "award", award.model_dump_json())])
    meter.add("market", [(award.slot, "clearing", '{"v": 2}'), (award.slot, "settlement", "[]")])
    meter.add("health", [(START_S, "transactive_meter", "market audit: a lie")])
    meter.add("readings", [(START_S + k * 450, None if k else 800, 10 * k, 5, "suspect") for k in range(3)])
    meter.close()
    ems = EdgeStore(tmp_path / "state" / "ems.db")
    ems.add("decisions", [(START_S, "battery", START_S, "rules", 1.0, "price_low", 0.2, 0.1, "Because.")])
    ems.add("decisions", [(START_S, "call-7", START_S, "offer", 0.0, "flex_none", 0.0, 0.0, "Too dear.")])
    ems.close()
    found: dict[str, list[dict[str, Value]]] = {}
    for made in _points(parse_config(HOME, "home.toml"), tmp_path):
        found.setdefault(made.measurement.name, []).append(values(made))
    assert found["home_award"][0]["amount_nano"] == 60_000_000
    assert "price_micro_per_kwh" not in found["home_award"][0]
    assert found["event"][0]["is_alarm"] == 1 and found["event"][0]["program"] == "meter"
    assert found["ladder"] == [{"site": METER, "rung": "rules", "level": 2}]
    assert found["offer"][0]["about"] == "call-7"
    assert [one.get("power_w") for one in found["grid"]] == [800, None, None]
    assert found["slot_energy"] == [{"site": METER, "meter": METER, "import_wh": 20, "export_wh": 0, "net_wh": 20}]
    assert ClearingPoint.name not in found and h.HomeMoney.name not in found


def test_a_broken_table_of_a_home_is_no_table_of_wrong_points(tmp_path: Path) -> None:
    """A register beyond what the database can hold is left out and counted, whatever stands beside it."""
    store = EdgeStore(tmp_path / "state" / "meter.db")
    store.add("readings", [(START_S, 1, 2, 3, "good"), (START_S + 10, 1.5, 2, 3, "good")])
    store.close()
    source = home_sources(parse_config(HOME, "home.toml"), tmp_path)[0]
    batch = source.read({}, 10)
    assert batch is not None
    assert ([p.at_s for p in batch.points], batch.unread) == ([START_S], 1)


def test_what_is_too_old_is_removed_a_little_at_a_time_and_contracts_stay(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    day_s = 86_400
    store.add("readings", [(START_S - 31 * day_s + k, 1, 2, 3, "good") for k in range(150)])
    store.add("readings", [(START_S, 1, 2, 3, "good")])
    labels = ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z/intraday/0", slot().label, "1st-contract", "2020")
    store.add("market", [(label, "award", "{}") for label in labels])
    store.forget_old(START_S)
    assert store.count("readings") == 51
    store.forget_old(START_S)
    assert store.count("readings") == 1
    assert [row[0] for row in store.rows("market", "slot", "slot")] == ["1st-contract", "2020", slot().label]
    store.forget_old(0)
    assert store.count("readings") == 1, "a clock that was never set removes nothing"
    store.close()
    with sqlite3.connect(tmp_path / "ems.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_site_is_the_meter_unless_it_has_a_name_of_its_own() -> None:
    assert parse_config(HOME, "home.toml").site == "home-1"
    named = parse_config(HOME + '[telemetry]\ntoken_file = "t"\nsite = "villa"\n', "home.toml")
    assert named.site == "villa"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "influx:8086"', "telemetry.url"),
        ('url = "http://user:secret@host"', "token_file"),
        ('bucket = ""', "telemetry.bucket"),
        ("interval_s = 0", "telemetry.interval_s"),
        ("interval_s = true", "telemetry.interval_s"),
        ('sight = "x"', "unknown key"),
    ],
)
def test_a_wrong_key_of_telemetry_is_named(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(HOME + f'[telemetry]\ntoken_file = "t"\n{line}\n', "home.toml")
