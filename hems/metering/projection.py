"""Images at a later moment, and whether what is seen then is what was expected."""

from dataclasses import replace

from hems.metering.image import SiteImage
from hems.site.home import BatteryUnit, EvUnit, Home

SOC_TOLERANCE = 0.003
NEED_TOLERANCE_WH = 20


def presence(image: SiteImage) -> frozenset[str]:
    """The devices that answer and the cars that are plugged in."""
    return frozenset(i if d.stay is None else f"{i}+{d.stay.departure_s}" for i, d in image.devices.items())


def expected_at(home: Home, image: SiteImage, at_s: int) -> SiteImage:
    """The image with storage and cars moved on to a later moment at the powers that flow now."""
    hours = max(0, at_s - image.at_s) / 3600.0
    if hours == 0.0:
        return image
    devices = dict(image.devices)
    for unit in home.units:
        seen = devices.get(unit.id)
        if isinstance(unit, BatteryUnit) and seen is not None and seen.soc is not None:
            factor = unit.charge_efficiency if seen.power_w > 0 else 1.0 / unit.discharge_efficiency
            soc = seen.soc + seen.power_w / 1000.0 * hours * factor / unit.capacity_kwh
            devices[unit.id] = replace(
                seen, soc=min(max(soc, min(unit.soc_min, seen.soc)), max(unit.soc_max, seen.soc))
            )
        if isinstance(unit, EvUnit) and seen is not None and seen.stay is not None:
            needed = max(0, seen.stay.energy_needed_wh - round(seen.power_w * hours))
            devices[unit.id] = replace(seen, stay=replace(seen.stay, energy_needed_wh=needed))
    return replace(image, devices=devices)


def is_as_expected(expected: SiteImage, seen: SiteImage) -> bool:
    """Whether a plan that was made for one image still holds for another: same devices and cars, same charge."""
    if presence(expected) != presence(seen):
        return False
    for name, now in seen.devices.items():
        then = expected.devices[name]
        if now.soc is not None and then.soc is not None and abs(now.soc - then.soc) > SOC_TOLERANCE:
            return False
        needed = [0 if d.stay is None else d.stay.energy_needed_wh for d in (now, then)]
        if abs(needed[0] - needed[1]) > NEED_TOLERANCE_WH:
            return False
    return True
