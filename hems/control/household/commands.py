"""What overridden devices and a home in manual mode are told, and what they say about it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hems.control.household.overrides import Override, most_kw
from hems.control.household.wishes import Wishes
from hems.dispatch.reason import IDLE_KW, Why
from hems.dispatch.rules import programme_kw
from hems.metering.image import DeviceImage, SiteImage
from hems.site.home import ApplianceUnit, Home, Unit, ZoneUnit

FROST_C, HEAT_C = 5.0, 38.0  # a heated room below, a cooled one above: the heat pump runs whatever was said
WHO = {"page": "page", "home_assistant": "Home Assistant", "cli": "command"}


def override_kw(unit: Unit, override: Override, seen: DeviceImage, at_s: int) -> float:
    """The power that an override asks of a unit [kW, + into it]; the guard keeps it within what is possible."""
    if override.action == "off":
        return _off_kw(unit, seen, at_s)
    if override.action == "give":
        return -(override.power_kw or most_kw(unit, "give"))
    if isinstance(unit, ApplianceUnit):
        return _run_kw(unit, seen, at_s)
    return override.power_kw or most_kw(unit, "on")


def _off_kw(unit: Unit, seen: DeviceImage, at_s: int) -> float:
    """Nothing; a programme that runs is not cut short."""
    return _run_kw(unit, seen, at_s) if isinstance(unit, ApplianceUnit) and seen.running_since_s is not None else 0.0


def _run_kw(unit: ApplianceUnit, seen: DeviceImage, at_s: int) -> float:
    """The programme from its start to its end; one that has run today is not run again."""
    if seen.running_since_s is not None:
        return programme_kw(unit, at_s - seen.running_since_s)
    return 0.0 if seen.done_today else unit.quarter_hour_kw[0]


def commanded_kw(home: Home, image: SiteImage, wishes: Wishes, planned_kw: dict[str, float]) -> dict[str, float]:
    """The powers [kW] that devices are to have: what is planned, what overrides ask for, what a device that gets no
    commands does by itself, and full power where a room gets too cold or too hot for any wish."""
    made = dict(planned_kw)
    for unit in home.units:
        seen = image.devices.get(unit.id)
        if seen is None:
            continue
        override = wishes.override(unit.id)
        if override is not None:
            made[unit.id] = override_kw(unit, override, seen, image.at_s)
        elif not wishes.commands(unit.id):
            made[unit.id] = seen.power_w / 1000.0
        if needs_rescue(unit, seen) and (override is not None or not wishes.commands(unit.id)):
            made[unit.id] = most_kw(unit, "on")
    return made


def is_commanded(unit: Unit, seen: DeviceImage, wishes: Wishes) -> bool:
    """Whether a unit gets a command: in manual mode only by an override, or to save a room."""
    return wishes.commands(unit.id) or needs_rescue(unit, seen)


def needs_rescue(unit: Unit, seen: DeviceImage) -> bool:
    """Whether a room is so cold or hot that its heat pump runs although it was told otherwise."""
    if not isinstance(unit, ZoneUnit) or seen.temp_c is None:
        return False
    return seen.temp_c < FROST_C if unit.mode == "heat" else seen.temp_c > HEAT_C


def wish_why(
    unit: Unit, seen: DeviceImage, wishes: Wishes, *, kw: float, asked_kw: float, price: float, timezone: str
) -> Why | None:
    """The reason of a device that a person commands or leaves alone; None for one that follows the plan."""
    override = wishes.override(unit.id)
    if override is None and wishes.commands(unit.id):
        return None
    if needs_rescue(unit, seen):
        return Why(
            code="comfort",
            price_per_kwh=price,
            worth_per_h=0.0,
            text=f"Runs at {seen.temp_c:.1f} degC to save the room.",
        )
    if override is None:
        text = "Left alone: the home is in manual mode."
        return Why(code="manual", price_per_kwh=price, worth_per_h=0.0, text=text)
    text = f"Manual until {end_words(override, timezone)} by {WHO[override.by]}: {_does(kw)}."
    if abs(kw - asked_kw) > IDLE_KW:
        text += f" More than that is not possible now ({abs(asked_kw):.2f} kW were asked for)."
    return Why(code="manual", price_per_kwh=price, worth_per_h=0.0, text=text)


def end_words(override: Override, timezone: str) -> str:
    """The end of an override on local clocks: the time, with the date when it is another day's than its start."""
    zone = ZoneInfo(timezone)
    until, since = (datetime.fromtimestamp(at_s, zone) for at_s in (override.until_s, override.since_s))
    return until.strftime("%H:%M" if until.date() == since.date() else "%Y-%m-%d %H:%M")


def _does(kw: float) -> str:
    if kw > IDLE_KW:
        return f"takes {kw:.2f} kW"
    return f"gives {-kw:.2f} kW" if kw < -IDLE_KW else "off"
