"""The worked examples of the pages on contracts, blocks, flexibility, donation, storage and settlement are true."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.contracts import CONTRACTS
from broker.offline.table import OFFLINE

PAGES = Path(__file__).parents[2] / "docs" / "markets"


def shown(value: Any) -> Any:
    """A result as the page shows it: rounded to 1e-9."""
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 9))


@pytest.mark.parametrize("name", [m.name for m in CONTRACTS])
def test_the_example_of_the_page_gives_the_result_it_shows(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text("utf-8")
    document, expected = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    result = OFFLINE[name](json.loads(document, parse_float=Decimal))
    assert isinstance(result, dict), result
    assert {key: shown(result[key]) for key in json.loads(expected)} == shown(json.loads(expected))
    assert f"--mechanism {name}" in page
    assert name in MECHANISMS
