"""Boosted forecast on the measured homes, its limits, its file and its speed-independent properties."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import twin
from hems.forecasting import model_file
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.model import BoostedModel, ModelError, NotEnoughHistoryError
from hems.forecasting.model_boosted import predict, train
from hems.forecasting.series import Series, SeriesError
from twin.disaggregate import finer
from twin.timeseries import HouseholdSeries, read_households

ZONE = "America/Los_Angeles"
DAY = 86_400


@pytest.fixture(scope="module")
def homes() -> dict[str, HouseholdSeries]:
    assert twin.__file__ is not None
    return read_households(Path(twin.__file__).parent / "data" / "fontana_ca_load_pv_60min.csv.gz")


def of(home: HouseholdSeries) -> Series:
    return Series(start_epoch_s=home.start_epoch_s, slot_s=home.slot_s, values_kw=home.load_kw)


@pytest.fixture(scope="module")
def load(homes: dict[str, HouseholdSeries]) -> Series:
    fine = finer(homes["us_ca_fontana_04"], fine_slot_s=900, seed=1, household="us_ca_fontana_04")
    return of(fine).until(fine.start_epoch_s + 60 * DAY)


@pytest.fixture(scope="module")
def model(load: Series) -> BoostedModel:
    return train(load.until(load.start_epoch_s + 37 * DAY), slot_s=900, timezone=ZONE, seed=7)


def test_day_ahead_load_beats_yesterday_and_last_week_on_measured_homes(
    homes: dict[str, HouseholdSeries],
) -> None:
    ours, yesterday, last_week = [], [], []
    for home in list(homes.values())[:6]:
        series = of(home)
        for first_day in (60, 200):
            now = series.start_epoch_s + first_day * DAY
            trained = train(series.until(now).since(now - 37 * DAY), slot_s=3600, timezone=ZONE, seed=1)
            for issue in range(now, now + 7 * DAY, DAY):
                k = (issue - series.start_epoch_s) // 3600
                actual = series.values_kw[k : k + 24]
                forecast = predict(trained, series.until(issue), issue, 24)
                ours.append((forecast.quantiles[0.5] - actual, forecast.mean_kw - actual))
                yesterday.append(series.values_kw[k - 24 : k] - actual)
                last_week.append(series.values_kw[k - 168 : k - 144] - actual)
    middle, mean = (np.concatenate(errors) for errors in zip(*ours, strict=True))
    naive = [np.concatenate(yesterday), np.concatenate(last_week)]
    assert np.abs(middle).mean() < 0.93 * min(np.abs(errors).mean() for errors in naive)
    assert np.sqrt((mean**2).mean()) < 0.9 * min(np.sqrt((errors**2).mean()) for errors in naive)


def test_band_of_load_covers_about_eight_of_ten_slots(load: Series, model: BoostedModel) -> None:
    inside = []
    for issue in range(load.start_epoch_s + 37 * DAY, load.start_epoch_s + 58 * DAY, DAY):
        k = (issue - load.start_epoch_s) // 900
        band = predict(model, load.until(issue), issue, 96).quantiles
        actual = load.values_kw[k : k + 96]
        inside.append(((actual >= band[0.1]) & (actual <= band[0.9])).mean())
    assert 0.68 < np.mean(inside) < 0.9


def test_recent_errors_improve_the_next_hours(load: Series, model: BoostedModel) -> None:
    corrected, plain = [], []
    for issue in range(load.start_epoch_s + 38 * DAY, load.start_epoch_s + 58 * DAY, 5 * 3600):
        k = (issue - load.start_epoch_s) // 900
        actual = load.values_kw[k : k + 8]
        for errors, correct in ((corrected, True), (plain, False)):
            forecast = predict(model, load.until(issue), issue, 8, correct=correct)
            errors.append(np.abs(forecast.mean_kw - actual).mean())
    assert np.mean(corrected) < 0.97 * np.mean(plain)


def test_prediction_beyond_a_day_rolls_forward_and_keeps_the_first_day(load: Series, model: BoostedModel) -> None:
    now = load.start_epoch_s + 40 * DAY + 9 * 3600
    short, longer = (predict(model, load.until(now), now, n) for n in (96, 144))
    assert np.allclose(longer.mean_kw[:96], short.mean_kw)
    assert len(longer.mean_kw) == 144 and np.isfinite(longer.mean_kw).all()


def test_values_after_the_start_change_nothing(load: Series, model: BoostedModel) -> None:
    now = load.start_epoch_s + 40 * DAY
    one, other = predict(model, load.until(now), now, 96), predict(model, load, now, 96)
    assert (one.mean_kw == other.mean_kw).all()


def test_prediction_starts_later_than_the_history_ends(load: Series, model: BoostedModel) -> None:
    now = load.start_epoch_s + 40 * DAY
    ahead = predict(model, load.until(now), now + 3600, 48)
    assert (ahead.mean_kw == predict(model, load.until(now), now, 52).mean_kw[4:]).all()


def test_spring_clock_change_inside_the_horizon_is_forecast_without_holes() -> None:
    start = int(datetime(2017, 1, 20, 8, tzinfo=UTC).timestamp())
    hours = np.arange(50 * 24)
    values = 1.0 + 0.8 * np.sin(hours * 2 * np.pi / 24) ** 2
    series = Series(start_epoch_s=start, slot_s=3600, values_kw=values)
    trained = train(series, slot_s=3600, timezone=ZONE, seed=1)
    forecast = predict(trained, series, series.end_epoch_s, 48)  # crosses 2017-03-12, 02:00 local
    assert np.isfinite(forecast.mean_kw).all() and np.abs(forecast.mean_kw - 1.4).max() < 0.7


def test_same_seed_and_history_give_the_same_model_bit_for_bit(load: Series, model: BoostedModel) -> None:
    again = train(load.until(load.start_epoch_s + 37 * DAY), slot_s=900, timezone=ZONE, seed=7)
    assert model_file.to_text(again) == model_file.to_text(model)


def test_model_read_from_its_file_predicts_the_same(load: Series, model: BoostedModel) -> None:
    again = model_file.from_text(model_file.to_text(model))
    now = load.start_epoch_s + 40 * DAY
    assert (predict(again, load, now, 96).mean_kw == predict(model, load, now, 96).mean_kw).all()


def test_damaged_old_or_foreign_model_file_is_refused(model: BoostedModel) -> None:
    text = model_file.to_text(model)
    head = json.loads(text)
    head["version"] = 0
    bad_link = json.loads(text)["model"]
    bad_link["trees"]["left"][0] = 10**6
    damaged = {
        "not JSON": text[:1000],
        "a changed number": text.replace('"seed":7', '"seed":8'),
        "another version": json.dumps(head),
        "another thing": '{"format": "x"}',
        "a link out of the tree": json.dumps(
            {**json.loads(text), "model": bad_link, "sha256": model_file._digest(bad_link)}
        ),
    }
    for case in damaged.values():
        with pytest.raises(ModelError, match="train again"):
            model_file.from_text(case)


def test_short_history_cannot_be_trained_on_and_gives_the_seasonal_forecast(load: Series) -> None:
    short = load.until(load.start_epoch_s + 4 * DAY)
    with pytest.raises(NotEnoughHistoryError):
        train(short, slot_s=900, timezone=ZONE, seed=1)
    assert best_forecast(None, short, short.end_epoch_s, 96, timezone=ZONE).source == "seasonal"


def test_wrong_slot_length_and_far_horizon_are_refused(load: Series, model: BoostedModel) -> None:
    with pytest.raises(SeriesError, match="resample"):
        train(load, slot_s=3600, timezone=ZONE, seed=1)
    with pytest.raises(SeriesError, match="ten days"):
        predict(model, load, load.end_epoch_s, 96 * 11)


def test_best_forecast_prefers_the_model_and_drops_one_that_is_old(load: Series, model: BoostedModel) -> None:
    now = load.start_epoch_s + 40 * DAY
    assert best_forecast(model, load.until(now), now, 96, timezone=ZONE).source == "boosted"
    late = load.start_epoch_s + 55 * DAY
    assert best_forecast(model, load.until(late), late, 96, timezone=ZONE).source == "seasonal"


def test_constant_load_is_forecast_as_that_constant() -> None:
    series = Series(start_epoch_s=0, slot_s=3600, values_kw=np.full(20 * 24, 0.7))
    forecast = predict(train(series, slot_s=3600, timezone="UTC", seed=1), series, series.end_epoch_s, 24)
    assert np.allclose(forecast.mean_kw, 0.7, atol=1e-6) and (forecast.spread_kw < 1e-6).all()
