"""Finer slots from coarse means: mean kept, never negative, same seed same day, nights dark."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twin.disaggregate import disaggregate, finer
from twin.timeseries import HouseholdSeries

MEANS = arrays(
    np.float64,
    st.integers(1, 60),
    elements=st.one_of(st.just(0.0), st.floats(1e-9, 20.0, allow_subnormal=False)),
)


def quarters(means: np.ndarray, *, seed: int = 1, household: str = "home", kind: str = "load") -> np.ndarray:
    return disaggregate(means, slot_s=3600, fine_slot_s=900, seed=seed, household=household, kind=kind)


@given(
    means=MEANS,
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["load", "pv"]),
    slots=st.sampled_from([(3600, 900), (3600, 300), (1800, 900), (3600, 1200), (1800, 360)]),
)
def test_means_are_kept_and_nothing_is_negative(
    means: np.ndarray, seed: int, kind: str, slots: tuple[int, int]
) -> None:
    slot_s, fine_slot_s = slots
    fine = disaggregate(means, slot_s=slot_s, fine_slot_s=fine_slot_s, seed=seed, household="home", kind=kind)
    found = fine.reshape(len(means), -1).mean(axis=1)
    assert (np.abs(found - means) <= 1e-12 * means).all()
    assert (fine >= 0).all()


@given(means=MEANS, seed=st.integers(0, 10**6), kind=st.sampled_from(["load", "pv"]))
def test_same_seed_household_and_kind_give_the_same_slots(means: np.ndarray, seed: int, kind: str) -> None:
    assert (quarters(means, seed=seed, kind=kind) == quarters(means, seed=seed, kind=kind)).all()


def test_another_seed_household_or_kind_gives_other_slots() -> None:
    means = np.full(24, 1.0)
    variants = [
        quarters(means),
        quarters(means, seed=2),
        quarters(means, household="other"),
        quarters(means, kind="pv"),
    ]
    for k, one in enumerate(variants):
        assert all((one != other).any() for other in variants[k + 1 :])


def test_hours_without_generation_stay_without() -> None:
    day = np.concatenate([np.zeros(6), np.linspace(0.1, 3, 6), np.linspace(3, 0.1, 6), np.zeros(6)])
    fine = quarters(day, kind="pv").reshape(24, 4)
    assert (fine[day == 0] == 0).all() and (fine[day > 0] > 0).all()


def test_load_varies_within_the_hour_as_appliances_do() -> None:
    fine = quarters(np.full(24 * 60, 1.0)).reshape(-1, 4)
    assert 0.2 < fine.std(axis=1).mean() < 0.6
    assert fine.max() < 4.0


def test_dividing_by_one_changes_nothing() -> None:
    means = np.asarray([0.0, 1.5, 2.0])
    same = disaggregate(means, slot_s=900, fine_slot_s=900, seed=1, household="home", kind="load")
    assert (same == means).all()


def test_slots_that_do_not_divide_holes_and_unknown_kinds_are_refused() -> None:
    means = np.ones(3)
    for bad in (
        {"fine_slot_s": 700},
        {"fine_slot_s": 0},
        {"kind": "heat"},
        {"mean_kw": np.asarray([1.0, np.nan])},
        {"mean_kw": np.asarray([-1.0])},
    ):
        arguments = {"mean_kw": means, "fine_slot_s": 900, "kind": "load", **bad}
        with pytest.raises(ValueError):
            disaggregate(slot_s=3600, seed=1, household="home", **arguments)  # type: ignore[arg-type]


def test_household_keeps_its_energy_and_its_marks() -> None:
    hours = HouseholdSeries(
        start_epoch_s=7200,
        slot_s=3600,
        load_kw=np.asarray([1.0, 2.0]),
        pv_kw=np.asarray([0.0, 0.5]),
        filled=np.asarray([True, False]),
    )
    fine = finer(hours, fine_slot_s=900, seed=3, household="home")
    assert (fine.start_epoch_s, fine.slot_s, len(fine.load_kw)) == (7200, 900, 8)
    assert np.isclose(fine.load_kw.sum() / 4, 3.0) and np.isclose(fine.pv_kw.sum() / 4, 0.5)
    assert fine.filled.tolist() == [True] * 4 + [False] * 4
