"""The page on strategies names every strategy and every air key with the limits that the code has."""

from pathlib import Path

import pytest

from hems.planning.strategies.baseline import SET_POINTS
from hems.planning.strategies.lamps import LAMP_RULES
from hems.site.devices import ZoneDevice

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "strategies.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*SET_POINTS, *LAMP_RULES])
def test_every_strategy_has_a_line(name: str) -> None:
    assert f"\n| {name} | " in PAGE


def test_every_air_key_has_a_line() -> None:
    keys = {key for key in ZoneDevice.model_fields if "air" in key}
    assert keys == {"supply_air_temp_c", "air_flow_max_m3_per_h", "air_flow_min_m3_per_h"}
    for key in keys:
        assert f"\n| `{key}` | " in PAGE


def test_every_example_has_a_line() -> None:
    folder = ROOT / "examples" / "planning"
    text = (folder / "README.md").read_text("utf-8")
    assert all(f"({file.name})" in text for file in folder.glob("*.json"))
