"""Rooms with supply air and ventilation: hand-computed heat, planner and thermostat within it, findings."""

import json
from typing import Any

import numpy as np
import pytest

from hems.io.case_file import case_from_text
from hems.planning.assembly import rule_based
from hems.planning.device import Zone
from hems.planning.model.air_side import air_limit
from hems.planning.physics import state
from hems.planning.problem import problem_from_case
from hems.site.finding import CaseError
from tests.unit.planning_examples import document, planned, problem

CAPACITY = 2.0  # kWh/K
FLOW = 3600 / (1.2 * 1.006)  # m3/h that carry 1 kW per kelvin


def room(**changes: Any) -> dict[str, Any]:
    """A room of 2 kWh/K that is cooled by a machine of 4 kW and hardly leaks."""
    base = {"id": "room", "kind": "zone", "mode": "cool", "electric_kw_max": 4.0, "cop": 2.0}
    base |= {"thermal_capacity_kwh_per_k": CAPACITY, "thermal_resistance_k_per_kw": 1e6, "outdoor_temp_c": 30.0}
    return {**base, "temp_initial_c": 26.0, "temp_max_c": 20.0, **changes}


def zone(**changes: Any) -> Zone:
    device = problem(room(**changes)).devices[0]
    assert isinstance(device, Zone)
    return device


def test_the_air_brings_heat_in_proportion_to_how_much_colder_it_is() -> None:
    device = zone(supply_air_temp_c=16.0, air_flow_max_m3_per_h=0.5 * FLOW)
    assert device.supply_air is not None
    limit = air_limit(device, device.supply_air, 1.0)
    # half a kW per kelvin
    assert limit.heat_kw_max(26.0, 0) == pytest.approx(5.0)
    assert limit.heat_kw_max(16.0, 0) == 0.0
    assert limit.heat_kw_max(12.0, 0) == 0.0


def test_much_air_takes_a_room_to_its_own_temperature_and_no_further() -> None:
    device = zone(supply_air_temp_c=16.0, air_flow_max_m3_per_h=100 * FLOW)
    assert device.supply_air is not None
    # 10 K of 2 kWh/K in one hour
    assert air_limit(device, device.supply_air, 1.0).heat_kw_max(26.0, 0) == pytest.approx(20.0)


def test_ventilation_carries_outdoor_air_into_the_room() -> None:
    device = zone(air_flow_min_m3_per_h=[0.0, 0.25 * FLOW, 0.0, 0.0], temp_initial_c=26.0)
    # slot 1: 0.25 kW/K * 4 K for an hour into 2 kWh/K
    temp = state(device, np.zeros(4), np.zeros(4), 1.0)
    assert temp == pytest.approx([26.0, 26.5, 26.5, 26.5], abs=1e-4)


def test_a_plan_cools_as_fast_as_the_air_can_and_no_faster() -> None:
    plan = planned(room(supply_air_temp_c=16.0, air_flow_max_m3_per_h=0.5 * FLOW))
    # 5 kW of cold are 2.5 kW of power; 26 - 2.5 = 23.5 leaves 7.5 K: 1.875 kW; 21.625: 1.40625 kW; 0.21875 K is left
    assert plan.devices["room"].power_kw[:3] == pytest.approx([2.5, 1.875, 1.40625], abs=1e-3)
    assert plan.devices["room"].power_kw[3] == pytest.approx(0.21875, abs=1e-3)


def test_the_rule_plan_cools_as_fast_as_the_air_can_and_no_faster() -> None:
    plan = rule_based(problem(room(supply_air_temp_c=16.0, air_flow_max_m3_per_h=0.5 * FLOW)))
    assert plan.devices["room"].power_kw == pytest.approx([2.5, 1.875, 1.40625, 0.21875], abs=1e-3)


