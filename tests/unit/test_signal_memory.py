"""What sensors showed, remembered by slot, and what they are expected to show."""

import numpy as np
import pytest

from hems.control.signal_memory import KEEP_DAYS, Sensed, SignalMemory
from hems.forecasting.series import DAY_S
from tests.fakes import START_S, idle, image

MIDNIGHT_S = START_S - START_S % DAY_S


def test_a_sensor_is_expected_to_show_tomorrow_what_it_showed_today() -> None:
    memory = SignalMemory(3600)
    for hour in range(24):
        memory.learn(image({"zone": idle(outdoor_temp_c=float(hour))}, at_s=MIDNIGHT_S + 3600 * hour))
    expected = memory.expected(MIDNIGHT_S + DAY_S + 22 * 3600, 4)
    assert expected["zone.outdoor_temp_c"].tolist() == [22.0, 23.0, 0.0, 1.0]


def test_a_time_of_day_that_was_never_seen_takes_the_nearest_earlier_one_around_midnight_too() -> None:
    memory = SignalMemory(3600)
    for hour in (6, 18):
        memory.learn(image({"lamp": idle(daylight_lux=100.0 * hour)}, at_s=MIDNIGHT_S + 3600 * hour))
    lux = memory.expected(MIDNIGHT_S, 24)["lamp.daylight_lux"]
    assert lux.tolist() == [1800.0] * 6 + [600.0] * 12 + [1800.0] * 6


def test_the_newest_value_of_a_time_of_day_counts_and_sensors_are_kept_apart() -> None:
    memory = SignalMemory(900)
    memory.learn(image({"a": idle(outdoor_temp_c=5.0), "b": idle(outdoor_temp_c=9.0)}))
    memory.learn(image({"a": idle(outdoor_temp_c=7.0), "b": idle()}, at_s=START_S + DAY_S))
    found = {name: values.tolist() for name, values in memory.expected(START_S, 1).items()}
    assert found == {"a.outdoor_temp_c": [7.0], "b.outdoor_temp_c": [9.0]}


def warm_week(memory: SignalMemory, days: int = 7) -> None:
    """Each day a degree warmer than the one before, with the same course."""
    for hour in range(24 * days):
        temp_c = 10.0 + hour // 24 + 5.0 * np.sin(hour % 24 / 24 * 2 * np.pi)
        memory.learn(image({"zone": idle(outdoor_temp_c=float(temp_c))}, at_s=MIDNIGHT_S + 3600 * hour))


def test_temperature_follows_the_level_of_the_last_day_not_only_the_hours_of_yesterday() -> None:
    memory = SignalMemory(3600)
    warm_week(memory)
    expected = memory.expected(MIDNIGHT_S + 7 * DAY_S, 24)["zone.outdoor_temp_c"]
    yesterday = 16.0 + 5.0 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    assert np.abs(expected - yesterday).max() < 1.5
    assert memory.expected(MIDNIGHT_S + 3 * DAY_S, 24)["zone.outdoor_temp_c"].mean() < expected.mean() - 2.0


def office(memory: SignalMemory, monday: int) -> None:
    """Three weeks with people from 8 to 17 on workdays."""
    for hour in range(24 * 21):
        is_in = hour // 24 % 7 < 5 and 8 <= hour % 24 < 17
        seen = idle(required_lux=500.0 if is_in else 0.0, daylight_lux=100.0)
        memory.learn(image({"lamp": seen}, at_s=monday + 3600 * hour))


def test_light_is_needed_on_workdays_and_not_on_weekends_and_holidays_of_an_office() -> None:
    monday = 1_704_067_200  # 2024-01-01T00:00:00Z
    memory, told = SignalMemory(3600), SignalMemory(3600, holidays=frozenset([monday // DAY_S + 21]))
    for one in (memory, told):
        office(one, monday)
    assert told.expected(monday + 21 * DAY_S, 24)["lamp.required_lux"].max() < 100.0
    workday = memory.expected(monday + 21 * DAY_S, 24)["lamp.required_lux"]
    saturday = memory.expected(monday + 19 * DAY_S, 24)["lamp.required_lux"]
    assert workday[10] == pytest.approx(500.0) and workday[3] == pytest.approx(0.0)
    assert saturday.max() < 100.0  # two Saturdays against many workdays


def test_outdoor_temperature_is_the_mean_of_all_sensors_slot_by_slot_until_now() -> None:
    memory = SignalMemory(3600)
    assert memory.outdoor(MIDNIGHT_S) is None
    memory.learn(image({"a": idle(outdoor_temp_c=4.0), "b": idle(outdoor_temp_c=6.0)}, at_s=MIDNIGHT_S))
    memory.learn(image({"a": idle(outdoor_temp_c=8.0), "lamp": idle(daylight_lux=9.0)}, at_s=MIDNIGHT_S + 2 * 3600))
    memory.learn(image({"a": idle(outdoor_temp_c=9.0)}, at_s=MIDNIGHT_S + 3 * 3600))
    known = memory.outdoor(MIDNIGHT_S + 3 * 3600)
    assert known is not None and known.start_s == MIDNIGHT_S
    assert known.values_c[[0, 2]].tolist() == [5.0, 8.0] and np.isnan(known.values_c[1]) and len(known.values_c) == 3


def test_each_ended_slot_is_told_once_and_a_restart_knows_what_was_told() -> None:
    memory, told = SignalMemory(3600), list[Sensed]()
    for minute in range(0, 48 * 60, 20):
        seen = idle(outdoor_temp_c=float(minute // 60 % 24))
        told += memory.learn(image({"zone": seen}, at_s=MIDNIGHT_S + 60 * minute))
    assert [row.slot_s for row in told] == [MIDNIGHT_S + 3600 * hour for hour in range(47)]
    restarted = SignalMemory(3600)
    restarted.restore(told)
    start_s = MIDNIGHT_S + 47 * 3600
    expected, again = (one.expected(start_s, 24)["zone.outdoor_temp_c"] for one in (memory, restarted))
    assert expected.tolist() == again.tolist()


def test_what_is_older_than_the_history_of_the_load_is_forgotten() -> None:
    memory = SignalMemory(3600)
    for day in (0, KEEP_DAYS + 1, KEEP_DAYS + 2):
        memory.learn(image({"zone": idle(outdoor_temp_c=float(day))}, at_s=MIDNIGHT_S + day * DAY_S))
    assert min(memory._seen["zone.outdoor_temp_c"]) == MIDNIGHT_S + (KEEP_DAYS + 1) * DAY_S
