"""What the devices of a home measure and were commanded, as points."""

import math
from collections.abc import Iterator, Mapping

from hems.dispatch.lease import Lease
from hems.metering.image import DeviceImage, SiteImage
from wire.telemetry import Point, point
from wire.telemetry.house import Device


def device_points(
    site: str, kinds: Mapping[str, str], image: SiteImage, leases: Mapping[str, Lease]
) -> Iterator[Point]:
    """A point per device that answered; `kinds` by device id."""
    for name, seen in image.devices.items():
        kind, lease = kinds[name], leases.get(name)
        yield point(
            Device,
            image.at_s,
            {Device.site: site, Device.device: name, Device.kind: kind},
            {
                Device.power_w: round(seen.power_w),
                Device.available_w: None if seen.available_w is None else round(seen.available_w),
                Device.lease_w: None if lease is None else lease.power_w,
                Device.soc: _finite(seen.soc),
                Device.temp_c: _finite(seen.temp_c),
                Device.outdoor_temp_c: _finite(seen.outdoor_temp_c),
                Device.daylight_lux: _finite(seen.daylight_lux),
                Device.is_plugged_in: int(seen.stay is not None) if kind == "ev" else None,
                Device.energy_needed_wh: _needed_wh(seen),
                Device.is_running: int(seen.running_since_s is not None) if kind == "appliance" else None,
            },
        )


def _finite(value: float | None) -> float | None:
    """The value where it is one: what a device shows instead of it says nothing."""
    return value if value is not None and math.isfinite(value) else None


def _needed_wh(seen: DeviceImage) -> int | None:
    return None if seen.stay is None else seen.stay.energy_needed_wh
