"""Looking at a meter once a second for a while."""

import asyncio
import time
from collections.abc import Callable

from hems.io.meter_port import SiteMeter
from hems.io.modbus_link import MeterError
from hems.io.mqtt_meter import MqttMeter
from hems.metering.meter_check import Sample

EVERY_S = 1.0


async def watched(
    meter: SiteMeter, seconds: float, *, on_sample: Callable[[Sample], None] | None = None
) -> list[Sample]:
    """The looks at a meter over some seconds, oldest first."""
    samples: list[Sample] = []
    end_s = time.monotonic() + seconds
    while True:
        started_s = time.monotonic()
        samples.append(await look(meter))
        if on_sample is not None:
            on_sample(samples[-1])
        if time.monotonic() >= end_s:
            return samples
        await asyncio.sleep(max(0.0, min(EVERY_S - (time.monotonic() - started_s), end_s - time.monotonic())))


async def look(meter: SiteMeter) -> Sample:
    """One look at a meter; what is wrong with it is part of the answer."""
    try:
        reading = await meter.reading()
    except MeterError as error:
        return Sample(at_s=time.time(), reading=None, trouble=str(error))
    doubts = tuple(str(flag) for flag in meter.flags) if isinstance(meter, MqttMeter) else ()
    return Sample(at_s=time.time(), reading=reading, doubts=doubts)
