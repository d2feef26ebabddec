"""Our tables of models 1, 203 and 213 against the model definitions that pysunspec2 ships."""

import json
from pathlib import Path

import pytest
import sunspec2

from wire.registers.points import Model
from wire.registers.sunspec import COMMON, METER_FLOAT, METER_INT

DEFINITIONS = Path(sunspec2.__file__).parent / "models" / "json"


@pytest.mark.parametrize("table", [COMMON, METER_INT, METER_FLOAT], ids=["1", "203", "213"])
def test_every_point_lies_where_the_definition_says(table: Model) -> None:
    definition = json.loads((DEFINITIONS / f"model_{table.id}.json").read_text("utf-8"))
    offset, expected = 0, []
    for point in definition["group"]["points"]:
        expected.append((point["name"], offset, point["type"], point.get("sf")))
        offset += point["size"]
    assert [(p.name, p.offset, p.kind.value, p.scale) for p in table.points] == expected[2:]
    assert table.length == offset - 2


def test_settlement_points_of_203_lie_at_their_published_offsets() -> None:
    offsets = {name: METER_INT.point(name).offset for name in ("W", "W_SF", "TotWhExp", "TotWhImp", "TotWh_SF")}
    assert offsets == {"W": 18, "W_SF": 22, "TotWhExp": 38, "TotWhImp": 46, "TotWh_SF": 54}


def test_power_and_energy_of_213_lie_at_their_published_offsets() -> None:
    offsets = {name: METER_FLOAT.point(name).offset for name in ("W", "TotWhExp", "TotWhImp")}
    assert offsets == {"W": 28, "TotWhExp": 60, "TotWhImp": 68}
