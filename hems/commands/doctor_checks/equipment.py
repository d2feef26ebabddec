"""Meter and devices of a home: do they answer, and with the registers that belong to them."""

import asyncio
import threading
from dataclasses import dataclass, field

from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.clock import clock_against
from hems.commands.doctor_checks.home_place import HomePlace
from hems.io.modbus_link import MeterError, MeterUnreachable
from hems.io.peers import Peers
from hems.metering.reading import EnergySource, Reading, ReadingQuality
from hems.site.config import ConfigError
from hems.site.config_devices import DeviceTable

LIMIT_S = 15.0  # a P1 port tells something every 10 s
CLOCK_LIMIT_S = 10.0
LISTEN = {
    "modbus": "correct device_id in [meter], or look at wiring and map: 'hems meter test' listens to the meter",
    "mqtt": "look at topic and template in [meter] and at the device: 'hems meter test' listens to it",
    "p1": "look at cable and version in [meter]: 'hems meter test' listens to the port",
}
NO_CONFIG = "no configuration that could be read"


class NoAnswer(Exception):
    """The meter gave no reading: the text says why; `remedy` what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(slots=True)
class MeterOnce:
    """The meter of a home, read once by whoever asks first: some take no second connection."""

    home: HomePlace
    lock: threading.Lock = field(default_factory=threading.Lock)
    result: "Reading | NoAnswer | None" = None

    def reading(self) -> Reading:
        """The reading. Raises NoAnswer."""
        with self.lock:
            if self.result is None:
                self.result = _read(self.home)
            if isinstance(self.result, NoAnswer):
                raise self.result
            return self.result

    @property
    def where(self) -> str:
        """Where the meter is, for messages."""
        meter: object = None if self.home.config is None else self.home.config.meter
        parts = [str(value) for key in ("host", "serial", "topic") if (value := getattr(meter, key, None))]
        number = getattr(meter, "device_id", None)
        return ":".join([*parts, *([str(getattr(meter, "port", ""))] if getattr(meter, "host", None) else [])]) + (
            f" id {number}" if number is not None else ""
        )


def meter_answers(once: MeterOnce) -> Finding:
    """Whether the meter can be reached and gives a reading that settles."""
    if once.home.config is None:
        return skipped(NO_CONFIG)
    try:
        reading = once.reading()
    except NoAnswer as error:
        return fail(str(error), where=once.where, remedy=error.remedy)
    if reading.power_w is None or reading.import_wh is None or reading.export_wh is None:
        remedy = "check map or template: 'hems meter test' shows what the meter tells"
        return warn("power or an energy register is missing", where=once.where, remedy=remedy)
    return ok(f"{reading.power_w} W, quality {reading.quality}", once.where)


def meter_settles(once: MeterOnce) -> Finding:
    """Whether the registers that are read are exact enough to settle on."""
    if once.home.config is None:
        return skipped(NO_CONFIG)
    try:
        reading = once.reading()
    except NoAnswer:
        return skipped("the meter does not answer")
    if reading.source is EnergySource.SUNSPEC_FLOAT or reading.quality is ReadingQuality.DISPLAY_ONLY:
        return fail("float registers lose whole Wh", remedy="use a meter with SunSpec model 203 or integer registers")
    return ok(f"energy from {reading.source}")


def meter_clock(once: MeterOnce) -> Finding:
    """Whether the clock in the meter, where it has one, agrees with the machine's."""
    if once.home.config is None:
        return skipped(NO_CONFIG)
    if once.home.is_driven:
        return skipped("a driven clock: the meter shows announced time")
    try:
        reading = once.reading()
    except NoAnswer:
        return skipped("the meter does not answer")
    return clock_against(reading.meter_clock_epoch_s, "the meter's clock", once.home.now_s, limit_s=CLOCK_LIMIT_S)


def devices_answer(home: HomePlace) -> Finding:
    """Whether every configured device answers as what it is said to be."""
    if home.config is None:
        return skipped(NO_CONFIG)
    if not home.config.device:
        return skipped("no [[device]] is configured")
    problems = asyncio.run(_silent_devices(home))
    if problems:
        remedy = "correct host, port, device_id, kind or topic of the device, or switch it on"
        return fail("; ".join(problems), remedy=remedy)
    return ok(f"all {len(home.config.device)} answer")


async def _silent_devices(home: HomePlace) -> list[str]:
    assert home.config is not None
    peers = Peers(home.config, home.base)
    problems = await asyncio.gather(*(_problem(peers, device) for device in home.config.device))
    return sorted(problem for problem in problems if problem)


async def _problem(peers: Peers, table: DeviceTable) -> str:
    """Why a device gives no image, "" when it does."""
    try:
        device = peers.device(table)
    except ConfigError as error:
        return str(error)
    try:
        async with asyncio.timeout(LIMIT_S):
            await device.image()
    except (MeterError, TimeoutError) as error:
        return f"{table.id}: {error or 'no answer in time'}"
    finally:
        device.close()
    return ""


def _read(home: HomePlace) -> "Reading | NoAnswer":
    """One reading, or why there is none."""
    assert home.config is not None
    config = home.config

    async def read() -> Reading:
        meter = Peers(config, home.base).meter()
        try:
            async with asyncio.timeout(LIMIT_S):
                return await meter.reading()
        finally:
            meter.close()

    try:
        return asyncio.run(read())
    except ConfigError as error:
        return NoAnswer(str(error), "correct [meter]; docs/meters.md lists templates and maps")
    except MeterUnreachable as error:
        return NoAnswer(str(error), "correct host and port in [meter] or [mqtt], or start the meter")
    except MeterError as error:
        return NoAnswer(str(error), LISTEN[config.meter.kind])
    except TimeoutError:
        return NoAnswer(
            f"nothing within {LIMIT_S:g} s", "look at topic, template or serial port; try 'hems meter test'"
        )
