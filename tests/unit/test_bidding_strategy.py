"""A strategy on its way from the energy manager to the transactive meter."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy, strategy_from_line, strategy_to_line
from tests.fakes import START_S, slot

STRATEGY = Strategy(slot=slot(1), steps=(Step("buy", 200_000, 500), Step("sell", 250_000, 1)), net_wh=(500, -3))
STEPS = st.builds(Step, st.sampled_from(["buy", "sell"]), st.integers(-(10**9), 10**9), st.integers(1, 10**9))
STRATEGIES = st.builds(
    Strategy,
    slot=st.integers(0, 500).map(slot),
    steps=st.lists(STEPS, max_size=5).map(tuple),
    net_wh=st.lists(st.integers(-(10**6), 10**6), max_size=5).map(tuple),
)


@given(STRATEGIES)
def test_a_strategy_survives_the_home_link(strategy: Strategy) -> None:
    assert strategy_from_line(json.loads(json.dumps(strategy_to_line(strategy)))) == strategy


@pytest.mark.parametrize(
    "change",
    [
        {"slot_s": START_S + 1},
        {"minutes": 7},
        {"slot_s": None},
        {"slot_s": "soon"},
        {"steps": None},
        {"steps": [["hold", 1, 1]]},
        {"steps": [["buy", 1, 0]]},
        {"steps": [["buy", 1.5, 1]]},
        {"steps": [["buy", 1, True]]},
        {"steps": [["buy", 1]]},
        {"net_wh": 5},
    ],
    ids=str,
)
def test_a_line_that_is_no_strategy_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        strategy_from_line(strategy_to_line(STRATEGY) | change)


@pytest.mark.parametrize("key", ["slot_s", "minutes", "steps", "net_wh"])
def test_a_line_without_one_of_its_fields_is_refused(key: str) -> None:
    line = strategy_to_line(STRATEGY)
    del line[key]
    with pytest.raises(ValueError, match=f"not a strategy: '{key}'"):
        strategy_from_line(line)
