"""Looking for meters and devices on Modbus TCP: few requests, short waits, one at a time per host."""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from hems.io.map_files import SUNSPEC, map_names, register_map
from hems.io.map_meter import MapMeter
from hems.io.modbus_device import ModbusDevice
from hems.io.modbus_link import MeterError, MeterSilent, MeterUnreachable, ModbusLink, find_layout
from hems.io.modbus_meter import SAME_LAYOUT, ModbusMeter
from hems.metering.reading import Reading, ReadingQuality
from wire.registers import DeviceKind, DeviceState
from wire.registers.decoding import READING_MODELS
from wire.registers.device import MODEL_OF_KIND

HOSTS_MAX = 256
AT_ONCE = 16
CONNECT_S = 1.0
VOLTS, HERTZ = (85.0, 290.0), (45.0, 66.0)


class TooManyHosts(ValueError):
    """The range is larger than a home: the message says what to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOnBus:
    """A meter or a device behind a host, port and unit id. `state` is a device's, with its nameplate."""

    host: str
    port: int
    device_id: int
    map: str
    reading: Reading | None = None
    state: DeviceState | None = None


def hosts_of(ranges: Sequence[str]) -> list[str]:
    """The hosts in names, addresses and networks such as 192.0.2.0/28.

    Raises: TooManyHosts beyond 256, or for a network that is none.
    """
    hosts: list[str] = []
    for text in ranges:
        if "/" not in text:
            hosts.append(text)
            continue
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise TooManyHosts(f"{text}: {error}; give a host, or a network such as 192.0.2.0/24") from None
        if network.num_addresses > HOSTS_MAX:
            raise TooManyHosts(
                f"{text} has {network.num_addresses} addresses, at most {HOSTS_MAX} are asked: narrow it"
            )
        hosts += [str(host) for host in network.hosts()]
    if len(hosts) > HOSTS_MAX:
        raise TooManyHosts(f"{len(hosts)} hosts, at most {HOSTS_MAX} are asked: narrow them")
    return hosts


async def bus_peers(
    hosts: Sequence[str], ports: Sequence[int], device_ids: Sequence[int], *, timeout_s: float = CONNECT_S
) -> list[FoundOnBus]:
    """What answers on these hosts, ports and unit ids, in their order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(host: str, port: int) -> list[FoundOnBus]:
        async with turns:
            return await _behind(host, port, device_ids, timeout_s)

    answers = await asyncio.gather(*(ask(host, port) for host in hosts for port in ports))
    return [peer for found in answers for peer in found]


async def _behind(host: str, port: int, device_ids: Sequence[int], timeout_s: float) -> list[FoundOnBus]:
    link = ModbusLink(host, port, timeout_s=timeout_s)
    found: list[FoundOnBus] = []
    try:
        for device_id in device_ids:
            peer = await _peer(link, device_id)
            found += [] if peer is None else [peer]
    except MeterUnreachable:
        return found
    finally:
        link.close()
    return found


async def _peer(link: ModbusLink, device_id: int) -> FoundOnBus | None:
    """The SunSpec meter or device with this unit id, else a meter whose map gives sensible volts and hertz."""
    found = partial(FoundOnBus, host=link.host, port=link.port, device_id=device_id, map=SUNSPEC)
    try:
        models = {span.id for span in (await find_layout(link, device_id)).models}
    except MeterUnreachable:
        raise
    except MeterSilent:
        return await _by_maps(link, device_id, silences_left=1)  # some meters do not answer for a foreign address
    except MeterError:
        return await _by_maps(link, device_id)
    try:
        if models & {*READING_MODELS, *chain.from_iterable(SAME_LAYOUT.values())}:
            meter = ModbusMeter(link.host, link.port, device_id, link=link, now=lambda: 0)
            return found(reading=await meter.reading())
        for kind, model_id in MODEL_OF_KIND.items():
            if model_id in models:
                device = ModbusDevice(link.host, link.port, device_id, DeviceKind(kind), link=link)
                return found(state=await device.state())
    except MeterUnreachable:
        raise
    except MeterError:
        return None
    return None


async def _by_maps(link: ModbusLink, device_id: int, *, silences_left: int = 2) -> FoundOnBus | None:
    for name in map_names():
        try:
            reading = await MapMeter(link, device_id, register_map(name)).reading()
        except MeterUnreachable:
            raise
        except MeterSilent:
            silences_left -= 1
            if silences_left == 0:
                return None
            continue
        except MeterError:
            continue
        if is_plausible(reading):
            return FoundOnBus(host=link.host, port=link.port, device_id=device_id, map=name, reading=reading)
    return None


def is_plausible(reading: Reading) -> bool:
    """Whether voltages and frequency are those of a mains supply: then the map is the meter's."""
    volts, hertz = reading.voltage_v[0], reading.frequency_hz
    if reading.quality is ReadingQuality.INVALID or volts is None or hertz is None:
        return False
    return VOLTS[0] <= volts <= VOLTS[1] and HERTZ[0] <= hertz <= HERTZ[1]
