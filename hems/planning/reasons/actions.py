"""Actions: what a device does in each slot in a person's words, and the changes that stand for doing otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Device, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone
from hems.planning.model.generation import PvPart
from hems.planning.model.machine import ChpPart
from hems.planning.model.shedding import ShedPart
from hems.planning.model.site_rows import Flow
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart
from hems.planning.plan import DevicePlan
from hems.planning.reasons.columns import within
from hems.planning.reasons.counterfactual import Change, WhatIf, held

Floats = NDArray[np.float64]
_MOVES_KW = 1e-3  # less is standing still


class Action(StrEnum):
    """What a device does in a slot."""

    CHARGES = "charges"
    GIVES = "gives"
    RUNS = "runs"
    OFF = "off"
    LOWERED = "lowered"
    FULL = "full"
    USED = "used"
    CUT = "cut"
    NOTHING = "nothing"  # there is nothing to decide: no car, no sun, no light wanted


class Otherwise(StrEnum):
    """What a device could do instead."""

    NOT = "not"  # not do it in these slots
    CHARGE = "charge"
    GIVE = "give"
    RUN = "run"
    RUN_AT_ALL = "run_at_all"  # for an optional appliance that is left out
    RESTORE = "restore"  # not be lowered
    LOWER = "lower"
    USE_ALL = "use_all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Slots `first <= k < end` around a slot in which a device does the same."""

    action: Action
    first: int
    end: int
    slot: int


def stretch(device: Device, made: DevicePlan, slot: int) -> Stretch:
    """What the device does in a slot, and from when until when."""
    doing = actions_of(device, made)
    first, end = slot, slot + 1
    while first > 0 and doing[first - 1] == doing[slot]:
        first -= 1
    while end < len(doing) and doing[end] == doing[slot]:
        end += 1
    return Stretch(action=doing[slot], first=first, end=end, slot=slot)


def actions_of(device: Device, made: DevicePlan) -> list[Action]:
    """What the device does in every slot."""
    power = made.power_kw
    on, back, n = power > _MOVES_KW, power < -_MOVES_KW, len(power)
    match device:
        case Battery() | Hydrogen():
            return _words((on, Action.CHARGES), (back, Action.GIVES), otherwise=Action.OFF, n=n)
        case Ev():
            assert made.state is not None
            away = np.isnan(made.state)
            return _words(
                (away, Action.NOTHING), (on, Action.CHARGES), (back, Action.GIVES), otherwise=Action.OFF, n=n
            )
        case Zone() | Tank():
            return _words((on, Action.RUNS), otherwise=Action.OFF, n=n)
        case Appliance():
            assert made.on is not None
            return _words((made.on, Action.RUNS), otherwise=Action.OFF, n=n)
        case Chp():
            return _words((back, Action.RUNS), otherwise=Action.OFF, n=n)
        case Load() | Lighting():
            full = device.full_kw()
            return _words(
                (power < full - _MOVES_KW, Action.LOWERED),
                (full > _MOVES_KW, Action.FULL),
                otherwise=Action.NOTHING,
                n=n,
            )
        case Pv():
            cut = -power < device.available_kw - _MOVES_KW
            return _words((cut, Action.CUT), (back, Action.USED), otherwise=Action.NOTHING, n=n)


def _words(*rules: tuple[NDArray[np.bool_], Action], otherwise: Action, n: int) -> list[Action]:
    chosen = np.select([rule for rule, _ in rules], list(range(len(rules))), len(rules))
    names = [*(word for _, word in rules), otherwise]
    return [names[i] for i in np.broadcast_to(chosen, n).tolist()]


