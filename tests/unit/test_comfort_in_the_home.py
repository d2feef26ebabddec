"""Adaptive comfort in a running home: configuration, the outdoor days it remembers, the plan and the rules."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hems.app.ems import EmsApp
from hems.app.learnt import OUTDOOR_DAYS
from hems.control.history import History, SlotMeans
from hems.control.home_loop import Actions
from hems.control.live_outlook import LiveOutlook
from hems.control.outdoor_days import OutdoorDays
from hems.dispatch.rules import thermostat_kw
from hems.metering.image import SiteImage
from hems.planning.device import Zone
from hems.planning.home_problem import home_problem
from hems.planning.outlook import OUTDOOR_MEAN
from hems.site.config import ConfigError, parse_config
from hems.site.home import AdaptivePeriod, ComfortPeriod, ZoneUnit
from hems.site.tariff import DailyPrices
from tests.fakes import START_S, ZONE, FakeOutlooks, home, idle, image, slot

DAY_S = 86_400
MIDNIGHT_S = START_S - START_S % DAY_S
ALL_DAY = AdaptivePeriod(from_hour=0.0, to_hour=24.0, acceptability=80)
ADAPTIVE = replace(ZONE, comfort=(ALL_DAY,))
CONFIG = """
[home]
meter = "home-1"
state_dir = "state"
[meter]
[tariff]
import_price_per_kwh = 0.3
[[device]]
id = "d"
device_id = 2
kind = "zone"
mode = "heat"
electric_kw_max = 1
cop = 3
thermal_capacity_kwh_per_k = 3
thermal_resistance_k_per_kw = 3
comfort = [{ from_hour = 0, to_hour = 24, COMFORT }]
"""


def comfort(keys: str) -> ComfortPeriod:
    (unit,) = parse_config(CONFIG.replace("COMFORT", keys), "home.toml").as_home().units
    assert isinstance(unit, ZoneUnit)
    return unit.comfort[0]


def findings(keys: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        comfort(keys)
    place = "home.toml: device.0.zone.comfort.0."
    return [line.removeprefix(place) for line in str(caught.value).splitlines() if line.startswith(place)]


def outdoors(temp_c: float, at_s: int) -> SiteImage:
    return image({"zone": idle(temp_c=21.0, outdoor_temp_c=temp_c)}, at_s=at_s)


def days_of(*means_c: float, slot_s: int = 3600) -> OutdoorDays:
    """The memory after whole days of these temperatures, the last one being the day before `MIDNIGHT_S`."""
    days = OutdoorDays(slot_s, "UTC")
    first_s = MIDNIGHT_S - len(means_c) * DAY_S
    for number in range(len(means_c) * DAY_S // slot_s):
        at_s = first_s + number * slot_s
        days.learn(outdoors(means_c[(at_s - first_s) // DAY_S], at_s))
    return days


def test_a_comfort_period_takes_fixed_limits_or_an_adaptive_band() -> None:
    assert comfort("temp_min_c = 20, temp_max_c = 23") == ComfortPeriod(
        from_hour=0.0, to_hour=24.0, temp_min_c=20.0, temp_max_c=23.0
    )
    assert comfort("adaptive = 90, offset_k = -0.5") == AdaptivePeriod(
        from_hour=0.0, to_hour=24.0, acceptability=90, offset_k=-0.5
    )
    assert comfort("adaptive = 80, temp_max_c = 26, air_speed_m_s = 0.6") == AdaptivePeriod(
        from_hour=0.0, to_hour=24.0, acceptability=80, temp_max_c=26.0, air_speed_m_s=0.6
    )


@pytest.mark.parametrize(
    ("keys", "finding"),
    [
        ("temp_min_c = 20", "adaptive: give temp_min_c and temp_max_c, or adaptive = 80 (or 90)"),
        ("offset_k = 0", "adaptive: give temp_min_c and temp_max_c, or adaptive = 80 (or 90)"),
        ("adaptive = 85", "adaptive: Input should be 80 or 90"),
        ("adaptive = true", "adaptive: give a whole number"),
        ("adaptive = 80, offset_k = 9", "offset_k: Input should be less than or equal to 5"),
        ("adaptive = 80, air_speed_m_s = 3", "air_speed_m_s: Input should be less than or equal to 1.2"),
        ("temp_min_c = 20, temp_max_c = 23, offset_k = 1", "offset_k: is for an adaptive band only: give adaptive"),
        ("temp_min_c = 20, temp_max_c = 23, air_speed_m_s = 1", "air_speed_m_s: is for an adaptive band only"),
        ("adaptive = 80, temp_min_c = 26, temp_max_c = 24", "temp_max_c: 24 is below temp_min_c 26"),
    ],
)
def test_a_comfort_period_that_means_nothing_is_refused_with_what_to_do(keys: str, finding: str) -> None:
    (line,) = findings(keys)
    assert line.startswith(finding)


def test_a_wrong_limit_is_named_once() -> None:
    (line,) = findings('temp_min_c = "cold", temp_max_c = 23')
    assert line.startswith("temp_min_c: ")


def test_the_days_before_count_and_not_today() -> None:
    days = days_of(10.0, 20.0)
    days.learn(outdoors(35.0, MIDNIGHT_S + 60))
    assert days.prevailing_mean_c(MIDNIGHT_S + 7200) == pytest.approx((20.0 + 0.8 * 10.0) / 1.8)
    assert days.prevailing_mean_c(MIDNIGHT_S + DAY_S) == pytest.approx(
        (35.0 / 24 + 0.8 * 20.0 + 0.64 * 10.0) / (1 / 24 + 0.8 + 0.64)
    )


def test_on_the_first_day_the_readings_so_far_count_and_before_them_nothing() -> None:
    days = OutdoorDays(900, "UTC")
    assert days.prevailing_mean_c(START_S) is None
    days.learn(outdoors(4.0, START_S))
    days.learn(outdoors(99.0, START_S + 20))  # the same slot
    days.learn(outdoors(6.0, START_S + 900))
    assert days.prevailing_mean_c(START_S + 1800) == pytest.approx(5.0)


def test_several_sensors_are_averaged_and_none_is_no_reading() -> None:
    days = OutdoorDays(900, "UTC")
    days.learn(image({"a": idle(outdoor_temp_c=4.0), "b": idle(outdoor_temp_c=8.0), "c": idle()}))
    days.learn(image({"c": idle()}, at_s=START_S + 900))
    assert days.prevailing_mean_c(START_S) == pytest.approx(6.0)


def test_days_are_local_ones() -> None:
    days = OutdoorDays(3600, "Asia/Singapore")  # UTC+8: START_S is four in the afternoon
    days.learn(outdoors(30.0, START_S))
    days.learn(outdoors(20.0, START_S + 9 * 3600))  # one in the night, the same day in UTC
    assert days.prevailing_mean_c(START_S + 10 * 3600) == pytest.approx(30.0)


def test_what_is_known_survives_a_restart_and_old_days_are_forgotten() -> None:
    days, again = days_of(*range(40)), OutdoorDays(3600, "UTC")
    again.restore(json.loads(json.dumps(days.fact())))
    assert again.prevailing_mean_c(MIDNIGHT_S) == pytest.approx(days.prevailing_mean_c(MIDNIGHT_S) or 0.0)
    assert len(again.fact()["days"]) == 31
    again.restore(None)
    assert again.fact() == days.fact()


def test_the_outlook_of_a_home_tells_the_prevailing_mean_only_once_it_is_known() -> None:
    source = LiveOutlook(History(slot_minutes=15), DailyPrices(0.3, 0.08, (), "UTC"), timezone="UTC", slot_s=900)
    assert OUTDOOR_MEAN not in source.outlook(START_S, START_S, 4).signals
    source.signals.learn(outdoors(12.0, START_S - DAY_S))
    assert source.outlook(START_S, START_S, 4).signals[OUTDOOR_MEAN].tolist() == [12.0] * 4


def planned(unit: ZoneUnit, outdoor_temp_c: float | None, mean_c: float | None) -> Zone:
    signals = {} if mean_c is None else {OUTDOOR_MEAN: np.full(8, mean_c)}
    outlook = FakeOutlooks(signals=signals).outlook(START_S, START_S, 8)
    seen = image({"zone": idle(temp_c=21.0, outdoor_temp_c=outdoor_temp_c)})
    (device,) = home_problem(home(unit), seen, outlook, None).devices
    assert isinstance(device, Zone)
    return device


@pytest.mark.parametrize(
    ("outdoor_temp_c", "mean_c", "low_c", "why"),
    [
        (5.0, 20.0, 20.5, "the prevailing mean is known"),
        (15.0, None, 18.95, "the temperature of now stands in for it"),
        (None, None, 20.5, "nobody measures outdoors: as at 20 degC"),
    ],
)
def test_the_plan_keeps_the_band_that_the_weather_asks_for(
    outdoor_temp_c: float | None, mean_c: float | None, low_c: float, why: str
) -> None:
    zone = planned(ADAPTIVE, outdoor_temp_c, mean_c)
    assert zone.temp_min_c == pytest.approx(np.full(8, low_c)), why
    assert zone.temp_max_c == pytest.approx(np.full(8, low_c + 7.0)), why


def test_hours_outside_all_periods_have_no_wish_and_the_last_period_wins() -> None:
    early = replace(ALL_DAY, to_hour=9.0)
    fixed = ComfortPeriod(from_hour=8.5, to_hour=9.0, temp_min_c=22.0, temp_max_c=23.0)
    zone = planned(replace(ZONE, comfort=(early, fixed)), 20.0, 20.0)
    assert zone.temp_min_c.tolist() == [20.5] * 2 + [22.0] * 2 + [-np.inf] * 4


def test_without_a_plan_the_thermostat_follows_the_temperature_of_now() -> None:
    assert thermostat_kw(ADAPTIVE, 18.9, False, 12.0, 15.0) == ADAPTIVE.electric_kw_max  # below 18.95
    assert thermostat_kw(ADAPTIVE, 19.0, False, 12.0, 15.0) == 0.0
    assert thermostat_kw(ADAPTIVE, 20.4, False, 12.0) == ADAPTIVE.electric_kw_max  # nobody measures outdoors


def test_a_restarted_energy_manager_knows_the_days_before_and_says_once_that_the_edge_is_held(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = parse_config(CONFIG.replace("COMFORT", "adaptive = 80"), "home.toml")
    app = EmsApp(config, tmp_path)
    app._outlook.signals.learn(outdoors(4.0, START_S))
    for number in range(3):
        app._records.record(START_S + 900 * number, Actions(leases={}, slot_means=SlotMeans(slot(number), 1.0, 0.0)))
    assert [record.getMessage() for record in caplog.records] == [
        "prevailing outdoor temperature 4.0 degC is outside 10..33.5: the comfort band of the nearest edge is held"
    ]
    again = EmsApp(config, tmp_path)
    assert again._outlook.signals.outdoor_days.prevailing_mean_c(START_S + 900) == 4.0
    for each in (app, again):
        each._store.close()


def test_a_home_without_adaptive_comfort_stores_no_outdoor_days(tmp_path: Path) -> None:
    app = EmsApp(parse_config(CONFIG.replace("COMFORT", "temp_min_c = 20, temp_max_c = 23"), "home.toml"), tmp_path)
    app._records.record(START_S, Actions(leases={}, slot_means=SlotMeans(slot(), 1.0, 0.0)))
    assert app._store.fact(OUTDOOR_DAYS) is None
    app._store.close()
