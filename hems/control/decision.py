"""What a home does in the running slot: setpoints with their reasons, behind the guard that knows no prices."""

from collections.abc import Mapping
from dataclasses import dataclass

from hems.control.grid_limit import FREE, InForce
from hems.control.household.commands import commanded_kw, is_commanded, wish_why
from hems.control.household.wishes import Wishes
from hems.dispatch.guard import guard
from hems.dispatch.reason import Prices, Why, also, why
from hems.metering.image import SiteImage
from hems.site.home import Home
from wire.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """What a device is told [kW, + into the device], and why; one that is not commanded does it by itself."""

    device: str
    power_kw: float
    why: Why
    is_commanded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The running slot: setpoints, the rung of the fallback ladder they come from, the net power expected [kW]."""

    slot: Slot
    rung: str
    setpoints: tuple[Setpoint, ...]
    net_kw: float


def decision(
    slot: Slot,
    rung: str,
    powers_kw: Mapping[str, float],
    *,
    home: Home,
    image: SiteImage,
    wishes: Wishes,
    prices: Prices,
    said: str,
    grid: InForce = FREE,
) -> Decision:
    """The guarded setpoints of the powers [kW] that a rung of the ladder wants, with reasons and what is `said`.

    `grid` is what the network operator lets the connection carry.
    """
    idle = {unit.id: 0.0 for unit in home.units if unit.id in image.devices}
    wanted_kw = commanded_kw(home, image, wishes, {**idle, **powers_kw})
    guarded = guard(wanted_kw, home, image, grid.limits(home))
    surplus = (image.generation_w - image.base_load_w) / 1000.0
    setpoints = []
    for unit in home.units:
        if unit.id not in guarded.power_kw or unit.id not in image.devices:
            continue
        kw, seen = guarded.power_kw[unit.id], image.devices[unit.id]
        reason = wish_why(
            unit,
            seen,
            wishes,
            kw=kw,
            asked_kw=wanted_kw[unit.id],
            price=prices.now,
            timezone=home.timezone,
        )
        setpoints.append(
            Setpoint(
                device=unit.id,
                power_kw=kw,
                why=also(why(unit, kw, seen, surplus, prices), said + grid.words) if reason is None else reason,
                is_commanded=is_commanded(unit, seen, wishes) or unit.id in guarded.changed,
            )
        )
    others = sum(d.power_w / 1000.0 for i, d in image.devices.items() if i not in guarded.power_kw)
    net = image.base_load_w / 1000.0 + others + sum(guarded.power_kw.values())
    return Decision(slot=slot, rung=rung, setpoints=tuple(setpoints), net_kw=net)
