"""The planning problem of a home: when the programme of an appliance may run."""

import numpy as np
import pytest

from hems.metering.image import DeviceImage
from hems.planning.device import Appliance
from hems.planning.home_problem import home_problem
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.site.home import ApplianceUnit
from tests.fakes import START_S, FakeOutlooks, home, idle, image

NIGHT = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 1.0), earliest_hour=22.0, latest_end_hour=6.0)


def problem(unit: ApplianceUnit, *, hour: float, seen: DeviceImage | None = None, slots: int = 96) -> Problem:
    """The problem of a home in UTC from a local hour on; the fakes start at 8 o'clock."""
    start_s = START_S + round((hour - 8.0) * 3600)
    outlook = FakeOutlooks().outlook(start_s, start_s, slots)
    there = image({"washer": idle() if seen is None else seen}, at_s=start_s)
    return home_problem(home(unit), there, outlook, None)


def window(unit: ApplianceUnit, *, hour: float, slots: int = 96) -> tuple[int, int] | None:
    """The window of the planned programme in slots; None when it is not planned."""
    devices = problem(unit, hour=hour, slots=slots).devices
    if not devices:
        return None
    (device,) = devices
    assert isinstance(device, Appliance) and device.latest_end_slot is not None
    return device.earliest_slot, device.latest_end_slot


@pytest.mark.parametrize(
    ("hour", "slots", "found", "why"),
    [
        (8.0, 96, (56, 88), "the whole night lies ahead"),
        (22.0, 96, (0, 32), "the night begins"),
        (23.5, 96, (0, 26), "before midnight"),
        (24.0, 96, (0, 24), "at midnight"),
        (26.0, 96, (0, 16), "after midnight"),
        (29.5, 20, (0, 2), "just enough is left"),
        (29.75, 20, None, "too little is left"),
        (8.0, 40, None, "the night lies behind the horizon"),
        (8.0, 64, (56, 64), "the horizon ends in the night"),
    ],
)
def test_a_window_over_midnight_is_one_stretch_of_slots(
    hour: float, slots: int, found: tuple[int, int] | None, why: str
) -> None:
    assert window(NIGHT, hour=hour, slots=slots) == found, why


def test_a_window_inside_the_day_is_as_before() -> None:
    day = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 1.0), earliest_hour=9.0, latest_end_hour=11.0)
    assert [window(day, hour=hour) for hour in (8.0, 10.0, 11.0)] == [(4, 12), (0, 4), (88, 96)]


def test_a_programme_of_the_night_runs_in_the_night_and_whole() -> None:
    plan = Planner().plan(problem(NIGHT, hour=8.0))
    power_kw = plan.devices["washer"].power_kw
    running = np.flatnonzero(power_kw > 0.0)
    assert len(running) == 2 and running[0] >= 56 and running[-1] < 88
    assert power_kw[running].tolist() == pytest.approx([2.0, 1.0])


def test_a_programme_that_runs_at_midnight_goes_on() -> None:
    seen = DeviceImage(power_w=2000.0, running_since_s=START_S + 16 * 3600 - 900)
    (device,) = problem(NIGHT, hour=24.0, seen=seen).devices
    assert isinstance(device, Appliance) and device.running_since_slots == 1
