"""The planning problem with overrides in it: bids and the rest of the home know what overridden devices will do."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hems.control.household.commands import override_kw
from hems.control.household.overrides import Override
from hems.control.household.wishes import Wishes
from hems.metering.image import SiteImage
from hems.planning.device import Appliance, Battery, Device, Ev, Lighting, Pv, Zone
from hems.planning.forced import Forced
from hems.planning.problem import Problem
from hems.site.home import Home
from wire.slots import Slot

Floats = NDArray[np.float64]


def overridden(problem: Problem, slot: Slot, home: Home, image: SiteImage, wishes: Wishes) -> Problem:
    """The problem from `slot` on as overrides and mode want it."""
    lasting = tuple(one for one in wishes.overrides if covered_slots(one, slot, problem.slots) > 0)
    wishes = replace(wishes, overrides=lasting)
    if not wishes.overrides and wishes.settings.mode != "manual":
        return problem
    units = {unit.id: unit for unit in home.units}
    devices, forced = list[Device](), list[Forced]()
    for device in problem.devices:
        override = wishes.override(device.id)
        if override is None:
            devices += [device] if _goes_on(device, wishes) else []
            continue
        slots = covered_slots(override, slot, problem.slots)
        power_kw = override_kw(units[device.id], override, image.devices[device.id], image.at_s)
        changed = _changed(device, override, slots)
        devices += [] if changed is None else [changed]
        forced += _forced(device, power_kw, slots, problem.slot_h)
    return replace(problem, devices=tuple(devices), forced=tuple(forced) or None)


def covered_slots(override: Override, slot: Slot, most: int) -> int:
    """How many slots from `slot` on an override covers: the first, and each of which it has at least half."""
    left_s = override.until_s - slot.start_s
    if left_s <= 0:
        return 0
    return min(most, max(1, round(left_s / slot.duration_s)))


def _goes_on(device: Device, wishes: Wishes) -> bool:
    """Whether a device that nobody overrides is part of the plan: one that gets no commands does nothing, but
    generation and light go on, and so does a programme that runs."""
    if wishes.commands(device.id) or isinstance(device, Pv | Lighting):
        return True
    return isinstance(device, Appliance) and device.running_since_slots > 0


def _changed(device: Device, override: Override, slots: int) -> Device | None:
    """The device with another need or window; None when it has no time left to run."""
    match device:
        case Lighting():
            lux = device.lux_at_rated if override.action == "on" else 0.0
            wanted, dark = device.required_lux.copy(), device.daylight_lux.copy()
            wanted[:slots], dark[:slots] = lux, 0.0
            return replace(device, required_lux=wanted, daylight_lux=dark)
        case Appliance() if device.profile_kw is not None and device.running_since_slots == 0:
            if override.action == "on":
                return replace(device, earliest_slot=0, latest_end_slot=len(device.profile_kw))
            earliest = max(device.earliest_slot, slots)
            fits = earliest + len(device.profile_kw) <= device.latest_end_slot
            return replace(device, earliest_slot=earliest) if fits else None
        case _:
            return device


def _forced(device: Device, power_kw: float, slots: int, slot_h: float) -> list[Forced]:
    """What the device is held to, as far as it can follow: a full battery charges no more."""
    match device:
        case Battery():
            powers = _within_storage(device, power_kw, slots, slot_h)
        case Ev():
            powers = _until_charged(device, power_kw, slots, slot_h)
        case Zone() | Pv():
            powers = np.full(slots, power_kw)
        case _:
            return []
    return [Forced(device=device.id, power_kw=powers)] if len(powers) else []


def _within_storage(device: Battery, power_kw: float, slots: int, slot_h: float) -> Floats:
    stored, made = device.soc_initial * device.capacity_kwh, []
    for _ in range(slots):
        room_kwh = max(0.0, device.soc_max * device.capacity_kwh - stored)
        left_kwh = max(0.0, stored - device.soc_min * device.capacity_kwh)
        most = room_kwh / device.charge_efficiency / slot_h
        least = -left_kwh * device.discharge_efficiency / slot_h
        kw = min(max(power_kw, least), most)
        factor = device.charge_efficiency if kw > 0 else 1.0 / device.discharge_efficiency
        stored += kw * slot_h * factor
        made.append(kw)
    return np.array(made)


def _until_charged(device: Ev, power_kw: float, slots: int, slot_h: float) -> Floats:
    """The car that is here, as long as it takes the whole power; for what is then missing it is free again."""
    here = [stay for stay in device.sessions if stay.arrival_slot == 0]
    if not here:
        return np.zeros(0)
    stay = here[0]
    slots = min(slots, stay.departure_slot)
    if power_kw <= 0.0:
        return np.zeros(slots)
    missing_kwh = (1.0 - stay.soc_arrival) * device.capacity_kwh / device.charge_efficiency
    return np.full(min(slots, int(missing_kwh / slot_h / power_kw + 1e-9)), power_kw)
