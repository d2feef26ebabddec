"""What lamps give is found where it is known, and refused where lamps and sensor cannot tell it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.identification.lighting import LightingIdentified, identify_lighting
from hems.identification.lighting_record import LightingRecord
from hems.identification.non_negative import non_negative_fit, student_95
from hems.identification.refusal import NotIdentified

LUX_PER_KW = 1500.0
DAYLIGHT_GAIN = 0.4
OFFSET_LUX = 5.0


def lit_room(seed: int, *, days: int = 14, has_daylight: bool = True) -> LightingRecord:
    """A room with lamps of 0.4 kW that people switch from 7 to 22 o'clock; how far blinds are down varies by day."""
    random = np.random.default_rng(seed)
    steps = 96 * days
    hour = np.arange(steps) * 0.25 % 24.0
    sun = 700.0 * np.maximum(0.0, np.sin(2 * np.pi * (hour - 6) / 24)) * random.uniform(0.2, 1.0, steps)
    lamps = 0.4 * ((hour > 7) & (hour < 22)) * random.choice([0.0, 0.5, 1.0], steps)
    blinds = np.repeat(random.uniform(0.8, 1.2, days), 96)
    lux = LUX_PER_KW * lamps + DAYLIGHT_GAIN * sun * blinds + OFFSET_LUX + random.normal(0, 10, steps)
    return LightingRecord(
        start_s=0,
        step_h=0.25,
        illuminance_lux=lux,
        lamp_kw=lamps,
        daylight=sun if has_daylight else None,
        rated_kw=0.4,
    )


def found_in(record: LightingRecord) -> LightingIdentified:
    found = identify_lighting(record)
    assert isinstance(found, LightingIdentified)
    return found


def refusals(record: LightingRecord) -> list[str]:
    found = identify_lighting(record)
    assert isinstance(found, NotIdentified)
    return [str(reason) for reason in found.reasons]


def test_the_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    hits = 0
    for seed in range(30):
        found = found_in(lit_room(seed))
        assert found.daylight_gain is not None
        hits += found.lux_at_rated.low <= 0.4 * LUX_PER_KW <= found.lux_at_rated.high
        hits += found.daylight_gain.low <= DAYLIGHT_GAIN <= found.daylight_gain.high
    assert hits >= 52  # of 60 intervals of 95 %


def test_lux_at_rated_is_the_light_per_kw_at_the_rated_power() -> None:
    found = found_in(lit_room(1))
    assert found.lux_at_rated.value == pytest.approx(0.4 * found.lux_per_kw.value)
    assert found.lux_at_rated.value == pytest.approx(600.0, rel=0.03)
    assert found.rmse_lux < 0.3 * found.mean_rmse_lux and not found.notes


def test_without_a_rated_power_the_most_that_was_seen_counts() -> None:
    assert found_in(replace(lit_room(1), rated_kw=None)).rated_kw == pytest.approx(0.4)


def test_a_room_without_windows_needs_no_daylight_column() -> None:
    record = lit_room(2, has_daylight=False)
    dark = replace(record, illuminance_lux=LUX_PER_KW * record.lamp_kw + OFFSET_LUX)
    found = found_in(dark)
    assert found.daylight_gain is None
    assert found.lux_per_kw.value == pytest.approx(LUX_PER_KW)
    assert found.offset_lux.value == pytest.approx(OFFSET_LUX)


def test_gaps_are_left_out() -> None:
    record = lit_room(3)
    lux = record.illuminance_lux.copy()
    lux[::3] = np.nan
    assert found_in(replace(record, illuminance_lux=lux)).lux_per_kw.value == pytest.approx(LUX_PER_KW, rel=0.05)


def test_lamps_that_never_change_are_refused() -> None:
    record = lit_room(0)
    for power in (0.0, 0.4):
        lines = refusals(replace(record, lamp_kw=np.full(len(record.lamp_kw), power)))
        assert lines[0].startswith(
            "lamp: never changes: the lamps' light cannot be told; switch the lamps on and off"
        )


def test_a_sensor_that_shows_nothing_is_refused() -> None:
    record = lit_room(0)
    (line,) = refusals(replace(record, illuminance_lux=np.zeros(len(record.lamp_kw))))
    assert line.startswith("lux: never changes by more than 1 lux")


def test_light_that_is_none_is_refused_and_not_cut() -> None:
    record = lit_room(0)
    record.illuminance_lux[5] = -500.0
    (line,) = refusals(record)
    assert line.startswith("lux: has -500 (1 values outside -100 .. 200000 lux)")


def test_three_days_are_too_short() -> None:
    (line,) = refusals(lit_room(0, days=3))
    assert "on 3 days (288 steps) only; record at least 4 days" in line


def test_lamps_that_the_sensor_does_not_see_are_refused() -> None:
    record = lit_room(0)
    assert record.daylight is not None
    lines = refusals(replace(record, illuminance_lux=DAYLIGHT_GAIN * record.daylight + 5.0 - 2.0 * record.lamp_kw))
    assert lines[0].startswith("lamp: adds no light that the sensor sees")


def test_a_sensor_with_another_clock_is_noticed() -> None:
    record = lit_room(0, days=28)
    early = np.roll(record.illuminance_lux, -24)
    lines = refusals(replace(record, illuminance_lux=early))
    assert any("its clock seems 6 h early" in line for line in lines)


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3))
def test_no_coefficient_is_negative_and_no_small_change_of_one_fits_better(seed: int, signs: list[float]) -> None:
    random = np.random.default_rng(seed)
    columns = random.uniform(0, 1, (40, 3))
    target = columns @ (signs * random.uniform(0.5, 2.0, 3)) + random.normal(0, 0.3, 40)
    found = non_negative_fit(columns, target)
    assert (found >= 0.0).all()
    least = float(((target - columns @ found) ** 2).sum())
    for place in range(3):
        for step in (-1e-3, 1e-3):
            moved = found.copy()
            moved[place] = max(0.0, moved[place] + step)
            assert float(((target - columns @ moved) ** 2).sum()) >= least - 1e-9


@pytest.mark.parametrize(("degrees", "quantile"), [(4, 2.776), (10, 2.228), (30, 2.042), (1000, 1.962)])
def test_the_quantile_of_student_is_that_of_the_tables(degrees: int, quantile: float) -> None:
    assert student_95(degrees) == pytest.approx(quantile, rel=0.005)
