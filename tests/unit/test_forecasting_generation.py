"""Forecasts of generation: better than yesterday, honest, blind to the future, from weather forecasts as issued."""

import json
from dataclasses import replace

import numpy as np
import pytest
from test_forecasting_roof import KONSTANZ, ROOFS, START

from hems.forecasting import model_file
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.model import ModelError
from hems.forecasting.pv.array import clear_kw
from hems.forecasting.pv.irradiance import clear_sky
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.predict import predict
from hems.forecasting.pv.sun import sun_at
from hems.forecasting.pv.train import train
from hems.forecasting.series import DAY_S, Series, SeriesError
from hems.forecasting.weather import WeatherForecast

DAYS, TEST_FROM = 150, 100
ROOF = ROOFS["south"]


def clearness(seed: int) -> np.ndarray:
    """Share of clear sky, (days, 24): fronts pass every few days, and hours flicker around the day's level."""
    rng = np.random.default_rng(seed)
    level, levels = 0.0, []
    for _ in range(DAYS):
        level = 0.6 * level + rng.normal(0.0, 0.8)
        levels.append(0.15 + 0.85 / (1 + np.exp(-2.0 * level)))
    hours = np.array(levels)[:, None] + rng.normal(0.0, 0.1, (DAYS, 24))
    return np.clip(hours, 0.05, 1.0)


def power(share: np.ndarray) -> Series:
    clear = clear_kw(ROOF, START, 3600, DAYS * 24)
    return Series(start_epoch_s=START, slot_s=3600, values_kw=clear * share.ravel())


SHARE = clearness(4)
SERIES = power(SHARE)


@pytest.fixture(scope="module")
def model() -> PvModel:
    return train(SERIES.until(START + TEST_FROM * DAY_S), timezone="UTC")


def pinball(measured: np.ndarray, quantiles: dict[float, np.ndarray]) -> float:
    off = {level: measured - values for level, values in quantiles.items() if level in (0.1, 0.5, 0.9)}
    return float(np.mean([np.maximum(level * d, (level - 1) * d).mean() for level, d in off.items()]))


def yesterday(day: int) -> dict[float, np.ndarray]:
    """The naive forecast of a day: the day before, and its errors at each hour of the 56 days before."""
    past = SERIES.values_kw.reshape(DAYS, 24)
    errors = past[day - 56 : day] - past[day - 57 : day - 1]
    return {level: past[day - 1] + np.quantile(errors, level, axis=0) for level in (0.1, 0.5, 0.9)}


def test_pinball_is_a_tenth_under_yesterday_and_eight_of_ten_lit_hours_are_covered(model: PvModel) -> None:
    ours, naive, inside = [], [], []
    for day in range(TEST_FROM, DAYS):
        now = START + day * DAY_S
        forecast = predict(model, SERIES.until(now), now, 24)
        measured = SERIES.values_kw[day * 24 : day * 24 + 24]
        ours.append(pinball(measured, forecast.quantiles))
        naive.append(pinball(measured, yesterday(day)))
        lit = measured > 0.02
        inside.append(((forecast.quantiles[0.1] <= measured) & (measured <= forecast.quantiles[0.9]))[lit])
    assert np.mean(ours) < 0.9 * np.mean(naive)
    assert 0.72 < np.concatenate(inside).mean() < 0.88


def test_forecast_is_dark_at_night_ordered_and_under_the_envelope(model: PvModel) -> None:
    now = START + TEST_FROM * DAY_S + 7 * 3600
    forecast = predict(model, SERIES.until(now), now, 48)
    envelope = clear_kw(ROOF, now, 3600, 48)
    rows = np.stack([forecast.quantiles[level] for level in sorted(forecast.quantiles)])
    assert forecast.source == "physical" and (np.diff(rows, axis=0) >= -1e-12).all() and (rows >= 0).all()
    assert (rows[:, envelope == 0] < 1e-6).all() and (rows <= 1.4 * envelope + 0.05).all()
    assert (forecast.mean_kw >= 0).all() and np.isfinite(forecast.spread_kw).all()


def test_what_the_morning_shows_moves_the_next_hours(model: PvModel) -> None:
    now = START + TEST_FROM * DAY_S + 11 * 3600
    forecasts = []
    for share in (0.2, 1.0):
        moved = SHARE.copy()
        moved[TEST_FROM, :11] = share
        forecasts.append(predict(model, power(moved).until(now), now, 24).quantiles[0.5])
    grey, bright = forecasts
    assert (bright[:3] > 1.5 * grey[:3]).all()
    assert abs(bright[23] - grey[23]) < 0.5 * abs(bright[1] - grey[1])


