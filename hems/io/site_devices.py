"""A site's meter and devices as images and leases, whatever connects them; what fails is left out and told once."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from hems.dispatch.lease import Lease
from hems.io.meter_port import Memory
from hems.io.modbus_link import MeterError, RegisterMapMismatch
from hems.io.modbus_meter import ModbusMeter
from hems.io.peers import Peers
from hems.metering.image import DeviceImage, SiteImage
from hems.metering.reading import Reading, ReadingQuality
from hems.site.config import HomeConfig
from wire.registers import MarketTerms

LOG = logging.getLogger(__name__)


class SiteDevices:
    """All peers of one home; connections are shared per address and come back by themselves."""

    def __init__(
        self, config: HomeConfig, base: Path | None = None, memory: Memory | None = None, *, settles: bool = False
    ) -> None:
        """Peers of a configuration whose relative paths start at `base`; `memory` outlives a restart.

        The counters of a meter are kept there only by the process that `settles` on them.

        Raises: ConfigError when a template or map and its topic do not fit.
        """
        peers = Peers(config, Path() if base is None else base, memory)
        self.mqtt = peers.mqtt
        self._meter = peers.meter(settles=settles)
        self._devices = peers.devices()
        self._failing: set[str] = set()
        self.newest: Reading | None = None  # the last one whose registers can be told
        self.last: Reading | None = None  # the last one of any quality

    async def reading(self) -> Reading:
        """The meter's reading. Raises MeterError when there is none."""
        return await self._meter.reading()

    async def show_terms(self, terms: MarketTerms) -> None:
        """Shows the market's terms on a meter that has a transactive block; others are left alone."""
        if not isinstance(self._meter, ModbusMeter):
            return
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
        self.last = reading
        if reading.quality in (ReadingQuality.GOOD, ReadingQuality.DISPLAY_ONLY):
            self.newest = reading
        if reading.power_w is None:
            self._failed(
                "meter", MeterError(f"it answers without a power (quality {reading.quality}): check the meter")
            )
            return None
        self._works("meter")
        return float(reading.power_w)

    async def _seen(self, name: str) -> tuple[str, DeviceImage | None]:
        try:
            image = await self._devices[name].image()
        except MeterError as error:
            self._failed(name, error)
            return name, None
        self._works(name)
        return name, image

    async def lease(self, leases: Mapping[str, Lease]) -> list[str]:
        """Gives the leases; returns the devices that took theirs."""
        taken = await asyncio.gather(*(self._give(name, lease) for name, lease in leases.items()))
        return [name for name in taken if name is not None]

    async def _give(self, name: str, lease: Lease) -> str | None:
        try:
            await self._devices[name].set_power(lease)
        except MeterError as error:  # a device may be read and not be commanded, and the other way round
            self._failed(f"lease of {name}", error)
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
        self._meter.close()
        for device in self._devices.values():
            device.close()
        self.mqtt.close()
