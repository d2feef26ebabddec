"""Explanations name what doing otherwise would really cost, what would change it, and leave the planner as it was."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from hems.io.case_file import case_from_text
from hems.planning.planner import Planner
from hems.planning.problem import problem_from_case
from hems.planning.reasons.actions import Action, Otherwise
from hems.planning.reasons.explanation import Explanation, Lever
from hems.planning.reasons.sentences import remedy_sentences, sentence
from tests.properties.planning_documents import documents
from tests.unit.planning_examples import battery, car, problem

SUN = {"id": "pv", "kind": "pv", "available_kw": [0.0, 4.0, 0.0, 0.0]}
WASH = {"id": "wash", "kind": "appliance", "profile_kw": [1.0, 1.0]}
ROOM = {"id": "room", "kind": "zone", "mode": "heat", "electric_kw_max": 3.0, "cop": 3.0, "outdoor_temp_c": 0.0}
ROOM |= {"thermal_capacity_kwh_per_k": 3.0, "thermal_resistance_k_per_kw": 4.0, "temp_initial_c": 20.0}
ROOM |= {"temp_min_c": 20.0, "temp_max_c": 24.0}
CHP = {"id": "chp", "kind": "chp", "electric_kw_max": 1.0, "electrical_efficiency": 0.5, "fuel_price_per_kwh": 0.1}


def explained(id_: str, slot: int, *devices: dict[str, Any], **changes: Any) -> Explanation:
    planner = Planner()
    planner.plan(problem(*devices, **changes))
    return planner.explain(id_, slot)


def words(told: Explanation) -> str:
    return " ".join([sentence(told, "slot {}".format), *remedy_sentences(told, "slot {}".format)])


def test_a_battery_that_gives_saves_the_difference_of_the_two_prices() -> None:
    store = battery(soc_initial=0.5, soc_final_min=0.5)
    told = explained("battery", 1, store, import_price_per_kwh=[0.1, 0.5, 0.1, 0.2])
    assert (told.action, told.first, told.end) == (Action.GIVES, 1, 2)
    assert told.worth == pytest.approx(1.0 * (0.5 - 0.1), abs=1e-3)
    (other,) = told.instead
    assert (other.price_now, other.price_other, other.other_slot) == (pytest.approx(0.5), pytest.approx(0.1), 0)
    assert "0.500" in words(told) and "0.100 around slot 0" in words(told)


def test_a_price_at_which_it_would_do_otherwise_does_change_the_plan() -> None:
    prices, store = [0.2, 0.5, 0.1, 0.2], battery(soc_initial=0.5, soc_final_min=0.5)
    told = explained("battery", 1, store, import_price_per_kwh=prices)
    (threshold,) = [r.value for r in told.remedies if r.lever is Lever.PRICE_BELOW]
    for price, gives in ((threshold - 0.01, False), (threshold + 0.01, True)):
        plan = Planner().plan(problem(store, import_price_per_kwh=[0.2, price, *prices[2:]]))
        assert bool(plan.devices["battery"].power_kw[1] < -1e-3) is gives


def test_a_waiting_car_says_what_charging_now_would_cost_more_and_when_it_is_cheaper() -> None:
    told = explained("car", 1, car(), import_price_per_kwh=[0.3, 0.4, 0.2, 0.3])
    assert told.action is Action.OFF
    assert told.worth == pytest.approx(2.0 * (0.4 - 0.2), abs=1e-3)
    assert "0.400" in words(told) and "0.200 around slot 2" in words(told)
    (below,) = [r.value for r in told.remedies if r.lever is Lever.PRICE_BELOW]
    assert below == pytest.approx(0.2, abs=2e-3)


def test_a_car_that_has_to_charge_says_what_would_be_missing_and_the_money_apart() -> None:
    told = explained("car", 1, car(charge_kw_max=1.0), import_price_per_kwh=[0.3, 0.2, 0.4, 0.3])
    (other,) = told.instead
    (missing,) = other.broken
    assert (missing.wish, missing.amount) == ("departure_soc", pytest.approx(2.0, abs=1e-3))
    assert other.cost == pytest.approx(-1.0 * 0.2 - 1.0 * 0.4, abs=1e-3)
    assert told.code == "departure"
    assert "would leave with 2.0 kWh less, and the bill would be 0.60 lower" in words(told)


def test_a_car_that_cannot_be_ready_says_how_much_longer_it_had_to_stay() -> None:
    stay = {"arrival_slot": 1, "departure_slot": 3, "soc_arrival": 0.0, "soc_departure_min": 1.0}
    told = explained("car", 1, car(sessions=[stay], charge_kw_max=4.0))
    assert [r.value for r in told.remedies if r.lever is Lever.TIME] == [pytest.approx(0.5, abs=1e-3)]


def test_a_lower_target_is_named_only_when_the_car_would_then_not_charge() -> None:
    told = explained("car", 2, car(charge_kw_max=2.0), import_price_per_kwh=[0.3, 0.4, 0.2, 0.3])
    (target,) = [r for r in told.remedies if r.lever is Lever.TARGET]
    assert (target.value, target.was) == (pytest.approx(50.0), pytest.approx(70.0))
    stay = {"arrival_slot": 1, "departure_slot": 3, "soc_arrival": 0.5, "soc_departure_min": 0.5}
    plan = Planner().plan(problem(car(sessions=[stay]), import_price_per_kwh=[0.3, 0.4, 0.2, 0.3]))
    assert plan.devices["car"].power_kw == pytest.approx([0.0] * 4)


def test_a_car_with_a_least_power_may_charge_in_other_slots_instead() -> None:
    stay = {"arrival_slot": 0, "departure_slot": 4, "soc_arrival": 0.5, "soc_departure_min": 0.7}
    told = explained("car", 1, car(sessions=[stay], charge_kw_min=1.5), import_price_per_kwh=[0.3, 0.1, 0.2, 0.3])
    (other,) = told.instead
    assert (other.exact, other.broken) == (True, ())
    assert told.worth == pytest.approx(2.0 * 0.1, abs=1e-3)


def test_a_room_that_would_get_too_cold_says_by_how_much() -> None:
    told = explained("room", 0, ROOM)
    (cold,) = (b for other in told.instead for b in other.broken)
    assert (cold.wish, told.code) == ("temp_min", "comfort")
    assert cold.worst > 0.5
    assert "colder than you asked for" in words(told)


def test_a_room_with_priced_comfort_says_how_cold_it_would_get() -> None:
    told = explained("room", 0, {**ROOM, "discomfort_per_k_hour": 5.0})
    (other,) = told.instead
    assert other.broken == ()
    assert other.temp_c is not None and other.temp_c < 20.0
    assert f"{other.temp_c:.1f} °C" in words(told)


def test_a_colder_room_would_not_be_heated_at_the_temperature_that_is_named() -> None:
    told = explained("room", 0, ROOM, import_price_per_kwh=[0.4, 0.3, 0.2, 0.1])
    (colder,) = [r for r in told.remedies if r.lever is Lever.TEMPERATURE]
    plan = Planner().plan(problem({**ROOM, "temp_min_c": colder.value}, import_price_per_kwh=[0.4, 0.3, 0.2, 0.1]))
    assert plan.devices["room"].power_kw[0] < 1e-2


def test_a_programme_is_compared_with_its_next_best_start() -> None:
    told = explained("wash", 2, WASH, import_price_per_kwh=[0.2, 0.2, 0.1, 0.1])
    assert (told.first, told.end) == (2, 4)
    assert told.worth == pytest.approx(0.2, abs=1e-3)
    told = explained("wash", 0, WASH, import_price_per_kwh=[0.2, 0.2, 0.1, 0.1])
    assert (told.action, told.worth) == (Action.OFF, pytest.approx(0.2, abs=1e-3))


def test_a_programme_without_another_place_in_its_window_could_not_run_otherwise() -> None:
    told = explained("wash", 1, {**WASH, "earliest_slot": 1, "latest_end_slot": 3})
    assert [b.wish for other in told.instead for b in other.broken] == ["run"]
    assert told.code == "deadline"


def test_blocks_move_as_a_run_and_an_optional_appliance_says_what_it_would_have_to_be_worth() -> None:
    pump = {"id": "pump", "kind": "appliance", "block_kw": 1.0, "slots_required": 2, "min_run_slots": 1}
    told = explained("pump", 2, pump, import_price_per_kwh=[0.3, 0.2, 0.1, 0.4])
    assert told.worth == pytest.approx(0.3 + 0.4 - 0.2 - 0.1, abs=1e-3)
    told = explained("pump", 1, {**pump, "optional": True, "value": 0.1}, import_price_per_kwh=0.3)
    (other,) = told.instead
    assert (other.what, other.cost) == (Otherwise.RUN_AT_ALL, pytest.approx(0.5, abs=1e-3))
    (worth,) = [r.value for r in told.remedies if r.lever is Lever.VALUE]
    assert worth == pytest.approx(0.6, abs=1e-3)


def test_sun_that_is_used_is_worth_what_replaces_it_and_sun_held_back_what_it_would_cost() -> None:
    told = explained("pv", 1, SUN)
    assert told.worth == pytest.approx(1.0 * 0.3 + 3.0 * 0.1, abs=1e-3)
    told = explained("pv", 1, SUN, export_price_per_kwh=-0.2)
    assert (told.action, told.worth) == (Action.CUT, pytest.approx(3.0 * 0.2, abs=1e-3))


def test_a_lowered_load_says_what_full_power_would_cost_and_at_which_price_it_comes_back() -> None:
    fan = {"id": "fan", "kind": "load", "power_kw": 1.0, "curtailable_fraction": 0.5, "discomfort_per_kwh": 0.3}
    told = explained("fan", 1, fan, import_price_per_kwh=[0.2, 0.5, 0.2, 0.2])
    assert (told.action, told.worth) == (Action.LOWERED, pytest.approx(0.5 * (0.5 - 0.3), abs=1e-3))
    (below,) = [r.value for r in told.remedies]
    assert below == pytest.approx(0.3, abs=2e-3)


def test_a_machine_is_worth_what_buying_would_cost_less_its_fuel() -> None:
    told = explained("chp", 0, CHP, import_price_per_kwh=[0.3, 0.1, 0.1, 0.1])
    assert told.worth == pytest.approx(1.0 * (0.3 - 0.2), abs=1e-3)


def test_a_battery_in_an_outage_keeps_the_house_supplied() -> None:
    told = explained(
        "battery", 1, battery(), import_limit_kw=[9.0, 0.0, 0.0, 9.0], export_limit_kw=[9.0, 0.0, 0.0, 9.0]
    )
    assert told.code == "lost_load"
    assert [b.wish for b in told.instead[0].broken] == ["served_load"]
    assert "keeps the house supplied" in words(told)


def test_limits_that_bind_are_named_with_their_values() -> None:
    told = explained("car", 1, car(charge_kw_max=2.0), import_limit_kw=3.0, import_price_per_kwh=[0.3, 0.1, 0.4, 0.3])
    named = {limit.name: limit.value for limit in told.limits}
    assert named["charger power"] == pytest.approx(2.0)
    assert named["import limit of the connection"] == pytest.approx(3.0)
    assert named["charge wanted at departure"] == pytest.approx(70.0)


def test_a_car_that_is_away_has_nothing_to_explain() -> None:
    told = explained("car", 0, car())
    assert (told.action, told.instead, told.worth) == (Action.NOTHING, (), None)
    assert "not plugged in" in words(told)


def test_a_device_or_slot_that_is_not_there_is_refused() -> None:
    planner = Planner()
    with pytest.raises(LookupError):
        planner.explain("battery", 0)
    planner.plan(problem(battery()))
    with pytest.raises(KeyError):
        planner.explain("heater", 0)
    with pytest.raises(IndexError):
        planner.explain("battery", 4)


def program_of(planner: Planner) -> list[np.ndarray]:
    program = planner._solver._highs.getLp()
    names = ("col_cost_", "col_lower_", "col_upper_", "row_lower_", "row_upper_")
    return [np.array(getattr(program, name)) for name in names]


@settings(max_examples=60)
@given(documents())
def test_any_device_is_explained_and_the_kept_program_is_left_as_it_was(document: dict[str, Any]) -> None:
    site = problem_from_case(case_from_text(json.dumps(document), "case.json"))
    planner = Planner()
    if planner.plan(site, explain=False).status == "fallback":
        return
    planner.replan_slot0(base_kw=0.9 * float(site.base_kw[0]))
    before = program_of(planner)
    for device in site.devices:
        for slot in range(0, site.slots, 4):
            told = planner.explain(device.id, slot)
            assert told.first <= slot < told.end
            assert "None" not in words(told) and "nan" not in words(told)
    for was, now in zip(before, program_of(planner), strict=True):
        assert np.array_equal(was, now)


@settings(max_examples=60)
@given(documents(devices_max=3))
def test_sun_left_unused_costs_what_a_plan_without_it_costs_more(document: dict[str, Any]) -> None:
    slots = document["slots"]
    sun = [2.0 if slots // 3 <= k < 2 * slots // 3 + 1 else 0.0 for k in range(slots)]
    devices = [d for d in document["devices"] if d["kind"] in ("load", "lighting") or _is_plain_store(d)]
    roof = {"id": "roof", "kind": "pv", "available_kw": sun}
    document["tariff"] |= {"import_price_per_kwh": 0.4, "export_price_per_kwh": 0.1}
    document["site"] = {}
    planner = Planner()
    full = planner.plan(problem_from_case(case_from_text(json.dumps({**document, "devices": [*devices, roof]}), "a")))
    told = planner.explain("roof", slots // 3)
    if full.violations or told.action is not Action.USED:
        return
    dark = [0.0 if told.first <= k < told.end else value for k, value in enumerate(sun)]
    roof = {**roof, "available_kw": dark}
    less = Planner().plan(
        problem_from_case(case_from_text(json.dumps({**document, "devices": [*devices, roof]}), "b"))
    )
    if not less.violations:
        assert told.worth == pytest.approx(less.objective - full.objective, abs=1e-3)


def _is_plain_store(device: dict[str, Any]) -> bool:
    return device["kind"] == "battery" and not {"reserve_soc", "soc_final_min"} & set(device)
