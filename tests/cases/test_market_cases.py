"""Published and hand-derived market cases, solved by `community-broker clear` in this process."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from broker.offline.table import OFFLINE

FOLDER = Path(__file__).parent / "market"
CONVENTIONS = {"marginal_pair_midpoint", "time_priority_bids", "time_priority_offers", "price_rule_note"}
ALIASES = {"pro_rata_bids": "accepted_bids", "pro_rata_offers": "accepted_offers"}


def cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        for case in json.loads(path.read_text(), parse_float=Decimal)["cases"]:
            found.append(pytest.param(case, id=f"{case['mechanism']}-{case['id']}"))
    return found


def assert_holds(want: Any, got: Any, tolerance: float, path: str) -> None:
    """Every expected fact is in the result; an absent participant received nothing."""
    if isinstance(want, dict):
        for key, value in want.items():
            if key in CONVENTIONS:
                continue
            name = ALIASES.get(key, key)
            assert name in got or (path and value == 0), f"{path}.{name} is missing"
            assert_holds(value, got.get(name, 0), tolerance, f"{path}.{name}")
    elif isinstance(want, list):
        assert len(want) == len(got), path
        for i, (a, b) in enumerate(zip(want, got, strict=True)):
            assert_holds(a, b, tolerance, f"{path}[{i}]")
    elif isinstance(want, str | bool) or want is None:
        assert want == got, path
    else:
        assert float(got) == pytest.approx(float(want), rel=tolerance, abs=tolerance), path


@pytest.mark.parametrize("case", cases())
def test_case_holds(case: Any) -> None:
    result = OFFLINE[case["mechanism"]](case["inputs"])
    assert isinstance(result, dict), result
    printed = json.loads(json.dumps(result))
    assert_holds(case["expected"], printed, max(float(case.get("tolerance", 1e-6)), 1e-6), "")
