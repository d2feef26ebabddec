"""Settings merged into what is planned from: the home, the image of its cars, and what is expected."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hems.control.household.comfort import wished_zone
from hems.control.household.settings import CarWish, HouseholdSettings
from hems.metering.image import DeviceImage, SiteImage
from hems.planning.outlook import ExpectedStay, Outlook
from hems.site.home import BatteryUnit, EvUnit, Home, Unit, ZoneUnit

WH_PER_KWH = 1000.0


def wished_home(home: Home, settings: HouseholdSettings) -> Home:
    """The home with the comfort and the reserves that are set; `home` is as the TOML has it."""
    return replace(home, units=tuple(_wished(unit, settings) for unit in home.units))


def _wished(unit: Unit, settings: HouseholdSettings) -> Unit:
    match unit:
        case ZoneUnit():
            return wished_zone(unit, settings.zone(unit.id), settings.mode)
        case BatteryUnit() if (reserve_soc := settings.reserve_soc(unit.id)) is not None:
            return replace(unit, reserve_soc=reserve_soc)
        case _:
            return unit


def wished_image(image: SiteImage, home: Home, settings: HouseholdSettings, now_s: int) -> SiteImage:
    """The image with plugged-in cars that leave and need what the household has set."""
    cars = [unit for unit in home.units if isinstance(unit, EvUnit) and unit.id in image.devices]
    wished = {car.id: _wished_car(car, image.devices[car.id], settings.car(car.id), home, now_s) for car in cars}
    if all(wished[car.id] is image.devices[car.id] for car in cars):
        return image
    return replace(image, devices={**image.devices, **wished})


def _wished_car(unit: EvUnit, seen: DeviceImage, wish: CarWish, home: Home, now_s: int) -> DeviceImage:
    stay = seen.stay
    if stay is None or (wish.ready_by is None and wish.target_soc is None):
        return seen
    if wish.ready_by is not None:
        stay = replace(stay, departure_s=next_time_s(wish.ready_by, now_s, home.timezone))
    if wish.target_soc is not None and unit.capacity_kwh is not None:
        needed = needed_wh(wish.target_soc, unit.capacity_kwh, seen.soc, stay.energy_needed_wh)
        stay = replace(stay, energy_needed_wh=needed)
    return replace(seen, stay=stay)


def needed_wh(target_soc: float, capacity_kwh: float, soc: float | None, told_wh: int) -> int:
    """Energy up to a target [Wh, >= 0].

    From the charge that the car tells; where it tells none, what it asks for is taken to fill it, and a target
    below full asks for so much less.
    """
    if soc is not None:
        return max(0, round((target_soc - soc) * capacity_kwh * WH_PER_KWH))
    return max(0, told_wh - round((1.0 - target_soc) * capacity_kwh * WH_PER_KWH))


def next_time_s(time_of_day: str, now_s: int, timezone: str) -> int:
    """The next moment [s since 1970] after now at which local clocks show a time of day (HH:MM).

    Where clocks skip it in spring it is the moment that would have been.
    """
    hour, minute = (int(part) for part in time_of_day.split(":"))
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now_s, zone).date()
    for days in (0, 1, 2):
        day = today + timedelta(days=days)
        at_s = int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp())
        if at_s > now_s:
            return at_s
    raise AssertionError("a time of day comes within two days")


def wished_stays(outlook: Outlook, home: Home, settings: HouseholdSettings) -> Mapping[str, tuple[ExpectedStay, ...]]:
    """Expected stays of cars that have to be ready earlier than they usually leave."""
    return {
        device: tuple(_earlier(stay, settings.car(device), outlook, home) for stay in stays)
        for device, stays in outlook.stays.items()
    }


def _earlier(stay: ExpectedStay, wish: CarWish, outlook: Outlook, home: Home) -> ExpectedStay:
    if wish.ready_by is None:
        return stay
    arrival_s = outlook.start_s + stay.arrival_slot * home.slot_s
    ready_slot = (next_time_s(wish.ready_by, arrival_s, home.timezone) - outlook.start_s) // home.slot_s
    return replace(stay, departure_slot=max(stay.arrival_slot + 1, min(stay.departure_slot, ready_slot)))