@pytest.mark.parametrize("least_kw", [0.0, 0.5])
def test_a_cooler_rests_where_the_room_is_colder_than_its_air(least_kw: float) -> None:
    # the room starts at 15, below its air of 16, and 6 kW of gain warm it 3 K in an hour
    device = room(
        supply_air_temp_c=16.0,
        air_flow_max_m3_per_h=FLOW,
        temp_initial_c=15.0,
        temp_max_c=18.5,
        gain_kw=6.0,
        electric_kw_min=least_kw,
        discomfort_per_k_hour=1.0,
    )
    for plan in (planned(device), rule_based(problem(device))):
        assert plan.devices["room"].power_kw[0] == 0.0
        # at 18 C the air brings 2 kW of cold at most
        assert 0.0 < plan.devices["room"].power_kw[1] <= 1.0 + 1e-4


def test_a_run_begins_only_where_the_air_lets_it_last() -> None:
    # 1 kW least power needs 4 K of difference; after one slot only 3 K are left
    device = room(
        supply_air_temp_c=16.0,
        air_flow_max_m3_per_h=0.5 * FLOW,
        temp_initial_c=20.0,
        temp_max_c=19.5,
        electric_kw_min=1.0,
        min_on_slots=2,
        min_off_slots=2,
    )
    for plan in (planned(device), rule_based(problem(device))):
        # the last slot may begin a run that the horizon cuts
        assert not plan.devices["room"].power_kw[:3].any()


def test_air_that_varies_with_the_slot_is_followed() -> None:
    plan = planned(room(supply_air_temp_c=[16.0, 26.0, 16.0, 16.0], air_flow_max_m3_per_h=[0.0, FLOW, FLOW, FLOW]))
    # slot 0: no flow; slot 1: air as warm as the room; then 10 kW per hour of 10 K, limited by the machine's 8 kW
    assert plan.devices["room"].power_kw[:3] == pytest.approx([0.0, 0.0, 4.0], abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"supply_air_temp_c": 16.0}, "air_flow_max_m3_per_h", "is missing beside supply_air_temp_c"),
        ({"air_flow_max_m3_per_h": 500.0}, "supply_air_temp_c", "is missing beside air_flow_max_m3_per_h"),
        ({"supply_air_temp_c": 120.0, "air_flow_max_m3_per_h": 500.0}, "supply_air_temp_c", "120.0 is above 80"),
        ({"supply_air_temp_c": 289.0, "air_flow_max_m3_per_h": 500.0}, "supply_air_temp_c", "above 80"),
        ({"supply_air_temp_c": 16.0, "air_flow_max_m3_per_h": -1.0}, "air_flow_max_m3_per_h", "below 0"),
        ({"supply_air_temp_c": 22.0, "air_flow_max_m3_per_h": 500.0}, "supply_air_temp_c", "can never cool the room"),
        ({"air_flow_min_m3_per_h": [1.0, 2.0]}, "air_flow_min_m3_per_h", "has 2 values, the case has 4 slots"),
        (
            {
                "supply_air_temp_c": 16.0,
                "air_flow_max_m3_per_h": 300.0,
                "air_flow_min_m3_per_h": [0.0, 0.0, 400.0, 0.0],
            },
            "air_flow_min_m3_per_h",
            "400 is above air_flow_max_m3_per_h 300 in slot 2",
        ),
        ({"air_flow_max_m3h": 500.0}, "air_flow_max_m3h", "did you mean air_flow_max_m3_per_h?"),
    ],
)
def test_bad_air_keys_are_named_with_what_to_do(changes: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(CaseError) as refused:
        case_from_text(json.dumps(document(room(**changes))), "case.json")
    assert f"devices[0].{where}" in str(refused.value)
    assert words in str(refused.value)


def test_a_room_without_air_keys_has_no_limit() -> None:
    case = case_from_text(json.dumps(document(room())), "case.json")
    device = problem_from_case(case).devices[0]
    assert isinstance(device, Zone)
    assert device.supply_air is None
    assert device.outdoor_air_m3_per_h is None
