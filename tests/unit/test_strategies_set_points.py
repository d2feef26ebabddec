"""Set-points and thermostat of the strategies of the literature, against what is computed by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hems.planning.device import Zone
from hems.planning.physics import state
from hems.planning.problem import Problem
from hems.planning.rules.thermostat import thermostat_kw
from hems.planning.strategies.baseline import SET_POINTS, baseline, set_point_c
from hems.planning.strategies.room_view import Habits
from tests.unit.planning_examples import problem

Floats = NDArray[np.float64]


def heated(slots: int = 8, **changes: Any) -> Problem:
    """A room of 2 kWh/K without loss, heated by up to 2 kW at a COP of 1: at most 1 K in an hour."""
    room = {"id": "room", "kind": "zone", "mode": "heat", "electric_kw_max": 2.0, "cop": 1.0}
    room |= {"thermal_capacity_kwh_per_k": 2.0, "thermal_resistance_k_per_kw": 1e9, "outdoor_temp_c": 5.0}
    room |= {"temp_initial_c": 20.0, "temp_min_c": 20.0, "temp_max_c": 24.0}
    site = {key: changes.pop(key) for key in ("import_price_per_kwh",) if key in changes}
    return problem({**room, **changes}, slots=slots, base_load_kw=0.0, **site)


def room_of(given: Problem) -> Zone:
    room = given.devices[0]
    assert isinstance(room, Zone)
    return room


def target_c(given: Problem, strategy: str, **habits: Any) -> Floats:
    return set_point_c(given, room_of(given), strategy, Habits(**habits))


def test_constant_holds_the_strictest_set_point_all_the_time() -> None:
    given = heated(temp_min_c=[16, 16, 20, 20, 20, 20, 16, 16])
    assert target_c(given, "constant set-point") == pytest.approx([20.5] * 8)


def test_set_back_follows_the_people() -> None:
    given = heated(temp_min_c=[16, 16, 20, 20, 20, 20, 16, 16])
    assert target_c(given, "set-back") == pytest.approx([16, 16, 20.5, 20.5, 20.5, 20.5, 16, 16])


def test_a_margin_never_passes_the_middle_of_the_band() -> None:
    given = heated(temp_max_c=20.6)
    assert target_c(given, "set-back") == pytest.approx([20.3] * 8)


def test_curtailment_relaxes_the_dearest_hours_only() -> None:
    given = heated(import_price_per_kwh=[0.2, 0.2, 0.2, 0.5, 0.4, 0.3, 0.2, 0.2])
    wanted = [20.5, 20.5, 20.5, 19.5, 19.5, 20.5, 20.5, 20.5]
    assert target_c(given, "curtailment in dear hours", dear_h=2.0) == pytest.approx(wanted)


def test_a_flat_price_has_no_dear_hours() -> None:
    given = heated(import_price_per_kwh=0.3)
    assert target_c(given, "curtailment in dear hours") == pytest.approx(target_c(given, "set-back"))
    assert target_c(given, "pre-heating or pre-cooling") == pytest.approx(target_c(given, "set-back"))


def test_heat_is_stored_before_the_peak_and_spent_in_it() -> None:
    given = heated(import_price_per_kwh=[0.2, 0.2, 0.2, 0.2, 0.5, 0.5, 0.2, 0.2])
    wanted = [20.5, 20.5, 22.5, 22.5, 20.0, 20.0, 20.5, 20.5]
    assert target_c(given, "pre-heating or pre-cooling", store_h=2.0) == pytest.approx(wanted)


def test_arrival_is_prepared_as_late_as_full_power_allows() -> None:
    given = heated(temp_min_c=[16] * 5 + [20] * 3, temp_initial_c=16.0)
    # 20.5 at the end of slot 5, 1 K per hour before that
    wanted = [16, 16.5, 17.5, 18.5, 19.5, 20.5, 20.5, 20.5]
    assert target_c(given, "departure and arrival") == pytest.approx(wanted, abs=1e-6)
    power = baseline(given, rooms="departure and arrival").devices["room"].power_kw
    assert power == pytest.approx([0, 1, 2, 2, 2, 2, 0, 0], abs=1e-4)


def test_a_room_coasts_when_it_stays_warm_until_people_leave() -> None:
    # tau of 2 kWh/K * 50 K/kW = 100 h: 15 K above the weather fall by 0.155, 0.153, 0.152 K; 3 slots fit into 0.5 K
    given = heated(thermal_resistance_k_per_kw=50.0, temp_min_c=[20] * 6 + [16] * 2)
    wanted = [20.5, 20.5, 20.5, 20, 20, 20, 16, 16]
    assert target_c(given, "departure and arrival") == pytest.approx(wanted)


def test_nobody_leaves_at_the_end_of_the_horizon() -> None:
    given = heated(thermal_resistance_k_per_kw=50.0)
    assert target_c(given, "departure and arrival") == pytest.approx([20.5] * 8)


def test_reset_moves_to_the_edge_as_it_gets_cold() -> None:
    given = heated(outdoor_temp_c=[20, 15, 10, 5, 0, -5, -10, 5])
    wanted = [21.5, 21.5, 21.125, 20.75, 20.375, 20.0, 20.0, 20.75]
    assert target_c(given, "reset by the weather") == pytest.approx(wanted)


def test_reset_moves_to_the_edge_as_it_gets_hot() -> None:
    given = heated(mode="cool", outdoor_temp_c=[20, 22, 25, 28, 31, 34, 40, 28])
    wanted = [22.5, 22.5, 22.875, 23.25, 23.625, 24.0, 24.0, 23.25]
    assert target_c(given, "reset by the weather") == pytest.approx(wanted)


@pytest.mark.parametrize("strategy", [name for name in SET_POINTS if name != "reset by the weather"])
def test_cooling_is_heating_in_a_mirror(strategy: str) -> None:
    prices = [0.2, 0.2, 0.2, 0.5, 0.4, 0.3, 0.2, 0.2]
    lows = np.array([16, 16, 20, 20, 20, 20, 16, 16])
    warm = heated(temp_min_c=lows.tolist(), import_price_per_kwh=prices, thermal_resistance_k_per_kw=50.0)
    # every temperature t becomes 44 - t
    cool = heated(
        mode="cool",
        temp_min_c=20.0,
        temp_max_c=(44 - lows).tolist(),
        temp_initial_c=24.0,
        outdoor_temp_c=39.0,
        import_price_per_kwh=prices,
        thermal_resistance_k_per_kw=50.0,
    )
    assert 44 - target_c(cool, strategy) == pytest.approx(target_c(warm, strategy))
    cold, heat = (baseline(given, rooms=strategy).devices["room"].power_kw for given in (cool, warm))
    assert cold == pytest.approx(heat, abs=1e-4)


def test_a_thermostat_ends_every_slot_at_its_set_point_when_it_can() -> None:
    device = room_of(heated(thermal_resistance_k_per_kw=50.0, temp_initial_c=20.5))
    target = np.full(8, 20.5)
    power = thermostat_kw(device, target, np.full(8, np.inf), np.zeros(8), 1.0)
    temp = state(device, power, np.zeros(8), 1.0)
    assert temp == pytest.approx(target)


def test_a_thermostat_takes_no_more_than_the_connection_has_left() -> None:
    device = room_of(heated(temp_initial_c=16.0))
    left = np.array([2.0, 0.5, 0.0, 3.0, 3.0, 3.0, 3.0, 3.0])
    power = thermostat_kw(device, np.full(8, 20.0), left, np.zeros(8), 1.0)
    assert power == pytest.approx([2.0, 0.5, 0.0, 2.0, 2.0, 1.5, 0.0, 0.0], abs=1e-6)


def test_a_thermostat_lets_the_heat_of_other_machines_work() -> None:
    device = room_of(heated(temp_initial_c=19.0))
    power = thermostat_kw(device, np.full(8, 20.0), np.full(8, np.inf), np.full(8, 0.5), 1.0)
    assert power == pytest.approx([1.5, 0, 0, 0, 0, 0, 0, 0], abs=1e-6)


def test_a_machine_with_least_times_runs_and_pauses_long_enough() -> None:
    given = heated(thermal_resistance_k_per_kw=50.0, electric_kw_min=1.5, min_on_slots=2, min_off_slots=2)
    on = thermostat_kw(room_of(given), np.full(8, 20.5), np.full(8, np.inf), np.zeros(8), 1.0) > 0.0
    # 20 -> 20.6 -> 21.19 in the least run, then about 0.16 K an hour down to 20.55; 20.40 is too cold
    assert on.tolist() == [True, True, False, False, False, False, True, True]


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(KeyError):
        baseline(heated(), rooms="no such strategy")
    assert baseline(heated(), rooms=None, lamps=None).devices["room"].state is not None
