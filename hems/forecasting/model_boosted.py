"""Boosted forecast of load: trees on daily lags, blended with the seasonal baseline, corrected by recent errors.

A model is trained once a day (in the worker process) and used every slot (numpy only). Its uncorrected
prediction of a slot depends on nothing later than a day before that slot, so it can be recomputed for the
last 24 hours as it was, and its errors there correct the hours ahead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hems.forecasting import correction as intraday
from hems.forecasting.direct import TreePart, direct_quantiles, train_direct, tree_quantiles
from hems.forecasting.direct_features import TAIL_DAYS
from hems.forecasting.drift import cleaned
from hems.forecasting.error_model import error_table
from hems.forecasting.inputs import blend, inputs
from hems.forecasting.local_days import NO_HOLIDAYS, Calendar
from hems.forecasting.model import BoostedModel, ModelError, NotEnoughHistoryError
from hems.forecasting.quantile_mix import mean_of_quantiles
from hems.forecasting.rollout import Rollout, rollout
from hems.forecasting.seasonal import seasonal_forecast
from hems.forecasting.series import DAY_S, QUANTILES, FloatArray, Forecast, Series, SeriesError
from hems.forecasting.target import mean_power, spread_power, to_model, to_power
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.trees import TreeEnsemble, from_histogram_boosting

MIN_DAYS = 10  # of measured slots; below it the seasonal baseline is as good
MIN_TEMPERATURE_DAYS = 28  # of known temperatures; fewer do not tell what is usual
MAX_TRAIN_SLOTS = 20_000  # 208 days of quarter hours; older days teach little and cost time
MAX_HORIZON_S = 10 * DAY_S
FOLDS = 3
PRIOR_SEASONAL_WEIGHT = 0.3  # what the weight of the baseline comes out at on measured homes
PRIOR_ERRORS = 500  # how many errors of evidence that is worth
MAX_ITER = 80
LEARNING_RATE = 0.06
LEAF_NODES = 7


def train(
    history: Series,
    *,
    slot_s: int,
    timezone: str,
    seed: int,
    holidays: frozenset[int] = NO_HOLIDAYS,
    temperature: TemperatureSeries | None = None,
) -> BoostedModel:
    """A model of the load, trained on all of `history` (at most its last 20,000 slots).

    Blend weight, error table and correction come from forecasts of thirds of the history, each made by trees
    that were not trained on that third. `holidays` (local days since 1970) are lived as Sundays.
    `temperature` is the measured one of the history, as nobody keeps the weather forecasts of a year; None or less
    than 28 days of it gives a model that looks at none.
    Imports scikit-learn: run it in the worker process.
    Raises: NotEnoughHistoryError below 10 measured days; SeriesError when `slot_s` is not the history's.
    """
    if slot_s != history.slot_s:
        raise SeriesError(f"history has slots of {history.slot_s} s, not {slot_s} s: resample it first")
    history = cleaned(history.since(history.end_epoch_s - MAX_TRAIN_SLOTS * slot_s))
    measured = ~np.isnan(history.values_kw)
    if np.count_nonzero(measured) < MIN_DAYS * DAY_S // slot_s:
        raise NotEnoughHistoryError(f"{measured.sum()} measured slots; {MIN_DAYS} days are needed")
    calendar = Calendar(timezone=timezone, holidays=holidays)
    slots = calendar.slots(history.start_epoch_s, slot_s, len(history.values_kw))
    seen = inputs(history, slots, timezone=timezone)
    target = to_model(history.values_kw)
    usable = ~np.isnan(target) & ~np.isnan(seen.seasonal)
    by_trees, trees = _out_of_fold_and_all(seen.features, target, usable, seed)
    weight = _seasonal_weight(target - by_trees, seen.seasonal - by_trees)
    errors = target - blend(by_trees, seen.seasonal, weight)
    table = error_table(errors, slots.slot_of_day, slots.slots_per_day)
    unusual = errors - table.mean[slots.slot_of_day]
    found = intraday.fit(unusual, slot_s)
    parts = TreePart(z=target - errors, errors=unusual, table=table, correction=found)
    return BoostedModel(
        slot_s=slot_s,
        timezone=timezone,
        seed=seed,
        trained_until_epoch_s=history.end_epoch_s,
        seasonal_weight=weight,
        trees=trees,
        errors=table,
        correction=found,
        direct=train_direct(history, slots, calendar, parts, seed, temperature=_known(temperature, history)),
    )


def predict(
    model: BoostedModel,
    history_until_now: Series,
    start_epoch_s: int,
    n: int,
    *,
    correct: bool = True,
    holidays: frozenset[int] = NO_HOLIDAYS,
    temperature: TemperatureSeries | None = None,
) -> Forecast:
    """Forecast of `n` slots from `start_epoch_s`, issued at the end of the history (at most at the start).

    Slots whose lags lie after the issue use predicted values in their place. `correct` adds the intraday
    correction. `holidays` are those of training and the coming ones: they are facts of the calendar, not of the
    model. `temperature` is the measured one until now and that of the weather forecast, as it was issued, after.
    Raises: SeriesError for other slots than the model's or more than ten days ahead.
    """
    slot_s, history = model.slot_s, history_until_now.until(start_epoch_s)
    if history.slot_s != slot_s or (start_epoch_s - history.end_epoch_s) % slot_s != 0:
        raise SeriesError(f"history and start must lie on slots of {slot_s} s, as the model does")
    skip = (start_epoch_s - history.end_epoch_s) // slot_s
    if (skip + n) * slot_s > MAX_HORIZON_S:
        raise SeriesError(f"{skip + n} slots after the end of the history is more than ten days: update it")
    passed = DAY_S // slot_s
    calendar = Calendar(timezone=model.timezone, holidays=holidays)
    rolled = rollout(model, history, skip + n, calendar)
    ahead = rolled.cut(slice(passed + skip, None))
    shift, left = np.zeros(skip + n), np.ones(skip + n)
    if correct:
        recent = _recent_errors(model, history, rolled.cut(slice(0, passed)))
        shift = intraday.path(model.correction, recent, slot_s, skip + n)
        left = intraday.left_share(model.correction, slot_s, skip + n)
    slot, z = ahead.slots.slot_of_day, ahead.z + shift[skip:]
    bias, std = model.errors.mean[slot], model.errors.std[slot] * left[skip:]
    seasonal = seasonal_forecast(history, start_epoch_s, n, timezone=model.timezone, holidays=holidays)
    quantiles = direct_quantiles(
        model.direct,
        history.since(history.end_epoch_s - TAIL_DAYS * DAY_S),
        to_power(rolled.z + np.concatenate([np.zeros(passed), shift]))[passed:],
        temperature=temperature,
        calendar=calendar,
        slots=ahead.slots,
        boosted=tree_quantiles(model.errors, z, slot, left[skip:]),
        seasonal=np.sqrt(np.stack([seasonal.quantiles[level] for level in QUANTILES])),
    )
    return Forecast(
        start_epoch_s=start_epoch_s,
        slot_s=slot_s,
        # Wrong in different ways: the average had 0.4 % less root mean square error than the better one.
        mean_kw=(mean_power(z, bias, std) + mean_of_quantiles(quantiles)) / 2,
        spread_kw=spread_power(z + bias, std),
        quantiles=dict(zip(QUANTILES, quantiles, strict=True)),
        source="boosted",
    )


def _known(temperature: TemperatureSeries | None, history: Series) -> TemperatureSeries | None:
    """The temperatures up to the end of the history, None when there are too few in it."""
    if temperature is None:
        return None
    known = temperature.until(history.end_epoch_s)
    seen = known.as_series(history.start_epoch_s, history.slot_s, len(history.values_kw))
    count = np.count_nonzero(~np.isnan(seen.values_kw))
    return known if count >= MIN_TEMPERATURE_DAYS * DAY_S // history.slot_s else None


def _recent_errors(model: BoostedModel, history: Series, passed: Rollout) -> FloatArray:
    """Errors of the last 24 hours in model space, without the usual ones of the time of day; NaN unknown."""
    n = len(passed.z)
    values = history.values_kw[-n:]
    measured = np.concatenate([np.full(n - len(values), np.nan), values])
    return to_model(measured) - passed.z - model.errors.mean[passed.slots.slot_of_day]


def _out_of_fold_and_all(
    features: FloatArray, target: FloatArray, usable: npt.NDArray[np.bool_], seed: int
) -> tuple[FloatArray, TreeEnsemble]:
    """Predictions (n,) of each third of the usable rows by trees fitted on the others, and trees of all rows.

    One thread: on a busy machine the threads of several fits wait for each other a hundred times longer than
    they compute, and on one home's data a second thread gains nothing.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    predicted = np.full(len(target), np.nan)
    rows = np.flatnonzero(usable)
    with threadpool_limits(limits=1, user_api="openmp"):
        for fold in np.array_split(rows, FOLDS):
            rest = np.setdiff1d(rows, fold, assume_unique=True)
            predicted[fold] = _fit(features[rest], target[rest], seed).predict(features[fold])
        return predicted, _fit(features[rows], target[rows], seed)


