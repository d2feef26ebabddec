"""Which devices do what they were told: a full battery, a wrong clock, a car that draws less do not.

A device is given some seconds. A generator's command is a cap: it follows as long as it gives what it could under it.
Who was far from it is not trusted with the next command either, until it follows one to do something: doing nothing
proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hems.dispatch.lease import Lease
from hems.metering.image import DeviceImage, SiteImage

ACTS_WITHIN_S = 5
OLDEST_S = 60  # an image may be so much older than what was told since
ROUNDING_W = 1.0
FAR_W, FAR = 150.0, 0.1


@dataclass(frozen=True, slots=True)
class Given:
    """What a device was told [W], and when it was first told it [s since 1970]."""

    power_w: int
    since_s: int


class Following:
    """What each device was told last, and who did not do it."""

    def __init__(self) -> None:
        self._given: dict[str, Given] = {}
        self._stuck: set[str] = set()

    def told(self, leases: Mapping[str, Lease], now_s: int) -> None:
        """Notes leases; one that only goes on keeps its age."""
        before = self._given
        self._given = {
            name: before[name]
            if name in before and before[name].power_w == lease.power_w
            else Given(power_w=lease.power_w, since_s=now_s)
            for name, lease in leases.items()
        }

    def marked(self, image: SiteImage) -> SiteImage:
        """The image with who does not follow marked."""
        off = set()
        for name, told in list(self._given.items()):
            seen = image.devices.get(name)
            if image.at_s < told.since_s - OLDEST_S:  # the clock was set back
                self._given[name] = replace(told, since_s=image.at_s)
            if seen is not None and image.at_s - told.since_s >= ACTS_WITHIN_S:
                off.update([name] if self._is_off(name, seen, told.power_w) else [])
        off |= self._stuck
        marks = {name: replace(image.devices[name], follows=False) for name in off if name in image.devices}
        return image if not marks else replace(image, devices={**image.devices, **marks})

    def _is_off(self, name: str, seen: DeviceImage, told_w: float) -> bool:
        wanted_w = told_w if seen.available_w is None else max(told_w, -seen.available_w)
        off_w = abs(seen.power_w - wanted_w)
        if off_w > max(FAR_W, FAR * abs(wanted_w)):
            self._stuck.add(name)
        elif abs(wanted_w) > FAR_W:
            self._stuck.discard(name)
        return off_w > ROUNDING_W
