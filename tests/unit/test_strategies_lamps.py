"""Lamps by schedule, presence and daylight, and the planner's own dimming, against what is computed by hand."""

from typing import Any

import pytest

from hems.planning.planner import Planner
from hems.planning.problem import Lighting
from hems.planning.strategies.baseline import baseline
from hems.planning.strategies.lamps import LAMP_RULES
from hems.planning.strategies.score import score
from tests.unit.planning_examples import problem

PRESENT = [0, 500, 0, 500, 0, 0, 0, 0]


def lamps(**changes: Any) -> dict[str, Any]:
    """Lamps of 1 kW and 500 lux."""
    base = {"id": "lamps", "kind": "lighting", "rated_kw": 1.0, "lux_at_rated": 500.0, "required_lux": PRESENT}
    return {**base, **changes}


def power_kw(rule: str, minutes: int = 60, **changes: Any) -> list[float]:
    given = problem(lamps(**changes), slots=8, minutes=minutes)
    device = given.devices[0]
    assert isinstance(device, Lighting)
    return [float(kw) for kw in LAMP_RULES[rule](device, given.slot_h)]


def test_a_time_switch_stays_on_through_the_lunch_break() -> None:
    assert power_kw("schedule") == [0, 1, 1, 1, 0, 0, 0, 0]


def test_a_time_switch_is_off_between_two_days() -> None:
    assert power_kw("schedule", required_lux=[500, 0, 0, 0, 0, 500, 500, 0]) == [1, 0, 0, 0, 0, 1, 1, 0]


def test_a_presence_sensor_holds_for_a_quarter_of_an_hour() -> None:
    assert power_kw("occupancy") == [0, 1, 0, 1, 0, 0, 0, 0]
    assert power_kw("occupancy", minutes=5) == [0, 1, 1, 1, 1, 1, 1, 0]


def test_daylight_dims_to_the_level_of_the_working_day() -> None:
    sun = [0, 100, 400, 600, 0, 0, 0, 0]
    assert power_kw("daylight", daylight_lux=sun) == pytest.approx([0, 0.8, 0.2, 0, 0, 0, 0, 0])


def test_presence_and_daylight_give_just_what_is_missing() -> None:
    sun = [0, 100, 400, 600, 0, 0, 0, 0]
    assert power_kw("occupancy and daylight", daylight_lux=sun) == pytest.approx([0, 0.8, 0, 0, 0, 0, 0, 0])


def test_nobody_means_dark() -> None:
    for rule in LAMP_RULES:
        assert power_kw(rule, required_lux=0.0) == [0.0] * 8


def test_lux_hours_count_what_is_required_and_not_given() -> None:
    given = problem(lamps(required_lux=700.0, daylight_lux=100.0), slots=4)
    # 600 are needed, the lamps give 500
    assert score(given, baseline(given, lamps="schedule")).missing_lux_h == pytest.approx(4 * 100.0)


def test_the_planner_dims_where_energy_is_dearer_than_the_discomfort_and_nowhere_else() -> None:
    prices = [0.2, 0.4, 0.3, 0.31, 0.29, 0.1, 0.5, 0.2]
    dimmable = lamps(required_lux=500.0, dim_fraction_max=0.25, discomfort_per_kwh=0.3)
    given = problem(dimmable, slots=8, import_price_per_kwh=prices)
    power = Planner().plan(given).devices["lamps"].power_kw
    wanted = [0.75 if price > 0.3 else 1.0 for price in prices]
    assert [kw for kw, price in zip(power, prices, strict=True) if price != 0.3] == pytest.approx(
        [kw for kw, price in zip(wanted, prices, strict=True) if price != 0.3]
    )


def test_the_planner_is_never_dearer_than_lamps_that_follow_presence_and_daylight() -> None:
    dimmable = lamps(required_lux=[0, 500, 500, 300, 0, 500, 0, 0], dim_fraction_max=0.5, discomfort_per_kwh=0.25)
    given = problem(dimmable, slots=8, import_price_per_kwh=[0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4])
    best = Planner().plan(given).objective
    for rule in LAMP_RULES:
        assert best <= baseline(given, lamps=rule).objective + 1e-4
