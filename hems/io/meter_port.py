"""What the program needs of a site's meter and of its devices, whatever they are connected by."""

from typing import Protocol

from hems.dispatch.lease import Lease
from hems.metering.image import DeviceImage
from hems.metering.reading import Reading


class SiteMeter(Protocol):
    """A meter."""

    async def reading(self) -> Reading:
        """The present reading. Raises MeterError when there is none."""

    def close(self) -> None:
        """Drops the connection."""


class SiteDevice(Protocol):
    """A device under control."""

    async def image(self) -> DeviceImage:
        """What the device measures now. Raises MeterError when it does not tell."""

    async def set_power(self, lease: Lease) -> None:
        """Gives the device a lease. Raises RequestRefused when it takes none, MeterError when it does not answer."""

    def close(self) -> None:
        """Drops the connection."""


class Memory(Protocol):
    """What a process keeps over a restart, by name."""

    def fact(self, name: str) -> object:
        """A kept value, None when there is none."""

    def set_fact(self, name: str, value: object) -> None:
        """Keeps a value."""
