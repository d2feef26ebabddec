"""States, costs and broken wishes of hand-computed examples."""

import numpy as np
import pytest

from hems.planning.device import Appliance, Battery, Ev, Lighting, Session, Tank, Zone
from hems.planning.physics import on_flags, state
from hems.planning.tariff import Exchange, Tariff, two_steps
from tests.unit.planning_examples import battery, planned

NO_HEAT = np.zeros(2)


def test_a_battery_loses_energy_both_ways() -> None:
    device = Battery(
        id="b",
        capacity_kwh=10.0,
        charge_kw_max=5.0,
        discharge_kw_max=5.0,
        soc_initial=0.5,
        charge_efficiency=0.9,
        discharge_efficiency=0.8,
    )
    # 5 kWh + 2 kW * 0.5 h * 0.9 = 5.9 kWh, then - 4 kW * 0.5 h / 0.8 = 3.4 kWh
    soc = state(device, np.array([2.0, -4.0]), NO_HEAT, 0.5)
    assert soc == pytest.approx([0.59, 0.34])


def test_a_car_has_no_state_while_it_is_away() -> None:
    stay = Session(arrival_slot=1, departure_slot=3, soc_arrival=0.5)
    device = Ev(id="e", capacity_kwh=10.0, charge_kw_max=5.0, sessions=(stay,))
    soc = state(device, np.array([0.0, 2.0, 0.0, 0.0]), np.zeros(4), 1.0)
    assert soc is not None
    assert np.isnan(soc[[0, 3]]).all()
    assert soc[1:3] == pytest.approx([0.7, 0.7])


def test_a_zone_follows_its_one_node() -> None:
    device = Zone(
        id="z",
        heats=True,
        electric_kw_max=2.0,
        cop=np.full(2, 3.0),
        thermal_capacity_kwh_per_k=5.0,
        thermal_resistance_k_per_kw=4.0,
        outdoor_temp_c=np.zeros(2),
        gain_kw=np.full(2, 0.5),
        temp_initial_c=20.0,
        temp_min_c=np.full(2, 18.0),
        temp_max_c=np.full(2, 24.0),
    )
    # 20 + (-20/4 + 0.5 + 3*1)/5 = 19.7, then 19.7 + (-19.7/4 + 0.5)/5 = 18.815
    assert state(device, np.array([1.0, 0.0]), NO_HEAT, 1.0) == pytest.approx([19.7, 18.815])


def test_a_tank_cools_gives_and_takes_heat() -> None:
    device = Tank(
        id="t",
        volume_l=1000.0 / 1.163,  # 1 kWh per kelvin
        temp_initial_c=50.0,
        temp_min_c=np.full(2, 45.0),
        temp_max_c=np.full(2, 60.0),
        electric_kw_max=2.0,
        ambient_c=np.full(2, 20.0),
        draw_kwh=np.array([0.0, 2.0]),
        cop=np.full(2, 2.0),
        loss_kw_per_k=0.01,
    )
    # 50 + 0.5*(2*1 - 0.3) = 50.85, then + 0.5*(4 of a machine - 0.3085) - 2 = 50.69575
    heat = np.array([0.0, 4.0])
    assert state(device, np.array([1.0, 0.0]), heat, 0.5) == pytest.approx([50.85, 50.69575])


def test_lamps_cover_what_daylight_leaves() -> None:
    device = Lighting(
        id="l",
        rated_kw=2.0,
        lux_at_rated=500.0,
        daylight_lux=np.array([0.0, 300.0, 600.0]),
        required_lux=np.array([800.0, 400.0, 400.0]),
        dim_fraction_max=0.5,
    )
    assert device.full_kw() == pytest.approx([2.0, 0.4, 0.0])
    assert device.floor_kw() == pytest.approx([1.6, 0.0, 0.0])


def test_a_programme_is_on_through_its_pauses() -> None:
    device = Appliance(id="a", latest_end_slot=5, profile_kw=np.array([0.0, 1.0, 0.0]))
    on = on_flags(device, np.array([0.0, 0.0, 1.0, 0.0, 0.0]))
    assert on is not None
    assert on.tolist() == [False, True, True, True, False]


def test_a_price_curve_is_summed_from_zero() -> None:
    exchange = Exchange(prices_per_kwh=np.array([[0.1, 0.2, 0.4]] * 4), breakpoints_kw=np.array([[-1.0, 2.0]] * 4))
    # 3 kW: 2 at 0.2 and 1 at 0.4; -3 kW: -1 at 0.2 and -2 at 0.1
    assert exchange.cost_per_h(np.array([0.0, 1.0, 3.0, -3.0])) == pytest.approx([0.0, 0.2, 0.8, -0.4])


def test_the_tariff_is_a_curve_with_one_step_at_zero() -> None:
    tariff = Tariff(import_price_per_kwh=np.array([0.3, 0.3]), export_price_per_kwh=np.array([0.1, 0.1]))
    assert two_steps(tariff).cost_per_h(np.array([2.0, -2.0])) == pytest.approx([0.6, -0.2])


def test_demand_charge_counts_only_above_the_peak_so_far() -> None:
    plan = planned(base_load_kw=[1.0, 5.0, 1.0, 1.0], demand_charge_per_kw=2.0, peak_so_far_kw=3.0)
    assert plan.objective == pytest.approx(8 * 0.3 + 2 * 2.0)


def test_tiers_count_what_was_imported_before() -> None:
    tiers = [{"above_kwh": 10.0, "adder_per_kwh": 0.1}, {"above_kwh": 12.0, "adder_per_kwh": 0.2}]
    assert planned(tiers=tiers).objective == pytest.approx(4 * 0.3)
    # 9 kWh before, 4 now: 3 above 10, 1 above 12
    assert planned(tiers=tiers, imported_so_far_kwh=9.0).objective == pytest.approx(1.2 + 0.3 + 0.2)
    # all of it above both thresholds; what was imported before is not charged again
    assert planned(tiers=tiers, imported_so_far_kwh=20.0).objective == pytest.approx(1.2 + 0.4 + 0.8)


def test_emissions_are_charged_on_imports() -> None:
    plan = planned(co2_g_per_kwh=500.0, co2_price_per_kg=0.2)
    assert plan.objective == pytest.approx(4 * (0.3 + 0.1))
    assert plan.marginal_price_per_kwh == pytest.approx([0.4] * 4, abs=1e-4)


def test_tier_adders_are_in_the_bound() -> None:
    tiers = [{"above_kwh": 1.0, "adder_per_kwh": 0.1}]
    plan = planned(battery(), tiers=tiers, imported_so_far_kwh=5.0)
    assert plan.bound is not None
    assert plan.bound == pytest.approx(plan.objective, abs=1e-6)
