"""The meter's Modbus client against the simulator's server, over loopback."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hems.io.modbus_link import MeterSilent, MeterUnreachable, ModbusLink, RegisterMapMismatch, RequestRefused
from hems.io.modbus_meter import ModbusMeter
from hems.metering.reading import EnergyBetween, EnergySource, ReadingQuality, energy_between
from meter_firmware_sim.faults import FaultKind
from meter_firmware_sim.image import meter_image
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer, PortUnavailable
from wire.registers import MarketTerms, MeterFlags, build_chain
from wire.registers.chain import body, walk

T0 = 1_800_000_000
TERMS = MarketTerms(
    price_micro_per_kwh=-12_000,
    award_wh=-700,
    envelope_import_w=4200,
    envelope_export_w=0,
    valid_until_epoch_s=T0 + 900,
    sequence=3,
)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


@asynccontextmanager
async def home(*, base: int = 40000, timeout_s: float = 2.0) -> AsyncIterator[tuple[HomeServer, ModbusMeter]]:
    server = HomeServer(Meter(MeterConfig(), T0), base=base)
    client = ModbusMeter("127.0.0.1", await server.start(), timeout_s=timeout_s)
    try:
        yield server, client
    finally:
        client.close()
        await server.stop()


@asynccontextmanager
async def plain_server(words: list[int], base: int = 40000) -> AsyncIterator[int]:
    """Any words on any base, as a foreign device would serve them."""
    block = SimData(base, values=words, datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(1, simdata=[block]), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    listener = server.transport
    assert isinstance(listener, asyncio.Server)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        server.close()


def models_of(meter: Meter, ids: list[int]) -> list[int]:
    words = meter_image(meter)
    layout = walk(words)
    spans = [layout.span(model_id) for model_id in ids]
    return build_chain([body(words, layout, span) for span in spans if span is not None])


def test_kettle_on_raises_power_and_the_import_register_only() -> None:
    async def test() -> None:
        async with home() as (server, client):
            server.meter.advance(T0 + 60, (120, 0, 0))
            before = await client.reading()
            server.meter.advance(T0 + 240, (2320, 0, 0))
            after = await client.reading()
            assert (before.power_w, after.power_w) == (120, 2320)
            assert energy_between(before, after) == EnergyBetween(import_wh=116, export_wh=0)
            assert after.source is EnergySource.TRANSACTIVE

    run(test())


@pytest.mark.parametrize("base", [40000, 0, 50000])
def test_map_is_found_at_every_base(base: int) -> None:
    async def test() -> None:
        async with home(base=base) as (server, client):
            server.meter.advance(T0 + 3600, (0, -500, 0))
            reading = await client.reading()
            assert (reading.power_w, reading.export_wh, reading.at_epoch_s) == (-500, 500, T0 + 3600)

    run(test())


@pytest.mark.parametrize(
    ("ids", "source", "quality"),
    [
        ([1, 203], EnergySource.SUNSPEC_INT, ReadingQuality.GOOD),
        ([1, 203, 213], EnergySource.SUNSPEC_INT, ReadingQuality.GOOD),
        ([1, 213], EnergySource.SUNSPEC_FLOAT, ReadingQuality.DISPLAY_ONLY),
    ],
)
def test_standard_meter_settles_on_203_and_213_is_for_display(
    ids: list[int], source: EnergySource, quality: ReadingQuality
) -> None:
    async def test() -> None:
        meter = Meter(MeterConfig(), T0)
        meter.advance(T0 + 3600, (800, 0, 0))
        async with plain_server(models_of(meter, ids)) as port:
            client = ModbusMeter("127.0.0.1", port, now=lambda: T0 + 7)
            reading = await client.reading()
            client.close()
        assert (reading.power_w, reading.import_wh, reading.at_epoch_s) == (800, 800, T0 + 7)
        assert (reading.source, reading.quality) == (source, quality)

    run(test())


def test_foreign_sign_of_power_is_turned_and_energies_are_not() -> None:
    async def test() -> None:
        meter = Meter(MeterConfig(), T0)
        meter.advance(T0 + 3600, (800, 0, 0))
        async with plain_server(models_of(meter, [1, 203])) as port:
            client = ModbusMeter("127.0.0.1", port, now=lambda: T0, power_sign=-1)
            reading = await client.reading()
            client.close()
        assert (reading.power_w, reading.import_wh, reading.export_wh) == (-800, 800, 0)

    run(test())


def test_terms_are_written_whole_and_an_older_sequence_is_refused() -> None:
    async def test() -> None:
        async with home() as (server, client):
            await client.write_terms(TERMS)
            assert (await client.block()).terms == TERMS
            server.meter.write_terms(TERMS)
            older = MarketTerms(
                price_micro_per_kwh=1,
                award_wh=0,
                envelope_import_w=1,
                envelope_export_w=1,
                valid_until_epoch_s=T0,
                sequence=2,
            )
            with pytest.raises(RequestRefused) as refusal:
                await client.write_terms(older)
            assert refusal.value.code == 3
            assert server.meter.terms == TERMS

    run(test())


def test_interval_buffer_is_read_back_after_an_outage() -> None:
    async def test() -> None:
        async with home() as (server, client):
            server.meter.advance(T0 + 100 * 900, (400, 0, 0))
            records = await client.intervals()
            assert len(records) == 96
            assert records[-1].start_epoch_s == T0 + 99 * 900
            assert {record.import_wh for record in records} == {100}

    run(test())


def test_missing_server_is_unreachable_and_the_message_says_what_to_check() -> None:
    async def test() -> None:
        server = HomeServer(Meter(MeterConfig(), T0))
        port = await server.start()
        await server.stop()
        with pytest.raises(MeterUnreachable, match="check that the device is on"):
            await ModbusMeter("127.0.0.1", port, timeout_s=0.5).reading()

    run(test())


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.REBOOT])
def test_silent_meter_is_told_and_read_again_when_it_answers(kind: FaultKind) -> None:
    async def test() -> None:
        async with home(timeout_s=0.2) as (server, client):
            await client.reading()
            server.switch_fault(kind)
            with pytest.raises(MeterSilent, match="did not answer within"):
                await client.reading()
            server.switch_fault(FaultKind.TIMEOUT, on=False)
            server.meter.advance(T0 + 10, (5, 0, 0))
            assert (await client.reading()).power_w == 5

    run(test())


def test_missing_words_are_a_mismatch_not_a_number() -> None:
    async def test() -> None:
        async with home() as (server, client):
            await client.reading()
            server.switch_fault(FaultKind.MISSING_WORDS, parameter=2)
            with pytest.raises(RegisterMapMismatch, match=r"of .* registers"):
                await client.reading()
            server.switch_fault(FaultKind.MISSING_WORDS, on=False)
            assert (await client.reading()).quality is ReadingQuality.GOOD

    run(test())


def test_modbus_exception_is_told_with_its_code_and_remedy() -> None:
    async def test() -> None:
        async with home() as (server, client):
            server.switch_fault(FaultKind.EXCEPTION, parameter=6)
            with pytest.raises(RequestRefused, match="busy: ask again later") as refusal:
                await client.reading()
            assert refusal.value.code == 6

    run(test())


@pytest.mark.parametrize(
    ("kind", "flags", "quality"),
    [
        (FaultKind.NAN, MeterFlags.FAULT, ReadingQuality.INVALID),
        (FaultKind.TAMPER, MeterFlags.TAMPER, ReadingQuality.SUSPECT),
        (FaultKind.CLOCK_STEP, MeterFlags.CLOCK_STEPPED, ReadingQuality.GOOD),
    ],
)
def test_fault_is_seen_in_the_reading(kind: FaultKind, flags: MeterFlags, quality: ReadingQuality) -> None:
    async def test() -> None:
        async with home() as (server, client):
            server.switch_fault(kind)
            reading = await client.reading()
            assert (reading.flags, reading.quality) == (flags, quality)

    run(test())


def test_restarted_meter_with_another_map_is_walked_again() -> None:
    async def test() -> None:
        meter = Meter(MeterConfig(), T0)
        meter.advance(T0 + 3600, (700, 0, 0))
        words = models_of(meter, [1, 203])
        async with plain_server(words) as port:
            client = ModbusMeter("127.0.0.1", port, now=lambda: T0, timeout_s=1.0)
            assert (await client.reading()).import_wh == 700
        shifted = build_chain([[64001, 1, 7], words[2:-2]])
        block = SimData(40000, values=shifted, datatype=DataType.REGISTERS)
        server = ModbusTcpServer(SimDevice(1, simdata=[block]), address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        try:
            assert (await client.reading()).import_wh == 700
        finally:
            client.close()
            server.close()

    run(test())


def test_map_that_changes_on_a_standing_connection_is_a_mismatch_and_then_walked_again() -> None:
    async def test() -> None:
        async with home() as (server, client):
            await client.reading()
            server.banks[1].base -= 1
            with pytest.raises(RegisterMapMismatch, match="walked again"):
                await client.reading()
            server.banks[1].base += 1
            assert (await client.reading()).power_w == 0

    run(test())


def test_unknown_device_id_is_told_as_a_gateway_would() -> None:
    async def test() -> None:
        async with home() as (_, client):
            await client.reading()
            link = ModbusLink("127.0.0.1", client._link.port)
            with pytest.raises(RequestRefused, match="check device id") as refusal:
                await link.read(77, 40000, 2)
            assert refusal.value.code == 11
            link.close()

    run(test())


def test_concurrent_readers_on_one_link_get_their_own_answers() -> None:
    async def test() -> None:
        async with home() as (server, client):
            server.meter.advance(T0 + 3600, (600, 0, 0))
            readings = await asyncio.gather(*(client.reading() for _ in range(20)))
            assert {reading.import_wh for reading in readings} == {600}

    run(test())


def test_taken_port_is_told_with_a_remedy_and_stop_frees_it() -> None:
    async def test() -> None:
        first, second = HomeServer(Meter(MeterConfig(), T0)), HomeServer(Meter(MeterConfig(), T0))
        port = await first.start()
        with pytest.raises(PortUnavailable, match="another program listens there"):
            await second.start(port=port)
        await first.stop()
        assert await second.start(port=port) == port
        await second.stop()
        await second.stop()

    run(test())


def test_many_homes_live_in_one_loop() -> None:
    async def test() -> None:
        servers = [HomeServer(Meter(MeterConfig(serial=f"H{n}"), T0)) for n in range(30)]
        clients = [ModbusMeter("127.0.0.1", await server.start()) for server in servers]
        for n, server in enumerate(servers):
            server.meter.advance(T0 + 3600, (n, 0, 0))
        readings = await asyncio.gather(*(client.reading() for client in clients))
        assert [reading.import_wh for reading in readings] == list(range(30))
        for client, server in zip(clients, servers, strict=True):
            client.close()
            await server.stop()

    run(test())