def _seasonal_weight(error_of_trees: FloatArray, seasonal_minus_trees: FloatArray) -> float:
    """Share of the baseline with the least squared error, drawn to its usual value when evidence is thin."""
    known = ~np.isnan(error_of_trees) & ~np.isnan(seasonal_minus_trees)
    error, step = error_of_trees[known], seasonal_minus_trees[known]
    prior = PRIOR_ERRORS * float((step**2).mean()) if len(step) else 1.0
    evidence = float((step**2).sum())
    if evidence + prior <= 0:
        return PRIOR_SEASONAL_WEIGHT
    best = (float((error * step).sum()) + prior * PRIOR_SEASONAL_WEIGHT) / (evidence + prior)
    return min(max(best, 0.0), 1.0)


def _fit(features: FloatArray, target: FloatArray, seed: int) -> TreeEnsemble:
    """Trees fitted by scikit-learn, as arrays, checked against the estimator's own predictions.

    Raises: ModelError when they differ (a scikit-learn with another node layout).
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    estimator = HistGradientBoostingRegressor(
        loss="squared_error",
        max_iter=MAX_ITER,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAF_NODES,
        max_features=0.4,
        early_stopping=False,
        random_state=seed,
    ).fit(features, target)
    trees = from_histogram_boosting(estimator)
    if not np.allclose(trees.predict(features[:64]), estimator.predict(features[:64]), atol=1e-9):
        raise ModelError("trees read from scikit-learn predict otherwise: install the locked version")
    return trees
