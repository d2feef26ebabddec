"""Overrides: what a person wants one device to do until a moment, whatever energy costs."""

from dataclasses import dataclass
from typing import Literal, get_args

from hems.control.household.settings import Who
from hems.dispatch.guard import least_kw
from hems.site.finding import Finding
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, Home, LightingUnit, PvUnit, Unit, ZoneUnit

Action = Literal["on", "off", "give"]
ACTIONS: tuple[Action, ...] = get_args(Action)
OVERRIDE_S_MAX = 7 * 86_400
KW_MAX = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """`on`: charges, heats or runs; `off`: takes and gives nothing; `give`: a battery discharges.

    `power_kw` (> 0) is with which power, None as much as the device can. It ends by itself at `until_s`.
    """

    device: str
    action: Action
    power_kw: float | None
    until_s: int
    by: Who
    since_s: int


def actions(unit: Unit) -> tuple[Action, ...]:
    """What a unit can be told: generation goes on by itself, only batteries give."""
    match unit:
        case PvUnit():
            return ("off",)
        case BatteryUnit():
            return ACTIONS
        case _:
            return ("on", "off")


def most_kw(unit: Unit, action: Action) -> float:
    """The most that a unit takes, or gives [kW, >= 0]."""
    match unit:
        case BatteryUnit():
            return unit.discharge_kw_max if action == "give" else unit.charge_kw_max
        case EvUnit():
            return unit.charge_kw_max
        case ZoneUnit():
            return unit.electric_kw_max
        case LightingUnit():
            return unit.rated_kw
        case ApplianceUnit():
            return max(unit.quarter_hour_kw)
        case PvUnit():
            return 0.0


def override_findings(home: Home, wish: Override, now_s: int) -> tuple[Finding, ...]:
    """Everything that is wrong with an override at a moment."""
    units = {unit.id: unit for unit in home.units}
    unit = units.get(wish.device) if isinstance(wish.device, str) else None
    if unit is None:
        remedy = f"name one of {', '.join(units)}" if units else "this home has no devices to command"
        wrong = "is no device of this home"
        return (Finding(where=f"override of {str(wish.device)[:40]!r}", wrong=wrong, remedy=remedy),)
    found = (_action_finding(unit, wish), _power_finding(unit, wish), _end_finding(wish, now_s))
    return tuple(finding for finding in found if finding is not None)


def _action_finding(unit: Unit, wish: Override) -> Finding | None:
    if wish.action in actions(unit):
        return None
    wrong = f"{str(wish.action)[:40]!r} is nothing that it can do"
    return Finding(where=f"override of {unit.id}", wrong=wrong, remedy=f"use one of {', '.join(actions(unit))}")


def _power_finding(unit: Unit, wish: Override) -> Finding | None:
    kw = wish.power_kw
    where = f"power_kw of {unit.id}"
    if kw is None:
        return None
    if isinstance(kw, bool) or not isinstance(kw, int | float) or not 0.0 < kw < KW_MAX:
        return Finding(where=where, wrong=f"{str(kw)[:40]} is no power", remedy="give kW above 0, or leave it out")
    if wish.action == "off" or isinstance(unit, ApplianceUnit):
        return Finding(where=where, wrong="is given where the device decides", remedy="leave it out")
    low, high = least_kw(unit), most_kw(unit, wish.action)
    if not low <= kw <= high:
        side = "below its least" if kw < low else "above its most"
        remedy = f"give {low:g} to {high:g} kW, or leave it out"
        return Finding(where=where, wrong=f"{kw:g} is {side}", remedy=remedy)
    return None


def _end_finding(wish: Override, now_s: int) -> Finding | None:
    where = f"end of the override of {wish.device}"
    if type(wish.until_s) is not int:
        return Finding(where=where, wrong="is no moment", remedy="give whole seconds since 1970")
    if wish.until_s <= now_s:
        return Finding(where=where, wrong="lies in the past", remedy="choose a later end")
    if wish.until_s > now_s + OVERRIDE_S_MAX:
        return Finding(
            where=where, wrong="is more than 7 days away", remedy="choose an earlier end, and repeat it then"
        )
    return None
