"""The last hours of a home, slot by slot: what came before the plan on the same time axis."""

from collections import deque
from dataclasses import dataclass, field

from hems.metering.image import SiteImage
from wire.slots import Slot, slot_at

KEPT_S = 6 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSlot:
    """Means of one slot [kW, + into the device or from the grid], and the charge of storage at its end."""

    start_s: int
    grid_kw: float
    base_kw: float
    device_kw: dict[str, float]
    soc: dict[str, float]


@dataclass(slots=True)
class Trace:
    """Means of the slots that ended in the last six hours; samples of the running one."""

    slot_minutes: int
    _ended: deque[TraceSlot] = field(default_factory=deque)
    _running: Slot | None = None
    _samples: list[SiteImage] = field(default_factory=list)

    def sample(self, image: SiteImage) -> None:
        """Takes one image."""
        slot = slot_at(image.at_s, self.slot_minutes)
        if self._running is not None and self._running != slot and self._samples:
            self._ended.append(_mean(self._running, self._samples))
            self._samples = []
        self._running = slot
        self._samples.append(image)
        while self._ended and self._ended[0].start_s < slot.start_s - KEPT_S:
            self._ended.popleft()

    def slots(self) -> tuple[TraceSlot, ...]:
        """The slots that ended, oldest first, and the running one so far; there may be gaps."""
        if self._running is None:
            return ()
        return (*self._ended, _mean(self._running, self._samples))


def _mean(slot: Slot, images: list[SiteImage]) -> TraceSlot:
    names = {name for image in images for name in image.devices}
    powers = {name: [i.devices[name].power_w for i in images if name in i.devices] for name in sorted(names)}
    last = images[-1].devices
    return TraceSlot(
        start_s=slot.start_s,
        grid_kw=sum(image.grid_w for image in images) / len(images) / 1000.0,
        base_kw=sum(image.base_load_w for image in images) / len(images) / 1000.0,
        device_kw={name: sum(values) / len(values) / 1000.0 for name, values in powers.items()},
        soc={name: seen.soc for name, seen in last.items() if seen.soc is not None},
    )