def test_values_after_the_issue_change_neither_model_nor_forecast() -> None:
    now = START + TEST_FROM * DAY_S
    planted = SERIES.values_kw.copy()
    planted[TEST_FROM * 24 :] = 50.0
    other = Series(start_epoch_s=START, slot_s=3600, values_kw=planted)
    first, second = (train(one.until(now), timezone="UTC") for one in (SERIES, other))
    assert model_file.to_text(first) == model_file.to_text(second)
    assert np.array_equal(predict(first, SERIES, now, 24).mean_kw, predict(second, other, now, 24).mean_kw)


def test_model_read_from_its_text_forecasts_the_same_and_damaged_text_is_refused(model: PvModel) -> None:
    text, now = model_file.to_text(model), START + TEST_FROM * DAY_S
    again = model_file.from_text(text)
    assert isinstance(again, PvModel)
    assert np.array_equal(predict(again, SERIES, now, 24).mean_kw, predict(model, SERIES, now, 24).mean_kw)
    head = json.loads(text)
    for damaged in (
        {**head, "version": 99},
        {**head, "sha256": "0"},
        {**head, "model": {**head["model"], "lower": 3.0}},
        {key: value for key, value in head.items() if key != "model"},
    ):
        with pytest.raises(ModelError, match="train again"):
            model_file.from_text(json.dumps(damaged))


def test_wrong_slot_length_and_far_horizon_are_refused(model: PvModel) -> None:
    with pytest.raises(SeriesError, match="slots of 3600 s"):
        predict(model, Series(start_epoch_s=START, slot_s=900, values_kw=np.zeros(96)), START + DAY_S, 4)
    with pytest.raises(SeriesError, match="ten days"):
        predict(model, SERIES, SERIES.end_epoch_s, 241)


def weather(day: int, *, noise: float = 0.0, hours_late: int = 0, share: np.ndarray | None = None) -> WeatherForecast:
    """A forecast of two days issued at the midnight of a day, of the clearness that came (or of another)."""
    start = START + day * DAY_S
    middle = start + 3600 * (np.arange(48) + 0.5)
    clear = clear_sky(sun_at(middle, KONSTANZ))
    told = SHARE[day : day + 2].ravel() if share is None else share
    told = np.clip(told + np.random.default_rng(day).normal(0, noise, 48), 0.02, 1.0)
    empty = np.full(48, np.nan)
    return WeatherForecast(
        issued_s=start + hours_late * 3600,
        start_s=start,
        step_s=3600,
        temp_c=empty,
        ghi_w_m2=clear.ghi_w_m2 * told,
        dni_w_m2=empty,
        dhi_w_m2=empty,
    )


def issue(model: PvModel, now: int, known: list[WeatherForecast]) -> tuple[str, dict[float, np.ndarray]]:
    fresh = replace(model, trained_until_epoch_s=now)
    forecast = best_forecast(fresh, SERIES.until(now), now, 24, timezone="UTC", kind="pv", weather=known)
    return forecast.source, forecast.quantiles


def test_known_irradiance_makes_the_forecast_a_third_better(model: PvModel) -> None:
    archive = [weather(day, noise=0.1) for day in range(TEST_FROM - 28, DAYS - 2)]
    without, with_it = [], []
    for day in range(TEST_FROM, DAYS - 2, 3):
        now, measured = START + day * DAY_S, SERIES.values_kw[day * 24 : day * 24 + 24]
        source, quantiles = issue(model, now, archive)
        assert source == "weather"
        with_it.append(pinball(measured, quantiles))
        without.append(pinball(measured, issue(model, now, [])[1]))
    assert np.mean(with_it) < 0.67 * np.mean(without)


def test_a_weather_forecast_issued_later_is_not_used(model: PvModel) -> None:
    day = TEST_FROM + 5
    now = START + day * DAY_S
    past = [weather(day - 1, noise=0.1)]
    later = weather(day, hours_late=1, share=np.zeros(48))
    assert issue(model, now, past)[0] == "weather"
    alone, beside = issue(model, now, past)[1], issue(model, now, [*past, later])[1]
    assert all(np.array_equal(alone[level], beside[level]) for level in alone)
    assert issue(model, now, [later])[0] == "physical"


def test_old_or_empty_weather_leaves_the_forecast_as_it_was_and_says_so(model: PvModel) -> None:
    day = TEST_FROM + 5
    now = START + day * DAY_S
    dark = replace(weather(day), ghi_w_m2=np.full(48, np.nan))
    plain = issue(model, now, [])
    for known in ([dark], [weather(day - 3)]):
        source, quantiles = issue(model, now, known)
        assert source == "physical" and np.array_equal(quantiles[0.5], plain[1][0.5])


def test_the_first_weather_forecast_of_all_is_used_though_nothing_was_measured_under_it(model: PvModel) -> None:
    now = START + TEST_FROM * DAY_S
    source, quantiles = issue(model, now, [replace(weather(TEST_FROM), issued_s=now - 60)])
    assert source == "weather" and np.isfinite(quantiles[0.5]).all() and quantiles[0.9].max() > 0
