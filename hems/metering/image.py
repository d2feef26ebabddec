"""The site image: everything measured at one moment, immutable, one per control cycle."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A plugged-in car: energy it still needs [Wh] and when it leaves [s since 1970]."""

    energy_needed_wh: int
    departure_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceImage:
    """What a device measures; a field is None when the kind has no such value or the device does not tell it.

    `power_w` is positive into the device. `available_w` is what a generator could give, `rated_out_w` the most that
    its nameplate lets it give. `follows` is False while it does not do what it was told some seconds ago.
    """

    power_w: float
    available_w: float | None = None
    soc: float | None = None
    stay: Stay | None = None
    temp_c: float | None = None
    outdoor_temp_c: float | None = None
    daylight_lux: float | None = None
    required_lux: float | None = None
    running_since_s: int | None = None
    done_today: bool = False
    rated_out_w: float | None = None
    follows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteImage:
    """The site at one moment: net power [W, + from the grid] and every device that answered."""

    at_s: int
    grid_w: float
    devices: Mapping[str, DeviceImage]

    @property
    def base_load_w(self) -> float:
        """What is drawn beside the known devices [W], never negative."""
        return max(0.0, self.grid_w - sum(device.power_w for device in self.devices.values()))

    @property
    def generation_w(self) -> float:
        """What all generators could give now [W, >= 0]."""
        return sum(device.available_w or 0.0 for device in self.devices.values())
