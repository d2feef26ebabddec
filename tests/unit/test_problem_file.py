"""Stored problems come back exactly as they were, and anything else is refused with what to do."""

import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.io.case_file import case_from_text
from hems.io.problem_file import VERSION, PlannedProblem, ProblemFileError, packed, unpacked
from hems.planning.planner import Planner
from hems.planning.problem import Exchange, Problem, problem_from_case
from tests.properties.planning_documents import documents
from tests.unit.planning_examples import battery, car, problem


def planned(site: Problem) -> PlannedProblem:
    return PlannedProblem.of(site, Planner().plan(site, explain=False))


def same(one: Any, other: Any) -> bool:
    """Equality of dataclasses down to the last bit of their arrays."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if hasattr(one, "__slots__"):
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in one.__slots__)
    return bool(one == other)


@settings(max_examples=80)
@given(documents())
def test_any_planned_problem_comes_back_exactly(document: dict[str, Any]) -> None:
    made = planned(problem_from_case(case_from_text(json.dumps(document), "case.json")))
    assert same(unpacked(packed(made)), made)


def test_a_price_curve_comes_back_too() -> None:
    curve = Exchange(prices_per_kwh=np.array([[0.1, 0.3]] * 4), breakpoints_kw=np.zeros((4, 1)))
    made = planned(replace(problem(battery()), exchange=curve))
    assert same(unpacked(packed(made)), made)


def test_the_plan_of_a_stored_problem_is_made_again() -> None:
    wash = {"id": "wash", "kind": "appliance", "profile_kw": [1.0, 1.0]}
    site = problem(battery(), car(), wash)
    first = Planner().plan(site)
    stored = unpacked(packed(PlannedProblem.of(site, first)))
    again = Planner().plan(stored.problem, previous=stored.as_plan())
    for id_, made in first.devices.items():
        assert again.devices[id_].power_kw == pytest.approx(made.power_kw, abs=1e-6)


def document_of(made: PlannedProblem) -> dict[str, Any]:
    return json.loads(zlib.decompress(packed(made)))  # type: ignore[no-any-return]


def blob(document: Any) -> bytes:
    return zlib.compress(json.dumps(document).encode())


def test_another_version_is_refused_with_a_remedy() -> None:
    document = document_of(planned(problem(battery()))) | {"version": VERSION + 1}
    with pytest.raises(ProblemFileError, match="use that release"):
        unpacked(blob(document))


WRONG = [
    lambda d: d["planned"]["problem"].pop("slot_h"),
    lambda d: d["planned"]["problem"].update(surprise=1),
    lambda d: d["planned"]["problem"].update(slot_h="long"),
    lambda d: d["planned"]["problem"].update(slot_h=True),
    lambda d: d["planned"]["problem"]["devices"][0].update(kind="windmill"),
    lambda d: d["planned"]["problem"]["devices"][0].update(grid_charge_allowed=1),
    lambda d: d["planned"]["problem"].update(base_kw=[1.0]),
    lambda d: d["planned"]["problem"].update(base_kw={"every": 1.0, "n": 10**9}),
    lambda d: d["planned"].update(powers_kw={}),
    lambda d: d.update(planned=[]),
]


@pytest.mark.parametrize("spoil", WRONG)
def test_a_document_of_another_form_is_refused(spoil: Any) -> None:
    document = document_of(planned(problem(battery())))
    spoil(document)
    with pytest.raises(ProblemFileError):
        unpacked(blob(document))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: zlib.compress(text.encode())))
def test_bytes_that_are_no_problem_are_refused(given_bytes: bytes) -> None:
    with pytest.raises(ProblemFileError):
        unpacked(given_bytes)


def test_a_record_that_is_cut_off_or_unpacks_without_end_is_refused() -> None:
    whole = packed(planned(problem(battery())))
    with pytest.raises(ProblemFileError, match="cut off"):
        unpacked(whole[:-5])
    with pytest.raises(ProblemFileError):
        unpacked(zlib.compress(b" " * 70_000_000))
    with pytest.raises(ProblemFileError):
        unpacked(zlib.compress(b"[" * 100_000))


def test_a_day_of_plans_is_small() -> None:
    """A plan of 24 h in slots of 15 min with six devices, none of whose numbers are round (R17 allows 1 GB a day)."""
    rng, n = np.random.default_rng(1), 96
    noise = [rng.uniform(0.0, 3.0, n).tolist() for _ in range(8)]
    room = {"kind": "zone", "mode": "heat", "electric_kw_max": 3.0, "cop": 3.0, "temp_initial_c": 20.0}
    room |= {"thermal_capacity_kwh_per_k": 3.0, "thermal_resistance_k_per_kw": 4.0, "temp_min_c": 19.0}
    devices = [battery(), {"id": "pv", "kind": "pv", "available_kw": noise[0]}]
    devices += [{**room, "id": f"room{i}", "outdoor_temp_c": noise[i], "gain_kw": noise[i + 2]} for i in (1, 2)]
    devices += [{"id": f"load{i}", "kind": "load", "power_kw": noise[i]} for i in (5, 6)]
    site = problem(*devices, slots=n, minutes=15, base_load_kw=noise[7])
    assert 2 * 96 * len(packed(planned(site))) < 5_000_000
