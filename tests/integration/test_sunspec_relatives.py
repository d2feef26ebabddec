"""Meters of the other SunSpec meter models are read as model 203 and 213 are: their points have the same places."""

import json
from pathlib import Path

import pytest
import sunspec2
from test_modbus_meter import models_of, plain_server, run

from hems.io.modbus_discovery import bus_peers
from hems.io.modbus_meter import SAME_LAYOUT, ModbusMeter
from hems.metering.reading import EnergySource
from meter_firmware_sim.meter import Meter, MeterConfig

T0 = 1_800_000_000
READ = ("A", "AphA", "PhVphA", "PhVphB", "PhVphC", "Hz", "W", "TotWhExp", "TotWhImp", "Evt")
SCALES = ("W_SF", "TotWh_SF", "V_SF")


def places_of(model_id: int) -> dict[str, tuple[int, str]]:
    """Offset and type of each point that is read, from the standard's own definition."""
    file = Path(sunspec2.__file__).parent / "models" / "json" / f"model_{model_id}.json"
    offset, found = 0, {}
    for point in json.loads(file.read_text("utf-8"))["group"]["points"]:
        found[point["name"]] = (offset, point["type"])
        offset += int(point["size"])
    wanted = READ + (SCALES if model_id < 210 else ())
    return {name: found[name] for name in wanted}


@pytest.mark.parametrize(("table", "relative"), [(t, r) for t, relatives in SAME_LAYOUT.items() for r in relatives])
def test_the_standard_gives_the_points_the_same_places(table: int, relative: int) -> None:
    assert places_of(relative) == places_of(table)


def test_a_single_phase_meter_of_model_201_is_found_and_settles() -> None:
    async def test() -> None:
        meter = Meter(MeterConfig(), T0)
        meter.advance(T0 + 3600, (800, 0, 0))
        words = models_of(meter, [1, 203])
        words[words.index(203)] = 201
        async with plain_server(words) as port:
            client = ModbusMeter("127.0.0.1", port, now=lambda: T0)
            reading = await client.reading()
            client.close()
            (found,) = await bus_peers(["127.0.0.1"], [port], [1])
        assert (reading.power_w, reading.import_wh, reading.source) == (800, 800, EnergySource.SUNSPEC_INT)
        assert found.map == "sunspec"
        assert found.reading is not None

    run(test())
