"""Intraday correction: found on errors that persist, absent on errors that do not."""

import numpy as np

from hems.forecasting.correction import NO_CORRECTION, Correction, fit, left_share, path

QUARTER = 900


def persistent_errors(memory_slots: float, n: int = 96 * 40) -> np.ndarray:
    random = np.random.default_rng(3)
    keep = np.exp(-1 / memory_slots)
    errors = np.zeros(n)
    for k in range(1, n):
        errors[k] = keep * errors[k - 1] + random.normal()
    return errors


def test_path_fades_from_the_mean_of_the_last_hour_by_hand() -> None:
    correction = Correction(
        hour_gain=0.5,
        hour_fade_h=1.0,
        day_gain=0.0,
        day_fade_h=24.0,
        leads_h=np.asarray([1.0]),
        left_share=np.asarray([0.8]),
    )
    shift = path(correction, np.asarray([9.0, 1.0, np.nan, 2.0, 3.0]), QUARTER, 8)
    assert np.isclose(shift[3], 0.5 * np.exp(-1.0) * 2.0)
    assert np.isclose(shift[7], 0.5 * np.exp(-2.0) * 2.0)
    assert left_share(correction, QUARTER, 2).tolist() == [0.8, 0.8]


def test_errors_with_memory_are_corrected_most_in_the_first_hour() -> None:
    found = fit(persistent_errors(12.0), QUARTER)
    assert found.hour_gain > 0.5
    assert found.left_share[0] < 0.75 < found.left_share[-1] <= 1.0


def test_errors_without_memory_are_left_alone() -> None:
    found = fit(np.random.default_rng(4).normal(size=96 * 40), QUARTER)
    assert found.hour_gain < 0.1 and found.day_gain < 0.5
    assert (found.left_share > 0.97).all()


def test_alternating_errors_do_not_give_a_negative_gain() -> None:
    errors = np.where(np.arange(96 * 20) // 4 % 2 == 0, 1.0, -1.0).astype(np.float64)
    found = fit(errors, QUARTER)
    assert 0.0 <= found.hour_gain <= 1.0 and 0.0 <= found.day_gain <= 1.0


def test_too_few_or_unknown_errors_give_no_correction() -> None:
    assert fit(np.zeros(96), QUARTER) is NO_CORRECTION
    assert fit(np.full(96 * 30, np.nan), QUARTER) is NO_CORRECTION
    assert (path(NO_CORRECTION, np.full(96, np.nan), QUARTER, 4) == 0.0).all()
