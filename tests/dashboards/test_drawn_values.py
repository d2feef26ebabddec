"""Values are drawn as Grafana shows them: unit, words, colour."""

from typing import Any

import pytest

from dashboards import look
from dashboards.review.drawing.values import COLOURS, shown


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        (1234.0, {"unit": "watt"}, "1.23 kW"),
        (-320, {"unit": "watt"}, "-320 W"),
        (0, {"unit": "s"}, "0 s"),
        (0.25, {"unit": "s"}, "250 ms"),
        (5400, {"unit": "s"}, "1.50 hour"),
        (0.834, {"unit": "percentunit"}, "83.4 %"),
        (2_500_000, {"unit": "decbytes"}, "2.50 MB"),
        (2.174, {"unit": look.MONEY, "decimals": 2}, "2.17 EUR"),
        (None, {"unit": "watt", "noValue": "none settled yet"}, "none settled yet"),
        (None, {"unit": "watt"}, "-"),
        ("solar_surplus", {}, "solar_surplus"),
    ],
)
def test_a_value_is_written_with_its_unit(value: Any, field: dict[str, Any], text: str) -> None:
    assert shown(value, field)[0] == text


def test_words_stand_for_values_and_bring_their_colour() -> None:
    field = {"mappings": [look.RUNG.to_json()]}
    field["mappings"][0]["options"] = {key: said.to_json() for key, said in look.RUNG.options.items()}
    assert shown(2.0, field) == ("rules", COLOURS["red"])
    assert shown("0", field) == ("plan", COLOURS["green"])


@pytest.mark.parametrize(("value", "colour"), [(-5, "red"), (0, "green"), (0.5, "green"), (1, "red")])
def test_limits_colour_a_value(value: float, colour: str) -> None:
    steps = [step.to_json() for step in look.limits((0, "green"), (1, "red"), base="red").build().steps]
    assert shown(value, {"unit": "short", "thresholds": {"steps": steps}})[1] == COLOURS[colour]
