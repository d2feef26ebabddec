"""Meter and devices of a home: do they answer, and with the registers that belong to them."""

import asyncio
from typing import Any, Protocol, cast

from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.clock import clock_against
from hems.commands.doctor_checks.home_place import HomePlace
from hems.io.modbus_device import ModbusDevice
from hems.io.modbus_link import MeterError, MeterUnreachable, ModbusLink
from hems.io.modbus_meter import ModbusMeter
from hems.io.site_devices import KINDS
from hems.metering.reading import EnergySource, Reading, ReadingQuality

TIMEOUT_S = 3.0
CLOCK_LIMIT_S = 10.0


class _ModbusTable(Protocol):
    """The keys of a meter over Modbus TCP."""

    host: str
    port: int
    device_id: int
    power_sign: int


def meter_answers(home: HomePlace) -> Finding:
    """Whether the meter can be reached and gives a reading that settles."""
    meter = _modbus_meter(home)
    if isinstance(meter, Finding):
        return meter
    where = f"{meter.host}:{meter.port} id {meter.device_id}"
    try:
        reading = _read(home)
    except MeterUnreachable as error:
        return fail(str(error), where=where, remedy="correct host and port in [meter], or start the meter")
    except MeterError as error:
        return fail(str(error), where=where, remedy="correct device_id in [meter], or look at wiring and map")
    if reading.power_w is None or reading.import_wh is None or reading.export_wh is None:
        return warn("power or an energy register is missing", where=where, remedy="check the meter's register map")
    return ok(f"{reading.power_w} W, quality {reading.quality}", where)


def meter_settles(home: HomePlace) -> Finding:
    """Whether the registers that are read are exact enough to settle on."""
    meter = _modbus_meter(home)
    if isinstance(meter, Finding):
        return meter
    try:
        reading = _read(home)
    except MeterError:
        return skipped("the meter does not answer")
    if reading.source is EnergySource.SUNSPEC_FLOAT or reading.quality is ReadingQuality.DISPLAY_ONLY:
        return fail("float registers lose whole Wh", remedy="use a meter with SunSpec model 203 or integer registers")
    return ok(f"energy from {reading.source}")


def meter_clock(home: HomePlace) -> Finding:
    """Whether the clock in the meter, where it has one, agrees with the machine's."""
    meter = _modbus_meter(home)
    if isinstance(meter, Finding):
        return meter
    if home.is_driven:
        return skipped("a driven clock: the meter shows announced time")
    try:
        reading = _read(home)
    except MeterError:
        return skipped("the meter does not answer")
    return clock_against(reading.meter_clock_epoch_s, "the meter's clock", home.now_s, limit_s=CLOCK_LIMIT_S)


def devices_answer(home: HomePlace) -> Finding:
    """Whether every configured device answers as what it is said to be."""
    if home.config is None:
        return skipped("no configuration that could be read")
    if not home.config.device:
        return skipped("no [[device]] is configured")
    problems = asyncio.run(_silent_devices(home))
    if problems:
        remedy = "correct host, port, device_id or kind of the device, or switch it on"
        return fail("; ".join(problems), remedy=remedy)
    return ok(f"all {len(home.config.device)} answer")


async def _silent_devices(home: HomePlace) -> list[str]:
    assert home.config is not None
    meter: Any = home.config.meter
    problems: list[str] = []

    async def look(device: Any) -> None:
        host = str(getattr(device, "host", None) or meter.host)
        port = int(getattr(device, "port", None) or meter.port)
        number, kind = getattr(device, "device_id", None), getattr(device, "kind", "")
        if number is None or kind not in KINDS:
            return
        link = ModbusLink(host, port, timeout_s=TIMEOUT_S)
        peer = ModbusDevice(host, port, number, KINDS[kind], timeout_s=TIMEOUT_S, link=link)
        try:
            await peer.state()
        except MeterError as error:
            problems.append(f"{getattr(device, 'id', '?')}: {error}")
        finally:
            peer.close()

    await asyncio.gather(*(look(device) for device in home.config.device))
    return sorted(problems)


def _modbus_meter(home: HomePlace) -> _ModbusTable | Finding:
    """The meter's table, or why it is not looked at."""
    if home.config is None:
        return skipped("no configuration that could be read")
    meter: object = home.config.meter
    if not hasattr(meter, "device_id"):
        return skipped("no meter over Modbus TCP")
    return cast(_ModbusTable, meter)


def _read(home: HomePlace) -> Reading:
    """One reading. Raises MeterError."""
    meter = _modbus_meter(home)
    assert not isinstance(meter, Finding)

    async def read() -> Reading:
        source = ModbusMeter(
            meter.host,
            meter.port,
            meter.device_id,
            timeout_s=TIMEOUT_S,
            power_sign=meter.power_sign,
            now=lambda: int(home.now_s),
        )
        try:
            return await source.reading()
        finally:
            source.close()

    return asyncio.run(read())
