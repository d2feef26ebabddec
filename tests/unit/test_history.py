"""What a home has measured, slot by slot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.control.history import KEEP_DAYS, History, SlotMeans
from hems.metering.image import DeviceImage, SiteImage
from tests.fakes import START_S, image, slot

DAY_S = 86_400


def measured(base_w: float, available_w: float = 0.0) -> SiteImage:
    return image({"pv": DeviceImage(power_w=-available_w, available_w=available_w)}, base_w=base_w)


def filled(*base_w: float) -> History:
    """A history with one sample per slot from slot 0 on."""
    history = History(slot_minutes=15)
    for number, watts in enumerate(base_w):
        history.sample(slot(number), measured(watts))
    return history


def test_a_slot_ends_with_the_first_sample_of_the_next_and_has_the_mean_of_its_samples() -> None:
    history = History(slot_minutes=15)
    told = [
        history.sample(slot(0), measured(1000.0, 200.0)),
        history.sample(slot(0), measured(3000.0, 600.0)),
        history.sample(slot(1), measured(500.0)),
        history.sample(slot(1), measured(500.0)),
    ]
    assert told == [None, None, SlotMeans(slot(0), 2.0, 0.4), None]
    assert history.means == {START_S: (2.0, 0.4)}


def test_before_anything_is_measured_there_is_no_series() -> None:
    assert History(slot_minutes=15).series(START_S) is None


@given(st.lists(st.tuples(st.floats(0.0, 20_000.0), st.floats(0.0, 20_000.0)), min_size=1, max_size=20))
def test_the_running_slot_counts_as_it_would_if_it_ended_now(samples: list[tuple[float, float]]) -> None:
    history = History(slot_minutes=15)
    for base_w, available_w in samples:
        history.sample(slot(0), measured(base_w, available_w))
    found = history.series(START_S + 1)
    assert found is not None and history.means == {}
    ended = history.sample(slot(1), measured(0.0))
    assert ended is not None
    assert [series.values_kw.tolist() for series in found] == [[ended.base_kw], [ended.pv_kw]]


def test_a_kettle_at_the_last_look_is_not_the_whole_running_slot() -> None:
    history = filled(300.0)
    for watts in (300.0, 300.0, 3300.0):  # beside the first 300
        history.sample(slot(0), measured(watts))
    found = history.series(START_S + 1)
    assert found is not None and found[0].values_kw[-1] == pytest.approx(1.05)


def test_the_running_slot_is_not_known_at_its_own_start() -> None:
    assert filled(1000.0).series(START_S) is None
    found = filled(1000.0, 2000.0).series(slot(1).start_s)
    assert found is not None and found[0].values_kw.tolist() == [1.0]


def test_slots_that_nobody_measured_are_holes_not_zeros() -> None:
    history = History(slot_minutes=15)
    for number in (0, 3, 4):
        history.sample(slot(number), measured(1000.0 * number, 100.0))
    found = history.series(slot(9).start_s)
    assert found is not None
    load, generation = found
    assert np.array_equal(load.values_kw, [0.0, np.nan, np.nan, 3.0, 4.0], equal_nan=True)
    assert np.array_equal(generation.values_kw, [0.1, np.nan, np.nan, 0.1, 0.1], equal_nan=True)
    assert (load.start_epoch_s, load.slot_s) == (generation.start_epoch_s, generation.slot_s) == (START_S, 900)


def test_stored_means_and_new_ones_make_one_series() -> None:
    history = History(slot_minutes=15)
    history.load([SlotMeans(slot(-2), 0.5, 0.0), SlotMeans(slot(-1), 0.7, 0.1)])
    history.sample(slot(0), measured(900.0))
    found = history.series(slot(1).start_s)
    assert found is not None
    assert found[0].start_epoch_s == slot(-2).start_s
    assert found[0].values_kw.tolist() == pytest.approx([0.5, 0.7, 0.9])


def test_of_two_means_for_one_slot_the_later_one_counts_wherever_it_is_in_time() -> None:
    history = History(slot_minutes=15)
    history.load([SlotMeans(slot(-1), 0.7, 0.1), SlotMeans(slot(-3), 0.5, 0.0), SlotMeans(slot(-1), 0.9, 0.2)])
    history.load([SlotMeans(slot(-3), 0.6, 0.0)])
    assert history.means == {slot(-3).start_s: (0.6, 0.0), slot(-1).start_s: (0.9, 0.2)}
    history.sample(slot(-3), measured(800.0))  # the clock was set back
    history.sample(slot(0), measured(900.0))
    assert history.slots == 2 and history.means[slot(-3).start_s][0] == 0.8


def test_what_is_older_than_the_kept_days_is_forgotten() -> None:
    history = History(slot_minutes=15)
    day = 96
    history.load(SlotMeans(slot(-KEEP_DAYS * day + shift), 1.0, 0.0) for shift in (-1, 0, 1))
    history.sample(slot(0), measured(900.0))
    history.sample(slot(1), measured(900.0))
    assert sorted(history.means) == [START_S - KEEP_DAYS * DAY_S, START_S - KEEP_DAYS * DAY_S + 900, START_S]


def test_reading_the_series_changes_nothing() -> None:
    history = filled(1000.0, 2000.0, 3000.0)
    first, second = history.series(slot(3).start_s), history.series(slot(3).start_s)
    assert first is not None and second is not None
    assert first[0].values_kw.tolist() == second[0].values_kw.tolist() == [1.0, 2.0, 3.0]
