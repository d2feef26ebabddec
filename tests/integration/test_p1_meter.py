"""Telegrams of a P1 port over TCP and a serial line (a pseudo terminal): registers, sign, what is not used."""

import asyncio
import os
import pty
import re
import tty
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hems.io.modbus_link import MeterSilent, MeterUnreachable
from hems.io.p1_meter import P1Meter
from hems.io.p1_telegram import BadTelegram, Telegram, telegram_of
from hems.metering.reading import EnergySource, ReadingQuality
from hems.site.config_meter import P1MeterTable

# The fields of a DSMR 5 meter, as in the P1 companion standard 5.0.2, with 310 W of load.
LINES = """/ISK5\\2M550T-1012

1-3:0.2.8(50)
0-0:1.0.0(270115090000W)
0-0:96.1.1(4530303434303037333832323436303139)
1-0:1.8.1(000834.567*kWh)
1-0:1.8.2(000400.000*kWh)
1-0:2.8.1(000005.678*kWh)
1-0:2.8.2(000040.000*kWh)
0-0:96.14.0(0002)
1-0:1.7.0(00.310*kW)
1-0:2.7.0(00.000*kW)
1-0:32.7.0(230.1*V)
1-0:52.7.0(229.8*V)
1-0:72.7.0(231.0*V)
1-0:31.7.0(001*A)
"""


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def crc16(data: bytes) -> int:
    """CRC-16 with the polynomial x16+x15+x2+1, reflected, from 0: worked bit by bit, apart from the library."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def telegram(**changes: str) -> bytes:
    """A telegram whose fields are replaced: `_1_7_0="02.310"` stands for 1-0:1.7.0."""
    text = LINES.replace("\n", "\r\n")
    for name, value in changes.items():
        field = re.escape(f"1-0:{name.removeprefix('_').replace('_', '.')}")
        text = re.sub(rf"({field}\()[0-9.]+", rf"\g<1>{value}", text)
    body = text.encode() + b"!"
    return body + f"{crc16(body):04X}\r\n".encode()


@asynccontextmanager
async def port_of(*chunks: bytes) -> AsyncIterator[int]:
    """The port of a serial server that sends these chunks and then stays silent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def tcp_meter(port: int, *, at_s: float = 1_800_000_000.0) -> P1Meter:
    table = P1MeterTable(kind="p1", host="127.0.0.1", port=port, serial=None)
    return P1Meter(table, now=lambda: at_s)


def test_a_kettle_raises_the_power_and_two_tariffs_are_one_register() -> None:
    before = telegram_of(telegram(), "v5")
    after = telegram_of(telegram(_1_7_0="02.310", _1_8_2="000400.004"), "v5")
    sunny = telegram_of(telegram(_1_7_0="00.000", _2_7_0="01.690"), "v5")
    assert isinstance(before, Telegram)
    assert isinstance(after, Telegram)
    assert isinstance(sunny, Telegram)
    assert (before.power_w, before.import_wh, before.export_wh) == (310, 1_234_567, 45_678)
    assert (after.power_w, after.import_wh, after.export_wh) == (2310, 1_234_571, 45_678)
    assert sunny.power_w == -1690
    assert before.voltage_v == (230.1, 229.8, 231.0)


@pytest.mark.parametrize("version", ["v4", "v5", "belgium"])
def test_a_telegram_with_a_flipped_bit_is_not_used(version: str) -> None:
    whole = telegram()
    flipped = whole.replace(b"00.310", b"90.310")
    assert isinstance(telegram_of(whole, version), Telegram)
    bad = telegram_of(flipped, version)
    assert isinstance(bad, BadTelegram)
    assert "InvalidChecksum" in bad.reason


@pytest.mark.parametrize("noise", [b"NaN", b"sNaN", b"Infinity", b"1e999999", b"-5.000"])
def test_noise_that_reads_as_a_number_is_no_value_and_the_next_telegram_is_read(noise: bytes) -> None:
    # no checksum before version 4
    lines = LINES.replace("1-3:0.2.8(50)\n", "").replace("\n", "\r\n").encode() + b"!\r\n"
    noisy = lines.replace(b"00.310*kW", noise + b"*kW").replace(b"230.1", noise).replace(b"000400.000", noise)

    async def test() -> None:
        async with port_of(noisy + lines) as port:
            table = P1MeterTable(kind="p1", host="127.0.0.1", port=port, serial=None, version="v3")
            meter = P1Meter(table, now=lambda: 1_800_000_000.0)
            assert (await meter.reading()).power_w == 310
            meter.close()

    got = telegram_of(noisy, "v3")
    assert isinstance(got, BadTelegram) or (got.power_w, got.voltage_v[0]) == (None, None)
    run(test())


def test_a_line_that_died_without_a_word_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hems.io.p1_meter.DEAD_S", 0.05)
    monkeypatch.setattr("hems.io.p1_meter.RETRY_S", 0.0)
    opened = asyncio.Event()

    async def test() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if opened.is_set():
                writer.write(telegram())
            opened.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        meter = tcp_meter(server.sockets[0].getsockname()[1])
        assert (await meter.reading()).power_w == 310
        meter.close()
        server.close()

    run(test())


def test_noise_a_torn_telegram_and_a_bad_one_are_passed_over() -> None:
    async def test() -> None:
        torn, bad = telegram()[:200], telegram().replace(b"00.310", b"77.310")
        good = telegram(_1_7_0="02.310")
        async with port_of(b"\xff\x00half a line\r\n", torn, bad, good[:300], good[300:]) as port:
            meter = tcp_meter(port)
            reading = await meter.reading()
            meter.close()
        assert (reading.power_w, reading.import_wh, reading.export_wh) == (2310, 1_234_567, 45_678)
        assert (reading.quality, reading.source) == (ReadingQuality.GOOD, EnergySource.P1)
        assert reading.at_epoch_s == 1_800_000_000

    run(test())


def test_a_serial_line_is_read() -> None:
    async def test() -> None:
        ours, theirs = pty.openpty()
        tty.setraw(ours)
        meter = P1Meter(P1MeterTable(kind="p1", serial=os.ttyname(theirs)))
        waiting = asyncio.create_task(meter.reading())
        try:
            while not waiting.done():  # a line that has just been opened drops what was waiting on it
                os.write(ours, telegram())
                await asyncio.wait([waiting], timeout=0.1)
            reading = waiting.result()
        finally:
            meter.close()
            os.close(ours)
            os.close(theirs)
        assert (reading.power_w, reading.import_wh) == (310, 1_234_567)

    run(test())


def test_an_old_telegram_is_no_reading() -> None:
    async def test() -> None:
        clock = [1_800_000_000.0]
        async with port_of(telegram()) as port:
            meter = P1Meter(P1MeterTable(kind="p1", host="127.0.0.1", port=port, serial=None), now=lambda: clock[0])
            assert (await meter.reading()).power_w == 310
            clock[0] += 61
            with pytest.raises(MeterSilent, match="no whole telegram: check version"):
                await meter.reading()
            meter.close()

    run(test())


def test_a_missing_line_names_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hems.io.p1_meter.FIRST_WAIT_S", 0.3)

    async def test() -> None:
        meter = P1Meter(P1MeterTable(kind="p1", serial="/dev/there-is-none"))
        with pytest.raises(MeterUnreachable, match="check cable, device and group dialout"):
            await meter.reading()
        meter.close()

    run(test())
