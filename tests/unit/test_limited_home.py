"""A home under the network operator's limit: plans, bids and commands keep to it, at once and until it ends."""

import numpy as np
import pytest

from hems.control.energy_manager import EnergyManager, Settings
from hems.control.grid_limit import GridLimit, GridRule, GridSignal, GridState, InForce
from hems.control.history import History
from hems.control.home_loop import HomeLoop, Timing
from hems.control.house_view.notices import Contact, NoticeCode, notices
from hems.control.live_outlook import LiveOutlook
from hems.metering.image import SiteImage
from hems.planning.planner import Planner
from hems.site.tariff import DailyPrices
from tests.fakes import BATTERY, START_S, FailingPlanner, FakeOutlooks, home, idle, image, slot

OF = home(BATTERY)
CHEAP_NOW = FakeOutlooks(retail=np.r_[np.full(4, 0.1), np.full(400, 0.5)])
THERE = image({"battery": idle(soc=0.5)}, base_w=1000.0)
LIMIT = GridSignal(heard_s=START_S + 20, import_kw=1.5, until_s=START_S + 600)


class House:
    """A home loop whose connection is limited by a wire."""

    def __init__(self, planner: Planner | None = None) -> None:
        history = History(slot_minutes=15)
        self.limit = GridLimit(GridRule(heartbeat_s=None), START_S)
        self.manager = EnergyManager(OF, CHEAP_NOW, settings=Settings(horizon_slots=16), planner=planner)
        self.loop = HomeLoop(
            self.manager,
            history,
            LiveOutlook(history, DailyPrices(0.3, 0.1, (), "UTC"), timezone="UTC", slot_s=900),
            Timing(tick_s=20, plan_lead_s=120),
            token=1,
            trades=False,
            grid=self.limit,
        )

    def charge_w(self, after_s: int, there: SiteImage = THERE) -> int:
        """What the battery is told after so many seconds [W]."""
        return self.loop.step(START_S + after_s, there).leases["battery"].power_w


def test_a_limit_holds_for_commands_and_plans_until_it_ends() -> None:
    house = House()
    full_w = house.charge_w(0)
    assert full_w > 500
    house.limit.hear(LIMIT)
    assert house.loop.is_limited_anew(START_S + 20) and house.loop.needs_image(START_S + 20)
    assert house.charge_w(20) <= 500
    assert house.manager.plan is not None and house.manager.plan.grid_kw[0] <= 1.5 + 1e-6
    assert house.loop.decision is not None
    assert "The network operator allows 1.5 kW from the grid." in house.loop.decision.setpoints[0].why.text
    assert house.loop.next_wake_s(START_S + 590) == START_S + 600
    assert not house.loop.is_limited_anew(START_S + 599)
    assert house.charge_w(600) == full_w


def test_the_leases_within_a_new_limit_do_not_wait_for_a_plan() -> None:
    house = House()
    full_w = house.charge_w(0)
    plans = house.manager.plans
    house.limit.hear(LIMIT)
    assert house.loop.limited(START_S + 20, THERE)["battery"].power_w == 500 < full_w
    assert house.manager.plans == plans and house.loop.is_limited_anew(START_S + 20)


def test_a_limit_below_the_load_of_the_house_is_met_from_the_battery() -> None:
    house = House()
    house.limit.hear(GridSignal(heard_s=START_S, import_kw=0.2))
    assert house.charge_w(0) == pytest.approx(-800, abs=1)


def test_a_home_that_cannot_plan_keeps_to_the_limit_all_the_same() -> None:
    house = House(FailingPlanner())
    house.limit.hear(GridSignal(heard_s=START_S, import_kw=1.0, export_kw=0.0))
    assert house.charge_w(0, image({"battery": idle(soc=0.2)}, base_w=1000.0)) <= 0
    assert house.loop.decision is not None and house.loop.decision.rung != "plan"


def test_what_is_bid_for_the_next_slot_is_within_the_limit() -> None:
    house = House()
    free = house.manager.prepare(START_S, slot(), THERE, None).net_wh
    house.manager.limit(InForce(state=GridState.LIMITED, import_kw=1.5))
    limited = house.manager.prepare(START_S, slot(), THERE, None).net_wh
    assert max(limited[:8]) <= 375 < max(free[:8]), "1.5 kW for a quarter of an hour"


def test_the_household_is_told() -> None:
    def codes(grid: InForce) -> list[NoticeCode]:
        found = notices(START_S, None, contact=Contact(), silent_since_s=None, slot_s=900, grid=grid)
        return [notice.code for notice in found]

    assert codes(InForce()) == []
    assert codes(InForce(state=GridState.LIMITED, import_kw=4.2)) == [NoticeCode.GRID_LIMITED]
    assert codes(InForce(state=GridState.FAILSAFE, import_kw=4.2)) == [NoticeCode.GRID_FAILSAFE]
