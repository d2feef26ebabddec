"""Every action has a reason that a household understands, with what it is worth."""

import pytest

from hems.planning.plan import Reason
from hems.planning.planner import Planner
from hems.planning.reasons.codes import Code
from hems.planning.reasons.texts import _TEXTS
from tests.unit.planning_examples import battery, car, planned, problem

SUN = {"id": "pv", "kind": "pv", "available_kw": [0.0, 4.0, 0.0, 0.0]}


def by_slot(reasons: tuple[Reason, ...]) -> dict[int, str]:
    return {k: reason.code for reason in reasons for k in range(reason.first, reason.end)}


def test_a_battery_stores_at_low_prices_and_gives_at_high_ones() -> None:
    plan = planned(battery(soc_initial=0.0), import_price_per_kwh=[0.1, 0.2, 0.5, 0.3])
    codes = by_slot(plan.reasons["battery"])
    assert (codes[0], codes[2]) == ("price_low", "price_high")
    assert all(r.worth > 0.0 for r in plan.reasons["battery"] if r.code in {"price_low", "price_high"})


def test_a_battery_stores_sun_that_is_left_over() -> None:
    plan = planned(battery(soc_initial=0.0), SUN)
    assert by_slot(plan.reasons["battery"])[1] == "solar_surplus"
    assert by_slot(plan.reasons["pv"]) == {1: "feed_in"}
    assert "sun" in next(r.text for r in plan.reasons["battery"] if r.code == "solar_surplus")


def test_a_car_says_that_it_waits_for_cheaper_hours_and_charges_for_departure() -> None:
    plan = planned(car(charge_kw_max=1.0), import_price_per_kwh=[0.3, 0.2, 0.4, 0.3])
    assert by_slot(plan.reasons["car"]) == {1: "price_low", 2: "departure"}
    plan = planned(car(), import_price_per_kwh=[0.3, 0.4, 0.2, 0.3])
    assert by_slot(plan.reasons["car"]) == {1: "idle", 2: "price_low"}


def test_the_site_says_what_it_could_not_serve() -> None:
    plan = planned(import_limit_kw=[2.0, 0.5, 1.0, 2.0])
    assert by_slot(plan.reasons["site"]) == {1: "lost_load", 2: "grid_limit"}


def test_a_load_is_lowered_when_energy_is_dearer_than_comfort() -> None:
    load = {"id": "fan", "kind": "load", "power_kw": 1.0, "curtailable_fraction": 0.5, "discomfort_per_kwh": 0.3}
    plan = planned(load, import_price_per_kwh=[0.2, 0.5, 0.2, 0.2])
    assert by_slot(plan.reasons["fan"])[1] == "price_high"
    lowered = next(r for r in plan.reasons["fan"] if r.code == "price_high")
    assert lowered.worth == pytest.approx(0.5 * (0.5 - 0.3), abs=1e-3)


def test_lamps_are_off_by_daylight() -> None:
    lamp = {"id": "lamp", "kind": "lighting", "rated_kw": 1.0, "lux_at_rated": 500.0, "required_lux": 400.0}
    plan = planned({**lamp, "daylight_lux": [0.0, 500.0, 0.0, 0.0]})
    assert by_slot(plan.reasons["lamp"]) == {0: "must_run", 1: "daylight", 2: "must_run", 3: "must_run"}


def test_an_appliance_runs_where_it_is_cheapest_or_says_why_not() -> None:
    wash = {"id": "wash", "kind": "appliance", "profile_kw": [1.0, 1.0]}
    plan = planned(wash, import_price_per_kwh=[0.3, 0.3, 0.1, 0.1])
    assert by_slot(plan.reasons["wash"]) == {2: "cheapest_window", 3: "cheapest_window"}
    plan = planned({**wash, "optional": True, "value": 0.01})
    assert set(by_slot(plan.reasons["wash"]).values()) == {"idle"}


def test_reasons_can_be_left_out() -> None:
    assert Planner().plan(problem(battery()), explain=False).reasons == {}


def test_every_text_belongs_to_a_code_and_fills_in() -> None:
    for texts in _TEXTS.values():
        for code, text in texts.items():
            assert code in Code
            assert "{" not in text.format(kwh=1.0, price=0.1, mean=0.2)
