"""What devices are lent until the next step: guarded powers, and what holds when nobody renews them.

Storage, cars and heat pumps stop then: none of them may keep drawing or giving for ever. Light stays on. Generation
goes on as far as the connection may always carry it, with everything else switched off.
"""

from collections.abc import Mapping

from hems.control.decision import Decision
from hems.dispatch.guard import Limits, guard
from hems.dispatch.lease import LEASE_S_MAX, Lease
from hems.metering.image import DeviceImage, SiteImage
from hems.site.home import PEAK_UNKNOWN_KW, Home, LightingUnit, PvUnit, Unit


def leases_of(
    decision: Decision, home: Home, image: SiteImage, limits: Limits, *, now_s: int, token: int
) -> dict[str, Lease]:
    """The leases of a decision within what the connection may carry now.

    A device that is left alone needs none. A generator that may give all it ever can is told so: its last lease may
    have been a tighter one, which it would fall back to.
    """
    units = {unit.id: unit for unit in home.units}
    said = [s for s in decision.setpoints if s.device in image.devices]
    left_alone = {s.device: image.devices[s.device].power_w / 1000.0 for s in said if not s.is_commanded}
    powers_kw = guard({s.device: s.power_kw for s in said} | left_alone, home, image, limits).power_kw
    reversions_w = {name: reversion_w(units[name], home, image, limits) for name in powers_kw}
    room_w = _room_w(powers_kw, image, limits)
    found = {}
    for name, power_kw in powers_kw.items():
        unit, seen = units[name], image.devices[name]
        is_free = isinstance(unit, PvUnit) and reversions_w[name] <= -_most_w(unit, seen)
        if power_kw == left_alone.get(name):
            continue
        power_w = round(power_kw * 1000.0)
        if isinstance(unit, PvUnit) and is_all_it_gives(power_kw, seen):
            if not unit.curtailable or (is_free and not _is_rated(unit, seen)):
                continue
            power_w = -_most_w(unit, seen) if is_free else -min(_most_w(unit, seen), room_w - power_w)
        found[name] = Lease(
            power_w=power_w,
            valid_until_epoch_s=now_s + LEASE_S_MAX,
            token=token,
            reversion_w=reversions_w[name],
            reversion_s=LEASE_S_MAX,
        )
    return found


def is_all_it_gives(power_kw: float, seen: DeviceImage) -> bool:
    """Whether a generator is asked for all it can give now."""
    return seen.available_w is not None and power_kw * 1000.0 <= 1.0 - seen.available_w


def reversion_w(unit: Unit, home: Home, image: SiteImage, limits: Limits) -> int:
    """The power a device falls back to when nobody renews its lease [W]."""
    seen = image.devices[unit.id]
    match unit:
        case PvUnit():
            most_w = {u.id: _most_w(u, image.devices[u.id]) for u in roofs(home, image)}
            share = most_w[unit.id] / max(1, sum(most_w.values()))
            return -min(most_w[unit.id], int(share * limits.export_kw * 1000.0))
        case LightingUnit():
            return max(0, round(seen.power_w))
        case _:
            return 0


def roofs(home: Home, image: SiteImage) -> list[PvUnit]:
    """The generators that answer."""
    return [unit for unit in home.units if isinstance(unit, PvUnit) and unit.id in image.devices]


def _is_rated(unit: PvUnit, seen: DeviceImage) -> bool:
    return seen.rated_out_w is not None or unit.peak_kw < PEAK_UNKNOWN_KW


def _most_w(unit: PvUnit, seen: DeviceImage) -> int:
    """What a generator gives at most: by its nameplate or as configured; what it could give now where nobody says."""
    if not _is_rated(unit, seen):
        return round(seen.available_w or 0.0)
    peak_w = round(unit.peak_kw * 1000.0)
    return peak_w if seen.rated_out_w is None else min(peak_w, round(seen.rated_out_w))


def _room_w(powers_kw: Mapping[str, float], image: SiteImage, limits: Limits) -> int:
    """What could be fed in on top of the commands before the connection is full [W], shared by all generators."""
    net_w = image.base_load_w
    for name, device in image.devices.items():
        told_w = 1000.0 * powers_kw.get(name, device.power_w / 1000.0)
        net_w += told_w if device.follows else min(told_w, device.power_w)
    generators = sum(device.available_w is not None for device in image.devices.values())
    return max(0, int(limits.export_kw * 1000.0 + net_w)) // max(1, generators)
