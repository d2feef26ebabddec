"""Every public planning case, planned in process and judged by a judge that shares nothing with the planner."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from hems.io.case_file import case_from_text, plan_document
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import problem_from_case
from hems.site.finding import CaseError
from tests.cases.plan_judge import Verdict, judge

FILES = sorted((Path(__file__).parent / "planning").glob("*.json"))
DOCUMENTS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FILES}
GOOD = [name for name, document in DOCUMENTS.items() if not document["expected"].get("exit_status")]
BAD = [name for name in DOCUMENTS if name not in GOOD]
_PLANNED: dict[str, tuple[dict[str, Any], Verdict]] = {}


def planned(name: str) -> tuple[dict[str, Any], Verdict]:
    """The plan document of a case and its verdict, made once."""
    if name not in _PLANNED:
        case = case_from_text(json.dumps(DOCUMENTS[name]["case"]), name)
        plan: Plan = Planner(time.perf_counter).plan(problem_from_case(case))
        document = plan_document(case, plan)
        _PLANNED[name] = document, judge(DOCUMENTS[name]["case"], document)
    return _PLANNED[name]


def test_all_public_cases_are_here() -> None:
    assert len(FILES) == 23


@pytest.mark.parametrize("name", GOOD)
def test_plan_obeys_physics_limits_and_its_own_claims(name: str) -> None:
    assert planned(name)[1].errors == []


@pytest.mark.parametrize("name", GOOD)
def test_plan_costs_no_more_than_the_known_optimum(name: str) -> None:
    expected, verdict = DOCUMENTS[name]["expected"], planned(name)[1]
    assert verdict.cost <= expected["objective"] + expected["objective_tolerance"]
    slack = max(0.002, 2e-4 * abs(expected["objective"]))
    assert expected["violations"] or verdict.cost >= expected["reference_bound"] - slack
    assert expected["violations"] or planned(name)[0]["bound"] <= expected["objective"] + slack


@pytest.mark.parametrize("name", GOOD)
def test_plan_breaks_no_wish_by_more_than_needed(name: str) -> None:
    known: dict[str, float] = {}
    for item in DOCUMENTS[name]["expected"]["violations"]:
        known[item["wish"]] = known.get(item["wish"], 0.0) + item["total"]
    priced = {d["id"] for d in DOCUMENTS[name]["case"]["devices"] if d.get("discomfort_per_k_hour") is not None}
    verdict = planned(name)[1]
    found: dict[str, float] = {}
    for (device, wish), amounts in verdict.broken.items():
        if device not in priced:
            found[wish] = found.get(wish, 0.0) + sum(amounts.values())
    for wish, total in found.items():
        assert total <= known.get(wish, 0.0) * 1.01 + 0.01


@pytest.mark.parametrize("name", [n for n in GOOD if DOCUMENTS[n]["expected"].get("marginal_price_samples")])
def test_marginal_price_lies_between_one_kwh_less_and_one_more(name: str) -> None:
    prices = planned(name)[0]["marginal_price_per_kwh"]
    for sample in DOCUMENTS[name]["expected"]["marginal_price_samples"]:
        assert sample["low"] - 2e-3 <= prices[sample["slot"]] <= sample["high"] + 2e-3


def test_optional_runs_happen_when_they_are_worth_it() -> None:
    name = "011-optional-appliances"
    for id_, ran in DOCUMENTS[name]["expected"]["ran"].items():
        assert planned(name)[1].ran[id_] is ran


@pytest.mark.parametrize("name", GOOD)
def test_every_reason_has_a_code_a_text_and_slots_inside_the_horizon(name: str) -> None:
    document, slots = planned(name)[0], DOCUMENTS[name]["case"]["slots"]
    assert set(document["reasons"]) >= {d["id"] for d in DOCUMENTS[name]["case"]["devices"]}
    for reason in (r for given in document["reasons"].values() for r in given):
        assert 0 <= reason["slots"][0] < reason["slots"][1] <= slots
        assert reason["code"] and reason["text"]


@pytest.mark.parametrize("name", BAD)
def test_bad_case_is_refused_and_its_message_names_file_and_key(name: str) -> None:
    document = DOCUMENTS[name]
    text = document.get("case_text", json.dumps(document.get("case")))
    with pytest.raises(CaseError) as refused:
        case_from_text(text, "case.json")
    assert "case.json" in str(refused.value)
    for word in document["expected"]["message_mentions"]:
        assert word in str(refused.value)
