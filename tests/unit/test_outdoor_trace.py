"""The outdoor temperature of a running home: means of its slots, holes where no sensor told, kept over restarts."""

import numpy as np

from hems.control.outdoor_trace import KEEP_DAYS, OutdoorTrace
from tests.fakes import START_S, idle, image

SLOT_S = 900


def test_a_slot_is_the_mean_of_its_readings_over_all_sensors() -> None:
    trace = OutdoorTrace(SLOT_S)
    assert trace.series(START_S + SLOT_S) is None
    assert trace.learn(image({"zone": idle(outdoor_temp_c=4.0), "room": idle(outdoor_temp_c=6.0)})) is None
    assert trace.learn(image({"zone": idle(outdoor_temp_c=8.0)}, at_s=START_S + 600)) is None
    assert trace.learn(image({"zone": idle(outdoor_temp_c=1.0)}, at_s=START_S + SLOT_S)) == (START_S, 6.5)
    found = trace.series(START_S + 2 * SLOT_S)
    assert found is not None and found.start_s == START_S and found.values_c.tolist() == [6.5, 1.0]
    before = trace.series(START_S + SLOT_S)
    assert before is not None and before.values_c.tolist() == [6.5]


def test_slots_without_a_sensor_are_holes() -> None:
    trace = OutdoorTrace(SLOT_S)
    trace.learn(image({"zone": idle(outdoor_temp_c=4.0)}))
    assert trace.learn(image({"zone": idle()}, at_s=START_S + SLOT_S)) == (START_S, 4.0)
    assert trace.learn(image({"zone": idle(outdoor_temp_c=5.0)}, at_s=START_S + 2 * SLOT_S)) is None
    found = trace.series(START_S + 3 * SLOT_S)
    assert found is not None and np.array_equal(found.values_c, [4.0, np.nan, 5.0], equal_nan=True)


def test_stored_slots_are_taken_up_and_old_ones_dropped() -> None:
    trace = OutdoorTrace(SLOT_S)
    trace.load([(START_S - (KEEP_DAYS + 1) * 86_400, 30.0), (START_S - SLOT_S, 3.0)])
    trace.learn(image({"zone": idle(outdoor_temp_c=4.0)}))
    trace.learn(image({"zone": idle(outdoor_temp_c=4.0)}, at_s=START_S + SLOT_S))
    found = trace.series(START_S + SLOT_S)
    assert found is not None and found.values_c.tolist() == [3.0, 4.0]
