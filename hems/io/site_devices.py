"""A site's meter and devices over Modbus as images and leases; what fails is left out and told once."""

import asyncio
import logging
from collections.abc import Mapping

from hems.dispatch.lease import Lease
from hems.io.modbus_device import ModbusDevice
from hems.io.modbus_link import MeterError, ModbusLink, RegisterMapMismatch, RequestRefused
from hems.io.modbus_meter import ModbusMeter
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.metering.reading import Reading, ReadingQuality
from hems.site.config import HomeConfig
from wire.registers import DeviceKind, DeviceState, MarketTerms

LOG = logging.getLogger(__name__)

KINDS = {
    "pv": DeviceKind.PV,
    "battery": DeviceKind.BATTERY,
    "ev": DeviceKind.EV_CHARGER,
    "zone": DeviceKind.HEAT_PUMP,
    "lighting": DeviceKind.LIGHTING,
    "appliance": DeviceKind.RELAY,
}


class SiteDevices:
    """All Modbus peers of one home; connections are shared per address and come back by themselves."""

    def __init__(self, config: HomeConfig) -> None:
        links: dict[tuple[str, int], ModbusLink] = {}

        def link(host: str, port: int) -> ModbusLink:
            return links.setdefault((host, port), ModbusLink(host, port))

        meter = config.meter
        self._links = links
        self._meter = ModbusMeter(
            meter.host,
            meter.port,
            meter.device_id,
            power_sign=meter.power_sign,
            link=link(meter.host, meter.port),
        )
        self._devices = {
            device.id: ModbusDevice(
                device.host or meter.host,
                device.port or meter.port,
                device.device_id,
                KINDS[device.kind],
                link=link(device.host or meter.host, device.port or meter.port),
            )
            for device in config.device
        }
        self._failing: set[str] = set()
        self.newest: Reading | None = None  # the last one whose registers can be told

    async def reading(self) -> Reading:
        """The meter's reading. Raises MeterError when there is none."""
        return await self._meter.reading()

    async def show_terms(self, terms: MarketTerms) -> None:
        """Shows the market's terms on a meter that has a transactive block; others are left alone."""
        try:
            await self._meter.write_terms(terms)
        except RegisterMapMismatch:
            return
        except MeterError as error:
            self._failed("market terms on the meter", error)
        else:
            self._works("market terms on the meter")

    async def image(self, now_s: int) -> SiteImage | None:
        """The site now, without devices that do not answer; None when the meter does not."""
        grid_w = await self._grid_w()
        seen = await asyncio.gather(*(self._seen(name) for name in self._devices))
        if grid_w is None:
            return None
        return SiteImage(at_s=now_s, grid_w=grid_w, devices={n: i for n, i in seen if i is not None})

    async def _grid_w(self) -> float | None:
        try:
            reading = await self._meter.reading()
        except MeterError as error:
            self._failed("meter", error)
            return None
        self._works("meter")
        if reading.quality in (ReadingQuality.GOOD, ReadingQuality.DISPLAY_ONLY):
            self.newest = reading
        return None if reading.power_w is None else float(reading.power_w)

    async def _seen(self, name: str) -> tuple[str, DeviceImage | None]:
        try:
            state = await self._devices[name].state()
        except MeterError as error:
            self._failed(name, error)
            return name, None
        self._works(name)
        return name, device_image(state)

    async def lease(self, leases: Mapping[str, Lease]) -> list[str]:
        """Gives the leases; returns the devices that took theirs."""
        taken = await asyncio.gather(*(self._give(name, lease) for name, lease in leases.items()))
        return [name for name in taken if name is not None]

    async def _give(self, name: str, lease: Lease) -> str | None:
        try:
            await self._devices[name].set_power(lease)
        except RequestRefused as error:
            self._failed(f"lease of {name}", error)
            return None
        except MeterError as error:
            self._failed(name, error)
            return None
        self._works(f"lease of {name}")
        return name

    def _failed(self, name: str, error: Exception) -> None:
        if name not in self._failing:
            self._failing.add(name)
            LOG.warning("%s: %s; trying again", name, error)

    def _works(self, name: str) -> None:
        if name in self._failing:
            self._failing.discard(name)
            LOG.warning("%s: works again", name)

    def close(self) -> None:
        """Drops all connections."""
        for link in self._links.values():
            link.close()


def device_image(state: DeviceState) -> DeviceImage:
    """What the registers of a device mean for control."""
    stay = None
    if state.plugged and state.energy_needed_wh is not None and state.departure_epoch_s is not None:
        stay = Stay(energy_needed_wh=state.energy_needed_wh, departure_s=state.departure_epoch_s)
    return DeviceImage(
        power_w=float(state.power_w or 0),
        available_w=None if state.available_w is None else float(state.available_w),
        soc=state.soc,
        stay=stay,
        temp_c=state.temp_c,
        outdoor_temp_c=state.outdoor_temp_c,
        daylight_lux=None if state.daylight_lux is None else float(state.daylight_lux),
        required_lux=None if state.required_lux is None else float(state.required_lux),
        running_since_s=state.running_since_epoch_s,
        done_today=bool(state.done_today),
    )
