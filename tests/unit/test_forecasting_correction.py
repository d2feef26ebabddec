"""Intraday correction: found on errors that persist, absent on errors that do not."""

import numpy as np
import pytest

from hems.forecasting.correction import NO_CORRECTION, Correction, fit, left_share, path

QUARTER = 900


def persistent_errors(memory_slots: float, n: int = 96 * 40) -> np.ndarray:
    random = np.random.default_rng(3)
    keep = np.exp(-1 / memory_slots)
    errors = np.zeros(n)
    for k in range(1, n):
        errors[k] = keep * errors[k - 1] + random.normal()
    return errors


def test_path_fades_from_the_last_slot_and_hour_by_hand() -> None:
    correction = Correction(
        gains=np.asarray([0.25, 0.5, 0.0]),
        fades_h=np.asarray([0.5, 1.0, 24.0]),
        leads_h=np.asarray([1.0]),
        left_share=np.asarray([0.8]),
    )
    shift = path(correction, np.asarray([9.0, 1.0, np.nan, 2.0, 3.0]), QUARTER, 8)
    assert np.isclose(shift[3], 0.25 * np.exp(-2.0) * 3.0 + 0.5 * np.exp(-1.0) * 2.0)
    assert np.isclose(shift[7], 0.25 * np.exp(-4.0) * 3.0 + 0.5 * np.exp(-2.0) * 2.0)
    assert left_share(correction, QUARTER, 2).tolist() == [0.8, 0.8]


def test_errors_with_memory_are_corrected_most_in_the_first_hour() -> None:
    found = fit(persistent_errors(12.0), QUARTER)
    assert found.gains[:2].sum() > 0.5
    assert found.left_share[0] < 0.75 < found.left_share[-1] <= 1.0


def test_steps_of_an_hour_are_followed_by_their_last_slot() -> None:
    errors = np.repeat(np.random.default_rng(5).normal(size=24 * 40), 4)
    found = fit(errors, QUARTER)
    assert found.gains[0] > 2 * found.gains[1]
    assert found.left_share[0] < 0.8


@pytest.mark.parametrize("slot_s", [300, 900, 1800, 3600])
def test_the_correction_never_adds_to_the_error_that_it_was_fitted_to(slot_s: int) -> None:
    found = fit(persistent_errors(3600 * 3 / slot_s, 86_400 // slot_s * 20), slot_s)
    assert (found.left_share <= 1.0).all() and found.left_share[0] < 0.95


def test_errors_without_memory_are_left_alone() -> None:
    found = fit(np.random.default_rng(4).normal(size=96 * 40), QUARTER)
    assert found.gains[:2].sum() < 0.1 and found.gains[2] < 0.5
    assert (found.left_share > 0.97).all()


def test_alternating_errors_do_not_give_a_negative_gain() -> None:
    errors = np.where(np.arange(96 * 20) // 4 % 2 == 0, 1.0, -1.0).astype(np.float64)
    found = fit(errors, QUARTER)
    assert ((found.gains >= 0.0) & (found.gains <= 1.0)).all()


def test_too_few_or_unknown_errors_give_no_correction() -> None:
    assert fit(np.zeros(96), QUARTER) is NO_CORRECTION
    assert fit(np.full(96 * 30, np.nan), QUARTER) is NO_CORRECTION
    assert (path(NO_CORRECTION, np.full(96, np.nan), QUARTER, 4) == 0.0).all()
