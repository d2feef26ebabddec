"""PvModel: a roof found from its meter, and how much wider or narrower its forecasts must be to be honest."""

from __future__ import annotations

from dataclasses import dataclass

from hems.forecasting.pv.array import PvArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PvModel:
    """What training finds about one roof.

    `lower` and `upper` multiply the distance of quantiles below and above the median; `max_kw` is the largest
    power measured, `trained_until_epoch_s` the end of the history.
    """

    slot_s: int
    timezone: str
    trained_until_epoch_s: int
    max_kw: float
    array: PvArray
    lower: float
    upper: float
