"""Whatever valid case comes, a plan comes back that obeys physics, limits and its own claims."""

import json
import time
from typing import Any

from hypothesis import HealthCheck, given, settings

from hems.io.case_file import case_from_text, plan_document
from hems.planning.assembly import rule_based
from hems.planning.planner import Planner
from hems.planning.problem import problem_from_case
from tests.cases.plan_judge import judge
from tests.properties.planning_documents import documents

UNUSUAL = [HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=120, suppress_health_check=UNUSUAL, derandomize=True)
@given(documents())
def test_any_valid_case_gets_a_solved_plan_without_errors(document: dict[str, Any]) -> None:
    case = case_from_text(json.dumps(document), "case.json")
    plan = Planner(time.perf_counter).plan(problem_from_case(case))
    assert plan.status != "fallback"
    assert judge(document, plan_document(case, plan)).errors == []
    plain = rule_based(problem_from_case(case))
    if not plain.violations:
        assert not plan.violations
        assert plan.objective <= plain.objective + 1e-3 * max(1.0, abs(plan.objective))


@settings(max_examples=120, suppress_health_check=UNUSUAL, derandomize=True)
@given(documents())
def test_the_rule_plan_obeys_physics_and_limits(document: dict[str, Any]) -> None:
    case = case_from_text(json.dumps(document), "case.json")
    plan = rule_based(problem_from_case(case))
    assert plan.status == "fallback"
    assert judge(document, plan_document(case, plan)).errors == []
