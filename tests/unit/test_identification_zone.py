"""A room's model is found where it is known, with intervals that hold, and refused where the data cannot tell it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.identification.estimate import Estimate
from hems.identification.innovations import innovations, moments
from hems.identification.prediction import prediction_errors
from hems.identification.refusal import NotIdentified
from hems.identification.room_record import RoomRecord, transitions
from hems.identification.zone_identification import ZoneIdentified, identify_zone
from hems.identification.zone_model import ZoneModel, fit_zone, portmanteau
from tests.unit.simulated_rooms import (
    APERTURE_M2,
    CAPACITY_KWH_PER_K,
    GAIN_KW,
    PERSON_KW,
    RESISTANCE_K_PER_KW,
    room,
    with_gaps,
)


def hits(model: ZoneModel) -> list[bool]:
    """Whether each interval holds its true value."""
    known = [
        (model.resistance_k_per_kw, RESISTANCE_K_PER_KW),
        (model.capacity_kwh_per_k, CAPACITY_KWH_PER_K),
        (model.time_constant_h, RESISTANCE_K_PER_KW * CAPACITY_KWH_PER_K),
        (model.gains["gain_kw"], GAIN_KW),
        (model.gains["solar_aperture_m2"], APERTURE_M2),
        (model.gains["occupant_kw"], PERSON_KW),
    ]
    return [estimate.low <= truth <= estimate.high for estimate, truth in known]


def refusals(record: RoomRecord) -> list[str]:
    found = identify_zone(record)
    assert isinstance(found, NotIdentified)
    return [str(reason) for reason in found.reasons]


@pytest.mark.parametrize(
    ("changes", "has_gaps"),
    [
        ({}, False),
        ({}, True),
        ({"step_h": 0.25, "days": 8}, False),
        ({"process_k": 0.0, "sensor_k": 0.1}, False),
        ({"process_k": 0.1, "sensor_k": 0.001}, False),
    ],
    ids=["both noises", "with gaps", "quarter hours", "a noisy sensor only", "a noisy room only"],
)
def test_the_intervals_hold_the_truth_about_as_often_as_they_say(changes: dict[str, float], has_gaps: bool) -> None:
    records = [room(seed, **changes) for seed in range(12)]  # type: ignore[arg-type]
    found = [hits(fit_zone(with_gaps(r, seed) if has_gaps else r)) for seed, r in enumerate(records)]
    assert sum(map(sum, found)) >= 0.88 * 72  # 72 intervals of 95 %; fewer than 64 would be a rare accident


def test_without_noise_the_truth_itself_is_found() -> None:
    model = fit_zone(room(1, process_k=0.0, sensor_k=1e-6))
    assert model.resistance_k_per_kw.value == pytest.approx(RESISTANCE_K_PER_KW, rel=1e-4)
    assert model.capacity_kwh_per_k.value == pytest.approx(CAPACITY_KWH_PER_K, rel=1e-4)
    assert model.gains["solar_aperture_m2"].value == pytest.approx(APERTURE_M2, rel=1e-3)


def test_the_standard_error_is_the_spread_over_many_rooms() -> None:
    models = [fit_zone(room(seed)) for seed in range(30)]
    values = [model.capacity_kwh_per_k.value for model in models]
    told = np.mean([model.capacity_kwh_per_k.standard_error for model in models])
    assert np.std(values) == pytest.approx(told, rel=0.35)


def test_both_noises_are_told_apart() -> None:
    model = fit_zone(room(3, days=28, process_k=0.08, sensor_k=0.03))
    assert model.process_noise_k == pytest.approx(0.08, rel=0.2)
    assert model.measurement_noise_k == pytest.approx(0.03, rel=0.5)
    assert model.is_white


@settings(max_examples=20)
@given(
    decay=st.floats(0.5, 0.999),
    ratio=st.floats(1e-4, 1e4),
    weights=st.lists(st.floats(-2, 2), min_size=5, max_size=5),
    seed=st.integers(0, 100),
)
def test_the_parts_of_an_innovation_add_up_to_that_of_a_plain_kalman_filter(
    decay: float, ratio: float, weights: list[float], seed: int
) -> None:
    over = transitions(with_gaps(room(seed, days=6), seed))
    told = {
        k: (float(parts[0] @ [1.0, *(-w for w in weights)]), float(variance[0]))
        for k, parts, variance in innovations(np.array([decay]), np.array([ratio]), over)
    }
    state, spread, plain = 0.0, 1.0, {}
    for k, seen in enumerate(over.temp_c):
        if over.restarts[k]:
            state, spread = float(seen), 1.0
            continue
        state, spread = decay * state + float(over.drives[k] @ weights), decay**2 * spread + ratio
        if not np.isnan(seen):
            plain[k] = (seen - state, spread + 1.0)
            gain = spread / (spread + 1.0)
            state, spread = state + gain * (seen - state), (1.0 - gain) * spread
    assert told.keys() == plain.keys()
    for k, (error, variance) in plain.items():
        assert told[k] == pytest.approx((error, variance), rel=1e-6, abs=1e-6)


def test_moments_in_blocks_add_up_to_those_of_the_whole() -> None:
    over = transitions(room(2, days=5))
    decay, ratio = np.array([0.9, 0.97]), np.array([0.1, 10.0])
    days, whole = moments(decay, ratio, over, 24).total(), moments(decay, ratio, over, 10_000)
    assert days.products == pytest.approx(whole.products)
    assert days.log_variance == pytest.approx(whole.log_variance)
    assert days.count == pytest.approx(whole.count)


def test_white_errors_pass_the_portmanteau_and_errors_that_hang_together_do_not() -> None:
    noise = np.random.default_rng(0).normal(size=500)
    assert portmanteau(noise) < 32.9 < portmanteau(np.convolve(noise, [1.0, 0.5]))
    assert portmanteau(np.zeros(100)) == 0.0


def test_a_sun_that_does_not_shine_into_the_room_is_left_out() -> None:
    record = room(4)
    backwards = replace(record, drivers={**record.drivers, "solar_aperture_m2": -record.drivers["solar_aperture_m2"]})
    empty = replace(record, drivers={"occupant_kw": np.zeros(len(record))})
    assert fit_zone(backwards).dropped[0] == "solar_aperture_m2"
    assert fit_zone(empty).dropped == ("occupant_kw",)


def test_a_room_that_fits_predicts_better_than_both_naive_models() -> None:
    found = identify_zone(room(5, days=28))
    assert isinstance(found, ZoneIdentified)
    errors = found.errors
    assert errors.one_step_k < errors.one_step_persistence_k
    assert errors.free_run_k < min(errors.persistence_k, errors.hour_mean_k)
    assert errors.useful_h == 24.0 and not any("ahead" in note for note in found.notes)
    assert found.mean_gain_kw > GAIN_KW


def test_the_free_run_of_a_known_room_without_noise_is_exact() -> None:
    record = room(6, process_k=0.0, sensor_k=0.0)
    model = fit_zone(room(6, process_k=0.0, sensor_k=1e-6))
    errors = prediction_errors(model, record.part(0, 200), record.part(200, len(record)))
    assert errors.free_run_k < 0.01 and errors.one_step_k < 0.01
    assert errors.starts == 38  # every third step from 0 to 111 has 24 more behind it in 136


def test_a_gap_in_the_power_ends_a_free_run_and_one_in_the_temperature_does_not() -> None:
    whole, power = room(7), room(7)
    power.heat_kw[260:] = np.nan
    model = fit_zone(whole)
    before, after = whole.part(0, 200), whole.part(200, len(whole))
    assert prediction_errors(model, before, power.part(200, len(power))).starts < 38
    some = replace(after, temp_c=np.where(np.arange(len(after)) % 7 == 5, np.nan, after.temp_c))
    assert prediction_errors(model, before, some).free_run_k == pytest.approx(
        prediction_errors(model, before, after).free_run_k, rel=0.2
    )


def test_a_week_end_is_too_short() -> None:
    (line,) = refusals(room(0, days=3))
    assert line.startswith(
        "temp: is known with outdoor temperature and power for 3.0 days (71 steps) only; record 4 days"
    )


def test_a_room_that_sits_on_its_set_point_is_refused() -> None:
    record = room(0)
    held = 21.0 + 0.03 * np.sin(np.arange(len(record)))
    lines = refusals(replace(record, temp_c=held, setpoint_c=np.full(len(record), 21.0)))
    assert lines[0].startswith("temp: sits on the set-point in 100% of the steps")
    assert "let the room float for two nights" in lines[0]


def test_a_room_that_is_held_still_is_refused_without_its_set_point_too() -> None:
    record = room(0)
    steps = np.repeat([21.0, 19.0, 22.0, 20.0], len(record) // 4)
    (line,) = refusals(replace(record, temp_c=steps))
    assert "does not move at all for 2 h" in line


def test_power_that_never_changes_is_refused() -> None:
    record = room(0)
    (line,) = refusals(replace(record, heat_kw=np.full(len(record), 2.0)))
    assert line.startswith("heat: never changes: resistance and capacity cannot be told apart")


def test_weather_that_never_changes_is_refused() -> None:
    record = room(0)
    (line,) = refusals(replace(record, outdoor_temp_c=np.full(len(record), 5.0)))
    assert line.startswith("outdoor: changes by less than 1 K")


def test_heat_with_the_wrong_sign_is_refused_with_what_to_check() -> None:
    record = room(0)
    line, *_ = refusals(replace(record, heat_kw=-record.heat_kw))
    assert line.startswith("heat: moves the room the wrong way")
    assert "--cooling" in line


def test_power_of_another_room_is_refused() -> None:
    record = room(0)
    lines = refusals(replace(record, heat_kw=np.random.default_rng(9).uniform(0, 5, len(record)), drivers={}))
    assert lines[0].startswith("heat: moves the room ")


def test_a_thermometer_with_another_clock_is_noticed() -> None:
    record = room(0, days=28)
    early = replace(record, temp_c=np.roll(record.temp_c, -8), drivers={})
    lines = refusals(early)
    assert lines[-1].startswith("temp: fits the other columns best +8 h away: its clock seems 8 h early")


@pytest.mark.parametrize("absurd", [1e300, -300.0, 72.0])
def test_a_temperature_that_is_none_is_refused_and_not_converted(absurd: float) -> None:
    record = room(0)
    record.temp_c[7] = absurd
    (line,) = refusals(record)
    assert line.startswith(f"temp: has {absurd:g} (1 values outside -40 .. 70 degC); give it in degC")


def test_power_in_watts_and_a_driver_that_is_none_are_refused() -> None:
    record = room(0)
    lines = refusals(
        replace(record, heat_kw=1e5 * record.heat_kw, drivers={"solar_aperture_m2": np.full(len(record), -5.0)})
    )
    assert [line.split(":")[0] for line in lines] == ["heat", "solar_aperture_m2"]


def test_an_interval_that_reaches_nothing_is_infinitely_wide() -> None:
    estimate = Estimate(value=1.0, standard_error=1.0, low=-1.0, high=3.0, unit="K")
    assert estimate.ratio == float("inf") and not estimate.is_distinct