def alternatives(ask: WhatIf, device: Device, done: Stretch, made: DevicePlan) -> Iterator[tuple[Otherwise, Change]]:
    """What a device that is no appliance could do instead: not what it does, or now what it does not."""
    part, slot = ask.found.program.parts[device.id], done.slot
    match part:
        case StoragePart() if done.action in (Action.CHARGES, Action.GIVES):
            both = np.concatenate(
                [within(part.charge, done.first, done.end), within(part.discharge, done.first, done.end)]
            )
            yield Otherwise.NOT, held(both, 0.0)
        case StoragePart() if done.action is Action.OFF:
            into, out = within(part.charge, slot, slot + 1), within(part.discharge, slot, slot + 1)
            room_kw = _room_kw(device, made, slot, ask.problem.slot_h)
            for word, at, other, room in (
                (Otherwise.CHARGE, into, out, room_kw[0]),
                (Otherwise.GIVE, out, into, room_kw[1]),
            ):
                if len(at) and room > _MOVES_KW:
                    most = np.minimum(ask.planned(at)[1], room)
                    yield word, held(at, most) + held(other, 0.0)
        case TakerPart(power=flow, on=on) | ChpPart(given=flow, on=on):
            yield _switched(ask, device, done, flow, on)
        case ShedPart():
            yield from _shed(ask, part, done)
        case PvPart() if done.action in (Action.USED, Action.CUT):
            yield _generation(ask, part, done)
        case _:
            pass


def _room_kw(device: Device, made: DevicePlan, slot: int, slot_h: float) -> tuple[float, float]:
    """Power that fits into and out of the store in a slot when what comes before stays as it is [kW].

    A car that still charges later takes no more than that.
    """
    assert made.state is not None and isinstance(device, Battery | Ev | Hydrogen)
    low, high, into, out_of = (
        (0.0, 1.0, device.electrolyser_efficiency, device.fuel_cell_efficiency)
        if isinstance(device, Hydrogen)
        else (device.soc_min, device.soc_max, device.charge_efficiency, device.discharge_efficiency)
    )
    kwh = float(made.state[slot]) * device.capacity_kwh
    room_kw = (high * device.capacity_kwh - kwh) / (into * slot_h)
    later_kw = _charged_later_kw(device, made.power_kw, slot) if isinstance(device, Ev) else 0.0
    if later_kw > _MOVES_KW:
        room_kw = min(room_kw, later_kw)
    return room_kw, (kwh - low * device.capacity_kwh) * out_of / slot_h


def _charged_later_kw(device: Ev, power_kw: Floats, slot: int) -> float:
    """What the car still charges in its stay, as the power of one slot, at least its least power [kW]."""
    end = next((s.departure_slot for s in device.sessions if s.arrival_slot <= slot < s.departure_slot), slot)
    later_kw = float(np.maximum(power_kw[slot:end], 0.0).sum())
    return max(later_kw, device.charge_kw_min) if later_kw > 0.0 else 0.0


def _switched(
    ask: WhatIf, device: Device, done: Stretch, flow: Flow, on: NDArray[np.int64] | None
) -> tuple[Otherwise, Change]:
    """Off over the stretch, or on at full power now (for its least time where it has one)."""
    if done.action is Action.RUNS:
        off = held(within(flow, done.first, done.end), 0.0)
        return Otherwise.NOT, off if on is None else off + held(on[done.first : done.end], 0.0)
    now = within(flow, done.slot, done.slot + 1)
    full = held(now, ask.planned(now)[1])
    if on is None or not isinstance(device, Zone | Chp):
        return Otherwise.RUN, full
    return Otherwise.RUN, full + held(on[done.slot : done.slot + max(1, device.min_on_slots)], 1.0)


def _shed(ask: WhatIf, part: ShedPart, done: Stretch) -> Iterator[tuple[Otherwise, Change]]:
    paid = within(part.given_up[0], done.first, done.end)
    if done.action is Action.LOWERED:
        lost = within(part.given_up[1], done.first, done.end)
        yield Otherwise.RESTORE, held(np.concatenate([paid, lost]), 0.0)
    elif done.action is Action.FULL and len(paid):
        yield Otherwise.LOWER, held(paid, ask.planned(paid)[1])


def _generation(ask: WhatIf, part: PvPart, done: Stretch) -> tuple[Otherwise, Change]:
    """None of the sun used, or as much as can be: by a price, what is available now may have been measured since."""
    used = within(part.used, done.first, done.end)
    dearest = float(np.abs(ask.problem.tariff.import_price_per_kwh).max()) + 1.0
    toll = 20.0 * dearest * ask.problem.slot_h * (1.0 if done.action is Action.USED else -1.0)
    word = Otherwise.NOT if done.action is Action.USED else Otherwise.USE_ALL
    return word, Change(priced=used, added=np.full(len(used), toll))
