"""Register maps against words that were computed by hand from the data sheets, on a plain Modbus server."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hems.io.map_files import map_names, read_map, register_map
from hems.io.map_meter import MapMeter
from hems.io.modbus_discovery import TooManyHosts, bus_peers, hosts_of
from hems.io.modbus_link import ModbusLink, RequestRefused
from hems.io.template_files import TemplateError
from hems.metering.reading import EnergySource, Reading, ReadingQuality

# 2310 W, 1234.5 kWh import, 45.6 kWh export, 230 V, 231 V, 229 V, 50 Hz, worked out on paper:
# floats: 2310 = 0x45106000, 1234.5 = 0x449A5000, 45.625 = 0x42368000, 230 = 0x43660000, 231 = 0x43670000,
#         229 = 0x43650000, 50 = 0x42480000, 2.31 kW = 0x4013D70A
# integers: 23100 = 0x5A3C, 12345 = 0x3039, 456 = 0x01C8, 2300 = 0x08FC, 2310 = 0x0906, 2290 = 0x08F2, 500 = 0x01F4,
#         231000 = 0x00038658, 123450 = 0x0001E23A, 4560 = 0x11D0, 5000 = 0x1388,
#         1234500 = 0x12D644, 45600 = 0xB220
DUMPS: dict[str, dict[int, list[int]]] = {
    "eastron-sdm630": {
        0x0000: [0x4366, 0x0000, 0x4367, 0x0000, 0x4365, 0x0000],
        0x0034: [0x4510, 0x6000],
        0x0046: [0x4248, 0x0000, 0x449A, 0x5000, 0x4236, 0x8000],
    },
    "carlo-gavazzi-em340": {  # the low word comes first
        0x0000: [0x08FC, 0x0000, 0x0906, 0x0000, 0x08F2, 0x0000],
        0x0028: [0x5A3C, 0x0000],
        0x0033: [0x01F4, 0x3039, 0x0000],
        0x004E: [0x01C8, 0x0000],
    },
    "abb-b23": {
        0x5000: [0, 0, 0x0001, 0xE23A, 0, 0, 0, 0x11D0],
        0x5B00: [0, 0x08FC, 0, 0x0906, 0, 0x08F2],
        0x5B14: [0x0003, 0x8658],
        0x5B2C: [0x1388],
    },
    "schneider-iem3000": {
        3027: [0x4366, 0x0000, 0x4367, 0x0000, 0x4365, 0x0000],
        3059: [0x4013, 0xD70A],
        3109: [0x4248, 0x0000],
        3203: [0, 0, 0x0012, 0xD644, 0, 0, 0, 0xB220],
    },
}
EXPORTING: dict[str, dict[int, list[int]]] = {  # -1500 W: float 0xC4BB8000, -15000 = 0xFFFFC568, -150000 = 0xFFFDB610
    "eastron-sdm630": {0x0034: [0xC4BB, 0x8000]},
    "carlo-gavazzi-em340": {0x0028: [0xC568, 0xFFFF]},
    "abb-b23": {0x5B14: [0xFFFD, 0xB610]},
    "schneider-iem3000": {3059: [0xBFC0, 0x0000]},  # -1.5 kW
}
EXPORT_WH = {"eastron-sdm630": 45_625}


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


@asynccontextmanager
async def meter_of(words: Mapping[int, list[int]], *, inputs: bool) -> AsyncIterator[int]:
    """The port of a server that has these registers only, as input or as holding registers."""
    blocks = [SimData(at, values=part, datatype=DataType.REGISTERS) for at, part in sorted(words.items())]
    none = [SimData(65_000, values=[0], datatype=DataType.REGISTERS)]
    bits = [SimData(0, values=[False], datatype=DataType.BITS)]
    holding, reads = (none, blocks) if inputs else (blocks, none)
    server = ModbusTcpServer(SimDevice(1, simdata=(bits, bits, holding, reads)), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    listener = server.transport
    assert isinstance(listener, asyncio.Server)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        server.close()


async def read(name: str, words: Mapping[int, list[int]], *, power_sign: int = 1) -> Reading:
    table = register_map(name)
    async with meter_of(words, inputs=table.registers == "input") as port:
        meter = MapMeter(ModbusLink("127.0.0.1", port), 1, table, power_sign=power_sign, now=lambda: 7.0)
        try:
            return await meter.reading()
        finally:
            meter.close()


def test_every_map_has_a_dump_and_names_the_source_of_every_register() -> None:
    assert set(DUMPS) == set(EXPORTING) == set(map_names())
    assert all(point.source for name in map_names() for point in register_map(name).point)


@pytest.mark.parametrize("name", sorted(DUMPS))
def test_a_kettle_at_home_is_import_in_every_map(name: str) -> None:
    async def test() -> None:
        reading = await read(name, DUMPS[name])
        assert (reading.power_w, reading.import_wh) == (2310, 1_234_500)
        assert reading.export_wh == EXPORT_WH.get(name, 45_600)
        assert reading.voltage_v == pytest.approx((230.0, 231.0, 229.0))
        assert reading.frequency_hz == pytest.approx(50.0)
        assert (reading.quality, reading.source) == (ReadingQuality.GOOD, EnergySource.REGISTER_MAP)

    run(test())


@pytest.mark.parametrize("name", sorted(EXPORTING))
def test_the_sun_above_the_load_is_negative_in_every_map_and_the_sign_can_be_turned(name: str) -> None:
    async def test() -> None:
        words = {**DUMPS[name], **EXPORTING[name]}
        assert (await read(name, words)).power_w == -1500
        turned = await read(name, words, power_sign=-1)
        assert (turned.power_w, turned.import_wh) == (1500, 1_234_500)

    run(test())


def test_what_a_meter_marks_as_absent_is_no_reading() -> None:
    async def test() -> None:
        absent = {**DUMPS["abb-b23"], 0x5000: [0xFFFF] * 8}
        reading = await read("abb-b23", absent)
        assert (reading.power_w, reading.import_wh, reading.quality) == (2310, None, ReadingQuality.INVALID)
        nan = {**DUMPS["eastron-sdm630"], 0x0034: [0x7FC0, 0x0000]}
        assert (await read("eastron-sdm630", nan)).power_w is None

    run(test())


def test_a_wrong_map_is_refused_by_the_meter_with_what_to_check() -> None:
    async def test() -> None:
        with pytest.raises(RequestRefused, match="check unit id and register map"):
            await read("schneider-iem3000", DUMPS["abb-b23"])

    run(test())


@pytest.mark.parametrize("name", sorted(DUMPS))
def test_a_search_finds_the_map_by_volts_and_hertz(name: str) -> None:
    async def test() -> None:
        async with meter_of(DUMPS[name], inputs=register_map(name).registers == "input") as port:
            (found,) = await bus_peers(["127.0.0.1"], [port], [1])
            assert (found.map, found.device_id, found.port) == (name, 1, port)
            assert found.reading is not None
            assert found.reading.power_w == 2310

    run(test())


def test_a_search_is_bounded() -> None:
    assert hosts_of(["192.0.2.0/30", "meter.lan"]) == ["192.0.2.1", "192.0.2.2", "meter.lan"]
    with pytest.raises(TooManyHosts, match="at most 256 are asked: narrow it"):
        hosts_of(["10.0.0.0/8"])
    with pytest.raises(TooManyHosts, match="give a host, or a network"):
        hosts_of(["192.0.2.0/99"])


def test_another_program_reads_the_same_words() -> None:
    """The dump on the server is what mbpoll sees as floats, big end first: the word order is the data sheet's."""
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed")

    async def test() -> None:
        async with meter_of(DUMPS["eastron-sdm630"], inputs=True) as port:
            line = [program, "-0", "-m", "tcp", "-a", "1", "-r", "52", "-c", "1", "-t", "3:float", "-B", "-1"]
            child = await asyncio.create_subprocess_exec(
                *line, "-p", str(port), "127.0.0.1", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            told, _ = await child.communicate()
            assert b"2310" in told, told

    run(test())


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('name = "x"\nword_order = "middle"', "word_order"),
        ("[[point", "not TOML"),
    ],
)
def test_a_map_that_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, finding: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(TemplateError, match=finding):
        read_map(file)
