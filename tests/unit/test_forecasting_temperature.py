"""Outdoor temperature in the forecast of load: features, trained homes that heat, what is not known, the worker."""

import asyncio
import json

import numpy as np
import numpy.typing as npt
import pytest

from hems.forecasting import model_file, worker
from hems.forecasting.direct_features import FEATURE_COUNT, direct_inputs
from hems.forecasting.evaluation.raw_series import Samples
from hems.forecasting.evaluation.raw_temperature import temperature_series
from hems.forecasting.evaluation.rolling import Plan, issued_forecasts
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.local_days import Calendar
from hems.forecasting.model import BoostedModel
from hems.forecasting.series import Forecast, Series
from hems.forecasting.series_json import forecast_from_json, series_to_json, temperature_to_json
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.temperature_features import TEMPERATURE_FEATURES
from hems.forecasting.trained import train
from hems.forecasting.weather import WeatherForecast
from hems.io.forecast_worker import ForecastWorker
from hems.site.holidays import EPOCH

DAY = 86_400
START_S = 17_168 * DAY
DAYS, TRAINED_DAYS = 110, 80


def temperature() -> TemperatureSeries:
    """Cold and mild days in no order, each with its daily cycle [C]."""
    days = np.random.default_rng(5).normal(6.0, 5.0, DAYS)
    hour = np.arange(DAYS * 24) % 24
    values = np.repeat(days, 24) + 3.0 * np.sin((hour - 9) * 2 * np.pi / 24)
    return TemperatureSeries(start_s=START_S, slot_s=3600, values_c=values)


def heated(outdoor: TemperatureSeries) -> Series:
    """A home whose heat pump takes 0.12 kW for each degree below 15."""
    hour = np.arange(DAYS * 24) % 24
    usual = 0.4 + 0.4 * ((hour >= 18) & (hour < 23)) + 0.12 * np.maximum(15.0 - outdoor.values_c, 0.0)
    noise = np.random.default_rng(6).gamma(25.0, 1 / 25.0, len(usual))
    return Series(start_epoch_s=START_S, slot_s=3600, values_kw=usual * noise)


OUTDOOR = temperature()
HOME = heated(OUTDOOR)


def trained(outdoor: TemperatureSeries | None) -> BoostedModel:
    known = HOME.until(START_S + TRAINED_DAYS * DAY)
    model = train(known, slot_s=3600, timezone="UTC", seed=1, temperature=outdoor)
    assert isinstance(model, BoostedModel)
    return model


@pytest.fixture(scope="module")
def told() -> BoostedModel:
    return trained(OUTDOOR)


@pytest.fixture(scope="module")
def untold() -> BoostedModel:
    return trained(None)


def forecast(model: BoostedModel, day: int, outdoor: TemperatureSeries | None, n: int = 24) -> Forecast:
    at_s = START_S + day * DAY
    return best_forecast(model, HOME.until(at_s), at_s, n, timezone="UTC", temperature=outdoor)


def mean_error_kw(model: BoostedModel, outdoor: TemperatureSeries | None) -> float:
    errors = [
        forecast(model, day, outdoor).quantiles[0.5] - HOME.values_kw[day * 24 : day * 24 + 24]
        for day in range(TRAINED_DAYS, TRAINED_DAYS + 13)
    ]
    return float(np.abs(errors).mean())


def test_a_heated_home_is_forecast_better_when_the_weather_of_the_day_is_known(
    told: BoostedModel, untold: BoostedModel
) -> None:
    assert mean_error_kw(told, OUTDOOR) < 0.82 * mean_error_kw(untold, None)


def test_a_model_without_temperatures_does_not_look_at_those_it_is_given(untold: BoostedModel) -> None:
    given, none = forecast(untold, 85, OUTDOOR), forecast(untold, 85, None)
    assert (given.mean_kw == none.mean_kw).all() and (given.quantiles[0.9] == none.quantiles[0.9]).all()


def test_a_model_with_temperatures_takes_missing_ones_for_the_usual(told: BoostedModel, untold: BoostedModel) -> None:
    unknown = TemperatureSeries(start_s=START_S, slot_s=3600, values_c=np.full(DAYS * 24, np.nan))
    missing, none = forecast(told, 85, unknown), forecast(told, 85, None)
    assert (missing.mean_kw == none.mean_kw).all() and np.isfinite(none.mean_kw).all()
    assert mean_error_kw(told, None) < 1.2 * mean_error_kw(untold, None)


def test_temperatures_of_a_few_days_or_another_time_give_the_model_that_looks_at_none(untold: BoostedModel) -> None:
    few = TemperatureSeries(start_s=START_S + 60 * DAY, slot_s=3600, values_c=OUTDOOR.values_c[60 * 24 :])
    for outdoor in (few, TemperatureSeries(start_s=0, slot_s=3600, values_c=np.full(100, 5.0))):
        assert model_file.to_text(trained(outdoor)) == model_file.to_text(untold)


def test_temperatures_after_the_end_of_the_history_do_not_reach_the_training(told: BoostedModel) -> None:
    values = OUTDOOR.values_c.copy()
    values[TRAINED_DAYS * 24 :] = 40.0
    planted = TemperatureSeries(start_s=START_S, slot_s=3600, values_c=values)
    assert model_file.to_text(trained(planted)) == model_file.to_text(told)


def test_a_model_with_temperatures_is_read_from_its_file(told: BoostedModel) -> None:
    again = model_file.from_text(model_file.to_text(told))
    assert isinstance(again, BoostedModel)
    assert (forecast(again, 85, OUTDOOR).mean_kw == forecast(told, 85, OUTDOOR).mean_kw).all()


