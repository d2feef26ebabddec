"""Training of a PvModel: the roof from the meter, then how honest its last four weeks of forecasts were."""

from __future__ import annotations

import numpy as np

from hems.forecasting.local_days import utc_offset_s
from hems.forecasting.model import NotEnoughHistoryError
from hems.forecasting.pv.array import PvArray
from hems.forecasting.pv.array_fit import fit_array
from hems.forecasting.pv.clearness import clearness
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.predict import distribution
from hems.forecasting.pv.sun import Place
from hems.forecasting.series import DAY_S, FloatArray, Series, SeriesError

MIN_DAYS = 10
FIT_DAYS = 366
TEST_DAYS = 28
LOWEST, HIGHEST = 0.1, 0.9  # the interval whose coverage is set right
PRIOR_HOURS = 100.0  # of errors against which a factor of one is believed
FACTOR_MIN, FACTOR_MAX = 0.6, 2.0
FITTED_SHARE = 1.05  # the roof was fitted with the tested days too: days to come are that much further off
LIT_SHARE = 0.1  # of the largest envelope: slots that are looked at
WIDTH_SHARE = 0.01  # of it: a narrower interval is not asked how far off it was


def train(history: Series, *, timezone: str, place: Place | None = None) -> PvModel:
    """A model of the generation of one roof; numpy only, about a second for a year.

    Raises: NotEnoughHistoryError below ten measured days or without light.
    """
    measured = ~np.isnan(history.values_kw)
    if np.count_nonzero(measured) < MIN_DAYS * DAY_S // history.slot_s:
        raise NotEnoughHistoryError(f"{measured.sum()} measured slots; {MIN_DAYS} days are needed")
    try:
        array = fit_array(
            history.since(history.end_epoch_s - FIT_DAYS * DAY_S),
            utc_offset_s=_winter_offset_s(history.end_epoch_s, timezone),
            place=place,
        )
    except SeriesError as error:
        raise NotEnoughHistoryError(str(error)) from error
    lower, upper = _factors(history, array)
    return PvModel(
        slot_s=history.slot_s,
        timezone=timezone,
        trained_until_epoch_s=history.end_epoch_s,
        max_kw=float(np.nanmax(history.values_kw)),
        array=array,
        lower=lower,
        upper=upper,
    )


def _winter_offset_s(epoch_s: int, timezone: str) -> int:
    return min(utc_offset_s(epoch_s - k * 91 * DAY_S, timezone) for k in range(4))


def _factors(history: Series, array: PvArray) -> tuple[float, float]:
    """Widths below and above the median with which one tenth of the last weeks lay outside on either side.

    Source: conformalised quantile regression, Romano, Patterson, Candes 2019, arXiv 1905.03222, as a factor.
    """
    below: list[FloatArray] = []
    above: list[FloatArray] = []
    per_day = DAY_S // history.slot_s
    for day in range(1, TEST_DAYS + 1):
        issue_s = history.end_epoch_s - day * DAY_S
        known = history.until(issue_s)
        if len(known.values_kw) < MIN_DAYS * per_day:
            break
        sky = clearness(known, array, per_day)
        levels, _, _ = distribution(sky, per_day)
        envelope = sky.envelope_kw[len(sky.share) :]
        measured = history.since(issue_s).values_kw[:per_day]
        use = (envelope > LIT_SHARE * envelope.max()) & ~np.isnan(measured)
        least = WIDTH_SHARE * envelope.max()
        middle = levels[0.5]
        below.append(((middle - measured) / np.maximum(middle - levels[LOWEST], least))[use])
        above.append(((measured - middle) / np.maximum(levels[HIGHEST] - middle, least))[use])
    return _factor(below, 3600 / history.slot_s), _factor(above, 3600 / history.slot_s)


def _factor(ratios: list[FloatArray], slots_per_hour: float) -> float:
    """The ratio that one tenth exceeds, drawn to one while there are few."""
    known = np.concatenate(ratios) if ratios else np.zeros(0)
    if len(known) == 0:
        return 1.0
    hours = len(known) / slots_per_hour
    factor = 1.0 + hours / (hours + PRIOR_HOURS) * (FITTED_SHARE * float(np.quantile(known, HIGHEST)) - 1.0)
    return min(max(factor, FACTOR_MIN), FACTOR_MAX)
