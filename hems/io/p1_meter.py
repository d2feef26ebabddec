"""A smart meter at its P1 port, on a serial device or behind a serial server, as a source of readings."""

import asyncio
import importlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

from hems.io.modbus_link import MeterSilent, MeterUnreachable
from hems.io.p1_telegram import BadTelegram, Telegram, next_telegram, telegram_of
from hems.metering.reading import EnergySource, Reading, ReadingQuality
from hems.site.config_meter import P1MeterTable

LOG = logging.getLogger(__name__)
RETRY_S = 5.0
TIMEOUT_S = 5.0
FIRST_WAIT_S = 12.0  # meters of version 2 to 4 send every 10 s
DEAD_S = 60.0  # a serial server that lost its power never says that its connection ended
CHUNK = 1_024


class P1Meter:
    """Meter that reads telegrams in the background from its first reading on; the last one holds for `max_age_s`."""

    def __init__(self, config: P1MeterTable, *, now: Callable[[], float] = time.time) -> None:
        """Meter that is not read yet."""
        self._config, self._now = config, now
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._last: tuple[Telegram, float] | None = None
        self._writer: asyncio.StreamWriter | None = None  # held: the connection ends with it
        self._trouble: str | None = None
        self._bad: str | None = None

    @property
    def where(self) -> str:
        """Serial device, or host and port, for messages."""
        return self._config.serial or f"{self._config.host}:{self._config.port}"

    async def reading(self) -> Reading:
        """The newest telegram. Raises MeterUnreachable without a line, MeterSilent without a fresh telegram."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        if self._last is None:
            try:
                await asyncio.wait_for(self._news.wait(), FIRST_WAIT_S)
            except TimeoutError:
                self._news.set()
        if self._last is None or self._now() - self._last[1] > self._config.max_age_s:
            raise self._silent()
        return _reading(*self._last)

    def close(self) -> None:
        """Ends the reading."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _silent(self) -> MeterUnreachable | MeterSilent:
        if self._trouble is not None:
            return MeterUnreachable(f"P1 at {self.where}: {self._trouble}: check cable, device and group dialout")
        doubt = f" ({self._bad})" if self._bad else ""
        return MeterSilent(
            f"P1 at {self.where}: no whole telegram{doubt}: check version (v4, v5: 115200 baud; v2, v3: 9600) "
            "and that the customer port is switched on"
        )

    async def _run(self) -> None:
        while True:
            try:
                await self._read(await self._opened())
                self._trouble = "the line was closed"
            except (OSError, TimeoutError) as error:
                named = os.strerror(error.errno) if error.errno else str(error)
                self._trouble = named or type(error).__name__
            await asyncio.sleep(RETRY_S)

    async def _opened(self) -> Callable[[], Any]:
        """What gives the next bytes: b"" at the end of the line, None when none came for a second."""
        if self._config.host is not None:
            opening = asyncio.open_connection(self._config.host, self._config.port)
            if self._writer is not None:
                self._writer.close()
            reader, self._writer = await asyncio.wait_for(opening, TIMEOUT_S)
            return lambda: asyncio.wait_for(reader.read(CHUNK), DEAD_S)
        return await asyncio.to_thread(_serial_reader, self._config)

    async def _read(self, chunk: Callable[[], Any]) -> None:
        buffer = b""
        while (got := await chunk()) != b"":
            self._trouble = None
            buffer += got or b""
            while True:
                whole, buffer = next_telegram(buffer)
                if whole is None:
                    break
                self._take(whole)

    def _take(self, whole: bytes) -> None:
        telegram = telegram_of(whole, self._config.version)
        if isinstance(telegram, BadTelegram):
            if self._bad is None:
                LOG.info("P1 at %s: a telegram is not used: %s", self.where, telegram.reason)
            self._bad = telegram.reason
            return
        self._last, self._bad = (telegram, self._now()), None
        self._news.set()


def _serial_reader(config: P1MeterTable) -> Callable[[], Any]:
    """What reads the next bytes of a serial device. Raises OSError when it cannot be opened."""
    serial = importlib.import_module("serial")
    is_old = config.version in ("v2", "v3")
    line = serial.Serial(
        config.serial,
        baudrate=9600 if is_old else 115200,
        bytesize=7 if is_old else 8,
        parity="E" if is_old else "N",
        stopbits=1,
        timeout=1.0,
    )

    def read() -> bytes | None:
        got: bytes = line.read(max(1, min(CHUNK, line.in_waiting)))
        return got or None

    return lambda: asyncio.to_thread(read)


def _reading(telegram: Telegram, at_s: float) -> Reading:
    is_whole = None not in (telegram.power_w, telegram.import_wh, telegram.export_wh)
    return Reading(
        at_epoch_s=int(at_s),
        power_w=telegram.power_w,
        import_wh=telegram.import_wh,
        export_wh=telegram.export_wh,
        voltage_v=telegram.voltage_v,
        quality=ReadingQuality.GOOD if is_whole else ReadingQuality.INVALID,
        source=EnergySource.P1,
        modulus_wh=None,
    )