def features(outdoor: TemperatureSeries | None, target: int, lead: int) -> npt.NDArray[np.float64]:
    place, leads = np.asarray([target]), np.asarray([lead])
    return direct_inputs(HOME, Calendar(timezone="Europe/Berlin"), place, leads, outdoor).features[0]


def test_features_are_zero_when_it_is_as_cold_as_usual_and_grow_with_the_cold() -> None:
    steady = TemperatureSeries(start_s=START_S, slot_s=3600, values_c=np.full(DAYS * 24, 5.0))
    assert features(steady, 1200, 12)[FEATURE_COUNT:] == pytest.approx(np.zeros(TEMPERATURE_FEATURES), abs=1e-9)
    assert len(features(None, 1200, 12)) == FEATURE_COUNT
    values = steady.values_c.copy()
    values[1200 - 5 : 1201] = 1.0  # four degrees colder for six hours, after the issue
    colder = features(TemperatureSeries(start_s=START_S, slot_s=3600, values_c=values), 1200, 12)[FEATURE_COUNT:]
    assert colder[:3] == pytest.approx([4.0, 1.0, 0.0]) and np.abs(colder[7:]).max() == 0.0


def test_features_look_at_no_temperature_after_their_slot() -> None:
    values = OUTDOOR.values_c.copy()
    values[1201:] = 40.0
    planted = TemperatureSeries(start_s=START_S, slot_s=3600, values_c=values)
    assert (features(planted, 1200, 7) == features(OUTDOOR, 1200, 7)).all()


def test_temperatures_are_looked_up_in_the_middle_of_slots() -> None:
    hourly = TemperatureSeries(start_s=0, slot_s=3600, values_c=np.asarray([1.0, 2.0, np.nan]))
    quarters = hourly.as_series(-900, 900, 14)
    expected = [np.nan, *[1.0] * 4, *[2.0] * 4, *[np.nan] * 5]
    assert np.array_equal(quarters.values_kw, expected, equal_nan=True)


def test_measured_temperatures_go_on_as_the_weather_forecast_says() -> None:
    nothing = np.full(3, np.nan)
    said = WeatherForecast(
        issued_s=7200,
        start_s=7200,
        step_s=3600,
        temp_c=np.asarray([7.0, 8.0, 9.0]),
        ghi_w_m2=nothing,
        dni_w_m2=nothing,
        dhi_w_m2=nothing,
    )
    measured = TemperatureSeries(start_s=0, slot_s=1800, values_c=np.asarray([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert measured.continued(said, 14_400).values_c.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 8.0]
    assert np.isnan(measured.continued(None, 10_800).values_c[5:]).all()
    assert measured.continued(said, 3600).values_c.tolist() == measured.values_c.tolist()


def test_samples_of_a_file_are_brought_onto_the_slots_of_the_load() -> None:
    load = Series(start_epoch_s=3600, slot_s=3600, values_kw=np.ones(3))
    times_s = np.asarray([0, 3600, 5400, 7200, 10_800, 14_400])
    samples = Samples(times_s=times_s, values=np.asarray([9.0, 1.0, 3.0, 68.0, np.nan, 4.0]))
    series, told = temperature_series(samples, load)
    assert np.array_equal(series.values_c, [2.0, np.nan, np.nan], equal_nan=True)
    assert told == ("1 temperatures are outside -60 .. 60 degC and left out: check the unit",)


def test_a_backtest_gives_the_measured_weather_up_to_the_end_of_each_forecast() -> None:
    plan = Plan(kind="load", timezone="UTC", issue_hour=0, horizon_hours=24, retrain_days=7)
    day = EPOCH.fromordinal(EPOCH.toordinal() + 17_168 + TRAINED_DAYS)
    (issued,) = issued_forecasts(HOME, [day], plan, OUTDOOR)
    values = OUTDOOR.values_c.copy()
    values[(TRAINED_DAYS + 1) * 24 :] = np.nan
    (cut,) = issued_forecasts(HOME, [day], plan, TemperatureSeries(start_s=START_S, slot_s=3600, values_c=values))
    (without,) = issued_forecasts(HOME, [day], plan)
    assert (issued.mean_kw == cut.mean_kw).all() and (issued.mean_kw != without.mean_kw).any()


def test_the_worker_trains_and_predicts_with_temperatures(told: BoostedModel) -> None:
    async def session() -> object:
        client = ForecastWorker(timeout_s=120.0)
        model = await client.train(
            HOME.until(START_S + TRAINED_DAYS * DAY), timezone="UTC", seed=1, temperature=OUTDOOR
        )
        await client.close()
        return model

    model = asyncio.run(session())
    # Another process may add up in another order: the same to the last digits, not to the last bit.
    assert isinstance(model, BoostedModel) and model.direct.knows_temperature
    coefficients, mine = model.direct.linear.coefficients, told.direct.linear.coefficients
    assert np.allclose(coefficients, mine, rtol=1e-6, atol=1e-9)
    request = {
        "op": "predict",
        "id": 2,
        "model": model_file.to_text(model),
        "history": series_to_json(HOME.until(START_S + 85 * DAY)),
        "start_epoch_s": START_S + 85 * DAY,
        "n": 24,
        "temperature": temperature_to_json(OUTDOOR),
    }
    answered = forecast_from_json(json.loads(worker.answer(json.dumps(request)))["forecast"])
    assert np.allclose(answered.mean_kw, forecast(told, 85, OUTDOOR).mean_kw, rtol=1e-6, atol=1e-9)
