"""Rollout: model values from a day before the issue of a forecast to its last slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hems.forecasting.features import LOOK_BACK_DAYS
from hems.forecasting.inputs import blend, inputs
from hems.forecasting.local_days import Calendar, LocalSlots, utc_offset_s
from hems.forecasting.model import BoostedModel
from hems.forecasting.series import DAY_S, FloatArray, Series
from hems.forecasting.target import to_power


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Uncorrected model values `z` (n,) of consecutive slots, with their place in the calendar."""

    z: FloatArray
    slots: LocalSlots

    def cut(self, window: slice) -> Rollout:
        """The slots of a window."""
        return Rollout(z=self.z[window], slots=self.slots.cut(window))


def rollout(model: BoostedModel, history: Series, n: int, calendar: Calendar) -> Rollout:
    """The day before the end of `history` and the `n` slots after it, as seen a day or less before.

    A slot whose lags lie after the issue sees the predicted powers of earlier slots in their place.
    """
    slot_s, issue, passed = model.slot_s, history.end_epoch_s, DAY_S // model.slot_s
    known = history.since(issue - (LOOK_BACK_DAYS + 2) * DAY_S)
    slots = calendar.slots(issue - DAY_S, slot_s, passed + n)
    step = _known_lag_slots(issue, model)
    ends = [*range(passed + step, passed + n, step), passed + n]
    parts: list[FloatArray] = []
    for first, last in zip([0, *ends], ends, strict=False):
        part = _uncorrected(model, known, slots.cut(slice(first, last)))
        ahead = to_power(part)[max(passed - first, 0) :]
        values = np.concatenate([known.values_kw, ahead])
        known = Series(start_epoch_s=known.start_epoch_s, slot_s=slot_s, values_kw=values)
        parts.append(part)
    return Rollout(z=np.concatenate(parts), slots=slots)


def _uncorrected(model: BoostedModel, known: Series, slots: LocalSlots) -> FloatArray:
    seen = inputs(known, slots, timezone=model.timezone)
    return blend(model.trees.predict(seen.features), seen.seasonal, model.seasonal_weight)


def _known_lag_slots(issue_epoch_s: int, model: BoostedModel) -> int:
    """Slots after the issue whose same local slot of the day before is over by then (fewer in spring)."""
    offsets = [utc_offset_s(issue_epoch_s + k * DAY_S, model.timezone) for k in (-1, 0, 1)]
    jump_s = max(0, offsets[1] - offsets[0], offsets[2] - offsets[1])
    return (DAY_S - jump_s) // model.slot_s
