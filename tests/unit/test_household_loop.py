"""A change by the household reaches leases and orders with the next step."""

import numpy as np
import pytest

from hems.control.energy_manager import EnergyManager, Settings
from hems.control.history import History
from hems.control.home_loop import Actions, HomeLoop, Timing
from hems.control.household.changes import Change
from hems.control.household.household import Household
from hems.control.live_outlook import LiveOutlook
from hems.metering.image import SiteImage, Stay
from hems.site.home import Home
from hems.site.tariff import DailyPrices
from tests.fakes import BATTERY, CAR, START_S, FakeOutlooks, home, idle, image
from tests.unit.test_household import Memory

STAY = Stay(energy_needed_wh=3000, departure_s=START_S + 3 * 3600)
CHEAP_LATER = FakeOutlooks(retail=np.r_[np.full(8, 0.5), np.full(400, 0.1)])


class House:
    """A home loop with its household, on a clock that the test moves."""

    def __init__(self, of: Home, *, trades: bool = False) -> None:
        self.now_s = START_S
        history = History(slot_minutes=15)
        self.household = Household(of, Memory(), now=lambda: self.now_s)
        self.loop = HomeLoop(
            EnergyManager(of, CHEAP_LATER, settings=Settings(horizon_slots=16)),
            history,
            LiveOutlook(history, DailyPrices(0.3, 0.1, (), "UTC"), timezone="UTC", slot_s=900),
            Timing(tick_s=20, plan_lead_s=120),
            token=1,
            trades=trades,
            household=self.household,
        )

    def step(self, after_s: int, there: SiteImage) -> Actions:
        self.now_s = START_S + after_s
        return self.loop.step(self.now_s, there)


HOUSE = home(BATTERY, CAR)
THERE = image({"battery": idle(soc=0.5), "car": idle(stay=STAY)})


def test_an_override_reaches_the_lease_with_the_next_step_and_ends_by_itself() -> None:
    house = House(HOUSE)
    assert house.step(0, THERE).leases["car"].power_w == 0
    house.household.override("car", "on", until_s=START_S + 300, by="page")
    actions = house.step(20, THERE)
    assert actions.leases["car"].power_w == 4000 and actions.leases["car"].valid_until_epoch_s == START_S + 80
    assert actions.decision is not None
    assert {s.device: s.why.code for s in actions.decision.setpoints}["car"] == "manual"
    assert house.loop.next_wake_s(START_S + 290) == START_S + 300
    after = house.step(300, THERE)
    assert after.leases["car"].power_w == 0 and after.decision is not None
    assert {s.device: s.why.code for s in after.decision.setpoints}["car"] == "waiting"


def test_a_cancelled_override_ends_with_the_next_step() -> None:
    house = House(HOUSE)
    house.household.override("car", "on", until_s=START_S + 3600, by="page")
    assert house.step(0, THERE).leases["car"].power_w == 4000
    house.household.cancel("car", by="page")
    assert house.step(20, THERE).leases["car"].power_w == 0


def test_manual_mode_lets_leases_end_and_keeps_those_of_overrides() -> None:
    house = House(HOUSE)
    house.household.change([Change(name="mode", value="manual")], by="page")
    house.household.override("battery", "give", power_kw=0.5, until_s=START_S + 600, by="page")
    leases = house.step(0, THERE).leases
    assert {name: lease.power_w for name, lease in leases.items()} == {"battery": -500}
    assert set(house.step(20, THERE).leases) == {"battery"}
    assert house.step(600, THERE).leases == {}


def test_nothing_set_means_nothing_planned_anew() -> None:
    house = House(HOUSE)
    assert house.step(0, THERE).decision is not None
    house.household.change([Change(name="mode", value="auto")], by="page")
    assert house.step(20, THERE).decision is None


def test_a_ready_by_time_plans_anew_at_once() -> None:
    house = House(home(CAR))
    there = image({"car": idle(stay=STAY)})
    assert house.step(0, there).leases["car"].power_w == 0
    house.household.change([Change(name="ready_by", device="car", value="08:45")], by="page")
    assert house.step(20, there).leases["car"].power_w == 4000


@pytest.mark.parametrize(("after_s", "is_ordered_anew"), [(800, True), (845, False)])
def test_an_override_before_the_gate_is_ordered_and_after_it_is_not(after_s: int, is_ordered_anew: bool) -> None:
    """The gate of the slot at 900 s is at 840 s, the home's turn 120 s before it."""
    house = House(home(CAR), trades=True)
    there = image({"car": idle(stay=STAY)})
    house.step(0, there)
    first = house.step(720, there).strategy
    assert first is not None and sum(step.energy_wh for step in first.steps if step.price_micro == 500_000) == 250
    house.household.override("car", "on", until_s=START_S + 1800, by="page")
    again = house.step(after_s, there).strategy
    assert (again is not None) == is_ordered_anew
    if again is not None:
        assert again.slot == first.slot
        assert sum(step.energy_wh for step in again.steps if step.price_micro == 500_000) == 1250


def test_without_a_new_image_a_change_still_asks_for_a_step() -> None:
    house = House(HOUSE)
    house.step(0, THERE)
    assert not house.loop.needs_image(START_S + 20)
    house.household.change([Change(name="mode", value="away")], by="page")
    assert house.loop.needs_image(START_S + 20)
