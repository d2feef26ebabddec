"""The planning examples are planned and judged; no strategy of the literature beats the planner at equal comfort."""

import json
from pathlib import Path
from typing import Any

import pytest

from hems.io.case_file import case_from_text, plan_document
from hems.planning.planner import Planner
from hems.planning.problem import Lighting, problem_from_case
from hems.planning.strategies.baseline import SET_POINTS, baseline
from hems.planning.strategies.lamps import LAMP_RULES
from hems.planning.strategies.score import score
from tests.cases.plan_judge import judge

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "planning").glob("*.json"))
PUBLIC = [
    ROOT / "tests" / "cases" / "planning" / f"{name}.json"
    for name in ("003-cool-zone-precooling", "016-office-lighting-cooling-load", "017-chp-feeds-tank-and-zone")
]


def case_of(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    inner: dict[str, Any] = document.get("case", document)
    return inner


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_planned_and_keeps_physics_limits_and_its_band(path: Path) -> None:
    document = case_of(path)
    case = case_from_text(json.dumps(document), path.name)
    plan = Planner().plan(problem_from_case(case))
    assert plan.status == "optimal"
    assert judge(document, plan_document(case, plan)).errors == []
    assert sum(v.amount for v in plan.violations) < 0.1


@pytest.mark.parametrize("path", [*PUBLIC, *EXAMPLES], ids=lambda path: path.stem)
def test_no_strategy_is_cheaper_than_the_planner_without_breaking_comfort_more(path: Path) -> None:
    given = problem_from_case(case_from_text(json.dumps(case_of(path)), path.name))
    plan = score(given, Planner().plan(given, explain=False))
    plans = {name: baseline(given, rooms=name) for name in SET_POINTS}
    if any(isinstance(device, Lighting) for device in given.devices):
        plans |= {name: baseline(given, lamps=name) for name in LAMP_RULES}
    for name, made in plans.items():
        plain = score(given, made)
        better = plain.cost < plan.cost - 1e-3 * abs(plan.cost)
        assert not better or plain.outside_k_h > plan.outside_k_h + 0.01, name
