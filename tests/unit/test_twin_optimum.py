"""The central optimum: hand-computed cases, what it asks for and what it does not."""

from dataclasses import replace

import numpy as np
import pytest

from hems.planning.device import Appliance, Battery, Ev
from hems.site.home import BatteryUnit, EvUnit, Home, PvUnit, Unit
from tests.twin_worlds import BATTERY, CAR, DISHWASHER, HEAT_PUMP, LAMPS, MONDAY_S, PV, small_world
from twin.optimum import community_optimum, community_problem
from twin.programmes import missed_runs, programmes
from twin.schemes.alone import run_unmanaged
from twin.world import CarStay, StoredEnergy, TwinHome, World
from wire.slots import Slot

H = 3600


def hourly_world(*homes: TwinHome, retail: list[float], feed_in: float = 0.1, extra: float = 0.1) -> World:
    """Some hours without history."""
    n = len(retail)
    return World(
        name="hours",
        first=Slot(MONDAY_S, 60),
        history_slots=0,
        warm_up_slots=0,
        counted_slots=n,
        homes=homes,
        retail_per_kwh=np.array(retail),
        feed_in_per_kwh=np.full(n, feed_in),
        stored=StoredEnergy(missing_per_kwh=0.4, extra_per_kwh=extra),
    )


def home(name: str, load: list[float], pv: list[float], *units: Unit, **more: object) -> TwinHome:
    return TwinHome(
        home=Home(meter=name, slot_minutes=60, units=units),
        load_kw=np.array(load),
        pv_kw=np.array(pv),
        **more,  # type: ignore[arg-type]
    )


def test_surplus_of_one_home_serves_another_before_the_grid() -> None:
    world = hourly_world(home("sun", [0.0], [3.0], PvUnit(id="pv")), home("dark", [2.0], [0.0]), retail=[0.3])
    found = community_optimum(world)
    assert found.cost == pytest.approx(-0.1) and found.bound == pytest.approx(-0.1)  # 1 kWh is left to feed in


def test_a_battery_moves_the_cheap_hour_to_the_dear_one_and_its_wear_is_on_no_bill() -> None:
    lossless = BatteryUnit(id="b", capacity_kwh=4.0, charge_kw_max=2.0, discharge_kw_max=2.0, wear_per_kwh=9.0)
    world = hourly_world(home("h", [1.0, 1.0], [0.0, 0.0], lossless, soc_initial={"b": 0.5}), retail=[0.2, 0.5])
    # 1 kWh bought at 0.2 for the second hour; one more would be worth 0.1 stored or fed in; the 2 kWh before stay
    assert community_optimum(world).cost == pytest.approx(2 * 0.2)


def test_stored_energy_left_at_the_end_is_worth_extra_and_less_of_it_costs_missing() -> None:
    lossless = BatteryUnit(id="b", capacity_kwh=4.0, charge_kw_max=2.0, discharge_kw_max=2.0)
    kept = home("h", [0.0], [1.0], PvUnit(id="pv"), lossless, soc_initial={"b": 0.5})
    assert community_optimum(hourly_world(kept, retail=[0.3], feed_in=0.05)).cost == pytest.approx(-0.1)
    used = home("h", [1.0], [0.0], lossless, soc_initial={"b": 0.5})
    assert community_optimum(hourly_world(used, retail=[0.3])).cost == pytest.approx(0.3)
    assert community_optimum(hourly_world(used, retail=[0.5])).cost == pytest.approx(0.4)
    assert community_optimum(hourly_world(used, retail=[0.5], extra=0.0)).cost == pytest.approx(0.4)


def test_a_car_is_charged_in_the_cheapest_hours_of_its_stay() -> None:
    stay = CarStay(arrival_s=MONDAY_S, departure_s=MONDAY_S + 3 * H, energy_kwh=6.0)
    car = home("h", [0.0] * 4, [0.0] * 4, EvUnit(id="ev", charge_kw_max=4.0), stays={"ev": (stay,)})
    world = hourly_world(car, retail=[0.3, 0.2, 0.25, 0.1])
    assert community_optimum(world).cost == pytest.approx(4 * 0.2 + 2 * 0.25)


def test_energy_that_full_power_could_not_give_is_not_asked_for() -> None:
    stay = CarStay(arrival_s=MONDAY_S + 1, departure_s=MONDAY_S + 2 * H, energy_kwh=99.0)
    car = home("h", [0.0] * 3, [0.0] * 3, EvUnit(id="ev", charge_kw_max=4.0), stays={"ev": (stay,)})
    (device,) = community_problem(hourly_world(car, retail=[0.3] * 3)).devices
    assert isinstance(device, Ev) and device.capacity_kwh == 4.0
    assert (device.sessions[0].arrival_slot, device.sessions[0].departure_slot) == (1, 2)


def test_every_owed_run_of_an_appliance_is_one_device() -> None:
    world = replace(small_world(2, homes=1, days=3))  # the home with the dishwasher
    owed = programmes(world, world.homes[0])
    assert [(p.first, p.end) for p in owed] == [(8, 16), (32, 40), (56, 64)]
    devices = [d for d in community_problem(world).devices if isinstance(d, Appliance)]
    assert [(d.earliest_slot, d.latest_end_slot) for d in devices] == [(8, 16), (32, 40), (56, 64)]


def test_a_window_over_the_border_of_the_counted_time_owes_no_run() -> None:
    world = small_world(2, homes=1, days=1)
    late = replace(world, history_slots=world.history_slots + 10, counted_slots=14)
    assert programmes(late, late.homes[0]) == []


def test_a_run_counts_only_inside_its_window() -> None:
    world = small_world(2, homes=1)
    start = MONDAY_S
    made = {DISHWASHER.id: [(start + 8 * H, start + 10 * H)]}
    late = {DISHWASHER.id: [(start + 15 * H, start + 17 * H)]}
    assert missed_runs(world, world.homes[0], made) == 0
    assert missed_runs(world, world.homes[0], late) == missed_runs(world, world.homes[0], {}) == 1


def test_unmanaged_homes_run_their_appliances_and_serve_their_cars() -> None:
    world = small_world(0, homes=5)
    trace = run_unmanaged(world)
    assert set(trace.missed_runs.values()) == {0}
    assert sum(trace.unserved_kwh.values()) < 1e-6


def test_all_kinds_of_devices_have_a_place_in_the_problem() -> None:
    world = small_world(0, homes=5)
    owned = {unit.id for twin in world.homes for unit in twin.home.units}
    assert owned == {unit.id for unit in (PV, BATTERY, CAR, HEAT_PUMP, DISHWASHER, LAMPS)}
    kinds = {device.id.split(".")[1] for device in community_problem(world).devices}
    assert kinds == owned
    assert any(isinstance(device, Battery) for device in community_problem(world).devices)
