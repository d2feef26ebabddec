"""Direct quantiles of load: what the trees say, what a linear model sees at the issue, and the days before, mixed.

Every past slot is forecast twice for training: as from the last local midnight, and from some slots before.
Shares and widths come from forecasts of thirds of the history by models that were not fitted on that third.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting import correction as intraday
from hems.forecasting import linear_quantiles, quantile_mix
from hems.forecasting.correction import Correction
from hems.forecasting.direct_features import FEATURE_COUNT, direct_inputs
from hems.forecasting.error_model import ErrorTable
from hems.forecasting.features import Past
from hems.forecasting.linear_quantiles import LinearQuantiles
from hems.forecasting.local_days import Calendar, LocalSlots, day_grid
from hems.forecasting.quantile_mix import Candidates, Mix
from hems.forecasting.seasonal import weighted_past, weighted_quantiles
from hems.forecasting.series import DAY_S, MEDIAN, QUANTILES, FloatArray, IntArray, Series
from hems.forecasting.temperature import UNKNOWN_TEMPERATURE, TemperatureSeries

FOLDS = 3
MEMORY_DAYS = 90.0  # e-folding of the weight of old days in the linear model
MIX_MEMORY_DAYS = 45.0  # and in shares and widths
SHORT_LEADS = 2  # every second slot is also forecast from 1 slot to a day before


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectModel:
    """A linear quantile model of the deviation from the seasonal mean [kW^0.5], and the mix it is part of."""

    linear: LinearQuantiles
    mix: Mix

    @property
    def knows_temperature(self) -> bool:
        """Whether the linear model looks at outdoor temperatures; the other parts of the mix never do."""
        return len(self.linear.centre) > FEATURE_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePart:
    """Out-of-fold tree forecasts of each slot of a history: values (n,), their error table and correction."""

    z: FloatArray
    errors: FloatArray
    table: ErrorTable
    correction: Correction

    def quantiles(self, slot_s: int, slot_of_day: IntArray, target: IntArray, lead: IntArray) -> FloatArray:
        """Quantiles (levels, n) of the slots `target` as they would have been `lead` slots before."""
        shift = intraday.shifts(self.correction, self.errors, slot_s, target, lead)
        left = np.interp(lead * slot_s / 3600, self.correction.leads_h, self.correction.left_share)
        return tree_quantiles(self.table, self.z[target] + shift, slot_of_day[target], left)


def tree_quantiles(table: ErrorTable, z: FloatArray, slot_of_day: IntArray, left: FloatArray) -> FloatArray:
    """Quantiles (levels, n) around model values (n,), with the errors of the time of day shrunk to `left`."""
    middle = table.quantiles[MEDIAN][slot_of_day]
    return np.asarray(z + middle + (table.quantiles[:, slot_of_day] - middle) * left)


def train_direct(
    history: Series,
    slots: LocalSlots,
    calendar: Calendar,
    trees: TreePart,
    seed: int,
    *,
    temperature: TemperatureSeries | None = None,
) -> DirectModel:
    """The direct model of a history whose slots lie at `slots` in the local calendar."""
    target, lead = _rows(history, slots, trees, seed)
    seen = direct_inputs(history, calendar, target, lead, temperature)
    root = np.sqrt(np.maximum(history.values_kw[target], 0.0))
    off, age_days = root - seen.seasonal, (len(history.values_kw) - target) / slots.slots_per_day
    weights = np.exp(-age_days / MEMORY_DAYS)
    out_of_fold = np.empty((len(QUANTILES), len(target)))
    edges = np.quantile(target, np.arange(1, FOLDS) / FOLDS)
    fold = np.searchsorted(edges, target, side="right")
    for k in range(FOLDS):
        rest, own = fold != k, fold == k
        found = linear_quantiles.fit(seen.features[rest], off[rest], weights[rest], QUANTILES)
        out_of_fold[:, own] = found.predict(seen.features[own])
    candidates = Candidates(
        boosted=trees.quantiles(history.slot_s, slots.slot_of_day, target, lead),
        linear=np.maximum(out_of_fold + seen.seasonal, 0.0),
        seasonal=_seasonal(history, slots, calendar.timezone)[:, target],
        lead_h=lead * history.slot_s / 3600,
    )
    weights_of_mix = np.exp(-age_days / MIX_MEMORY_DAYS)
    return DirectModel(
        linear=linear_quantiles.fit(seen.features, off, weights, QUANTILES),
        mix=quantile_mix.fit(candidates, root, weights_of_mix, slots.slot_of_day[target], slots.slots_per_day),
    )


def direct_quantiles(
    model: DirectModel,
    history: Series,
    ahead_kw: FloatArray,
    *,
    calendar: Calendar,
    slots: LocalSlots,
    boosted: FloatArray,
    seasonal: FloatArray,
    temperature: TemperatureSeries | None = None,
) -> FloatArray:
    """Mixed quantiles (levels, n) [kW] of the last n of the slots that follow the history.

    `ahead_kw` are expected powers of all slots after the history: they stand for what is not known when a slot
    lies more than a day ahead. `boosted` and `seasonal` (levels, n) are square roots of power. A model trained with
    temperatures takes those it is not given for the usual ones.
    """
    n, known = boosted.shape[1], len(history.values_kw)
    filled = Series(
        start_epoch_s=history.start_epoch_s,
        slot_s=history.slot_s,
        values_kw=np.concatenate([history.values_kw, ahead_kw]),
    )
    # all slots after the history are looked at, so that a slot gets the same numbers whatever else is asked for
    target = np.arange(known, known + len(ahead_kw))
    lead = np.minimum(target - known + 1, DAY_S // history.slot_s)
    seen = direct_inputs(filled, calendar, target, lead, _temperature_of(model, temperature))
    linear = np.maximum(model.linear.predict(seen.features) + seen.seasonal, 0.0)
    candidates = Candidates(
        boosted=np.maximum(boosted, 0.0),
        linear=linear[:, -n:],
        seasonal=seasonal,
        lead_h=(target[-n:] - known + 1) * history.slot_s / 3600,
    )
    return np.asarray(np.maximum(quantile_mix.apply(model.mix, candidates, slots.slot_of_day), 0.0) ** 2)


def _temperature_of(model: DirectModel, given: TemperatureSeries | None) -> TemperatureSeries | None:
    """The temperatures that the model looks at, none of them known when none are given; None: it looks at none."""
    if not model.knows_temperature:
        return None
    return UNKNOWN_TEMPERATURE if given is None else given


def _rows(history: Series, slots: LocalSlots, trees: TreePart, seed: int) -> tuple[IntArray, IntArray]:
    """Targets and leads (n,) to learn from: each usable slot as from midnight, every second also from later."""
    usable = ~np.isnan(history.values_kw) & ~np.isnan(trees.z)
    usable[: 2 * slots.slots_per_day] = False
    target = np.flatnonzero(usable)
    later = target[::SHORT_LEADS]
    random = np.random.default_rng(seed)
    short = np.exp(random.uniform(0.0, np.log(slots.slots_per_day), len(later))).astype(np.int64)
    lead = np.concatenate([slots.slot_of_day[target] + 1, np.maximum(short, 1)])
    return np.concatenate([target, later]), lead


def _seasonal(history: Series, slots: LocalSlots, timezone: str) -> FloatArray:
    """Quantiles (levels, n) of the same local time on the days before each slot, square roots of power."""
    past = weighted_past(Past(day_grid(history, timezone), slots), slots, "load", hours=1)
    return np.sqrt(np.maximum(weighted_quantiles(past, QUANTILES), 0.0))
