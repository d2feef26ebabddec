"""Broken documents of contracts, blocks, flexibility, donation, storage, settlement give findings, no traceback."""

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.offline.table import OFFLINE

FOLDER = Path(__file__).parents[1] / "cases" / "market"
NAMES = (
    "day_ahead_blocks",
    "forward_contract",
    "flexibility_auction",
    "ancillary_call",
    "energy_donation",
    "shared_storage",
    "settlement",
    "settlement_balancing",
    "settlement_fifo",
)
DOCUMENTS = [
    (name, case["inputs"])
    for name in NAMES
    for case in json.loads((FOLDER / f"{name}.json").read_text(), parse_float=Decimal)["cases"]
]
WRONG = st.sampled_from(
    [
        None,
        True,
        "x",
        "",
        [],
        {},
        [None],
        {"a": 1},
        -1,
        0,
        10**40,
        Decimal("NaN"),
        Decimal("1e-9"),
        Decimal("0.5"),
        99,
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, item in inner for p in places(item, (*path, key)))]


@settings(max_examples=400)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_broken_document_gives_findings_or_a_result(entry: tuple[str, Any], data: st.DataObject) -> None:
    name, inputs = entry
    document = copy.deepcopy(inputs)
    for _ in range(data.draw(st.integers(1, 2))):
        *parents, key = data.draw(st.sampled_from(places(document)[1:] or [("k",)]))
        target = document
        for step in parents:
            target = target[step]
        if data.draw(st.booleans()):
            del target[key]
        else:
            target[key] = copy.deepcopy(data.draw(WRONG))
        if not document:
            break
    result = OFFLINE[name](document)
    if isinstance(result, list):
        assert result
        assert all(f.key and f.problem and f.remedy for f in result)
    else:
        json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("document", [None, [], 3, "x", {}])
def test_what_is_no_document_says_what_to_write(name: str, document: Any) -> None:
    result = OFFLINE[name](document)
    assert isinstance(result, list)
    assert result


def test_findings_name_the_key_the_problem_and_the_remedy() -> None:
    document = {
        "slots": [{"bids": [{"id": "b", "price": Decimal("0.0000001"), "qty": -1}], "offers": []}],
        "blocks": [{"id": "x", "participant": "p", "side": "up", "price": 1, "quantities": [1, 1]}],
    }
    result = OFFLINE["day_ahead_blocks"](document)
    assert isinstance(result, list)
    assert [f.key for f in result] == ["slots[0].bids[0].price", "slots[0].bids[0].qty", "blocks[0].side"]
    document["slots"] = [{"bids": [], "offers": []}]
    document["blocks"] = [{"id": "x", "participant": "p", "side": "sell", "price": 1, "quantities": [1, 1]}]
    result = OFFLINE["day_ahead_blocks"](document)
    assert isinstance(result, list)
    assert "leaves the day" in result[0].problem


def test_the_order_of_rows_changes_no_settlement_but_first_in_first_out() -> None:
    for name in ("settlement", "settlement_balancing", "energy_donation"):
        for mechanism, inputs in DOCUMENTS:
            if mechanism != name:
                continue
            key = next(k for k in ("trades", "meters", "members") if k in inputs)
            assert OFFLINE[name](inputs | {key: inputs[key][::-1]}) == OFFLINE[name](inputs)


MORE = [
    (
        "settlement_fifo",
        {"trades": [{"id": "T1", "qty": 3, "price": 20}], "actual": 0},
        {"final": {"T1": 0}, "value": 0},
    ),
    (
        "settlement_fifo",
        {"trades": [{"id": "T1", "qty": 3, "price": 20}, {"id": "T2", "qty": 4, "price": 25}], "actual": 5},
        {"final": {"T1": 3, "T2": 2}, "value": 110, "shortfall": 2, "unsold": 0},
    ),
    (
        "settlement_balancing",
        {
            "price_balancing_positive": 6,
            "price_balancing_negative": 40,
            "meters": [{"id": "M", "sold": 5, "bought": 2, "metered_out": 4, "metered_in": Decimal("1.5")}],
        },
        {"balancing": {"M": -0.5}, "charge": {"M": 20}},
    ),
    (
        "settlement",
        {
            "penalty_rate": Decimal("0.5"),
            "trades": [
                {
                    "buyer": "B",
                    "seller": "S",
                    "traded": 2,
                    "price": 3,
                    "measured_consumption": 4,
                    "measured_production": 1,
                },
                {
                    "buyer": "B",
                    "seller": "B2",
                    "traded": 2,
                    "price": 1,
                    "measured_consumption": 3,
                    "measured_production": 9,
                },
            ],
        },
        {"penalties": {"B": 1.5, "S": 0.5, "B2": 0}, "trade_value": 8},
    ),
]


@pytest.mark.parametrize(("name", "document", "expected"), MORE)
def test_cases_of_the_same_shapes_hold(name: str, document: Any, expected: Any) -> None:
    result = OFFLINE[name](document)
    assert isinstance(result, dict)
    assert {key: result[key] for key in expected} == expected
