"""Remedies: at which price, target or temperature a device would do otherwise; left out where there is no answer."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import (
    Appliance,
    Device,
    Ev,
    Session,
    Tank,
    Zone,
)
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart
from hems.planning.plan import Plan
from hems.planning.reasons.actions import Action, Otherwise, Stretch
from hems.planning.reasons.columns import decision_columns, slack_columns, temperature_columns
from hems.planning.reasons.counterfactual import Change, WhatIf
from hems.planning.reasons.explanation import Instead, Lever, Remedy
from hems.planning.reasons.turns import price_remedies

Floats = NDArray[np.float64]

_KW = 1e-2
_SHARE_MOVED = 0.5  # of its energy that has to come over the connection for a price to tell
_TARGET_STEPS = (0.1, 0.2, 0.3, 0.4, 0.5)  # fraction of the charge
_TEMP_STEPS_K = (0.5, 1.0, 2.0)


def remedies(
    ask: WhatIf, plan: Plan, device: Device, done: Stretch, instead: tuple[Instead, ...]
) -> Iterator[Remedy]:
    """What would make the device do otherwise in the slot asked about."""
    if isinstance(device, Appliance):
        yield from _of_appliance(device, ask.problem.slot_h, done, instead)
        return
    if _switches_freely(ask, device):
        yield from price_remedies(ask, plan, device, done)
    if isinstance(device, Ev):
        yield from _of_car(ask, plan, device, done)
    if isinstance(device, Zone | Tank) and _switches_freely(ask, device):
        yield from _of_room(ask, device, done)


def _switches_freely(ask: WhatIf, device: Device) -> bool:
    """False where on/off decisions stand between a price and a power: a threshold would not be honest."""
    part = ask.found.program.parts[device.id]
    return not len(decision_columns(part)) or (isinstance(device, Ev) and device.charge_kw_min > 0.0)


def _of_appliance(device: Appliance, slot_h: float, done: Stretch, instead: tuple[Instead, ...]) -> Iterator[Remedy]:
    """The price during the run, or the worth of running, that makes up for the difference in cost."""
    profile_kwh = (
        device.block_kw * device.slots_required if device.profile_kw is None else float(device.profile_kw.sum())
    )
    energy_kwh = profile_kwh * slot_h
    for other in instead:
        if other.broken or other.cost <= 0.0 or not other.exact:
            continue
        if other.what is Otherwise.RUN_AT_ALL:
            yield Remedy(
                lever=Lever.VALUE, then=other.what, value=device.value + other.cost, was=device.value, unit="per run"
            )
        if other.price_now is not None and abs(other.moved_kwh) > _SHARE_MOVED * energy_kwh:
            stops = done.action is Action.RUNS
            value = other.price_now + other.cost / abs(other.moved_kwh) * (1.0 if stops else -1.0)
            lever = Lever.PRICE_ABOVE if stops else Lever.PRICE_BELOW
            yield Remedy(lever=lever, then=other.what, value=value, was=other.price_now, unit="per kWh")


def _of_car(ask: WhatIf, plan: Plan, device: Ev, done: Stretch) -> Iterator[Remedy]:
    stay = next((s for s in device.sessions if s.arrival_slot <= done.slot < s.departure_slot), None)
    if stay is None or stay.soc_departure_min is None or stay.departure_slot > ask.problem.slots:
        return
    missing = [v.amount for v in plan.violations if v.device == device.id and v.slot == stay.departure_slot - 1]
    if missing:
        hours = (
            sum(missing) / (device.charge_kw_max * device.charge_efficiency) if device.charge_kw_max > 0.0 else 0.0
        )
        if hours > 0.0:
            yield Remedy(lever=Lever.TIME, then=Otherwise.CHARGE, value=hours, was=None, unit="h")
        return
    yield from _target(ask, device, stay, done, stay.soc_departure_min)


def _target(ask: WhatIf, device: Ev, stay: Session, done: Stretch, wanted: float) -> Iterator[Remedy]:
    """The first charge asked for, in steps of 10 %, with which the car would not charge now, or would."""
    part = ask.found.program.parts[device.id]
    assert isinstance(part, StoragePart)
    last = part.energy[part.charge.slots == stay.departure_slot - 1]
    slack = slack_columns(ask.found.program.arrays, last, -1.0)
    charges = done.action is Action.CHARGES
    for step in _TARGET_STEPS:
        target = wanted - step if charges else wanted + step
        if not len(slack) or not stay.soc_arrival - 1e-9 <= target <= device.soc_max + 1e-9:
            return
        lower, upper = ask.planned(slack)
        answer = ask.free_values(
            device, Change(columns=slack, lower=lower + (wanted - target) * device.capacity_kwh, upper=upper)
        )
        kw = 0.0 if answer is None else ask.power_kw(device, answer, done.slot)
        if answer is not None and (kw < _KW if charges else kw > _KW):
            then = Otherwise.NOT if charges else Otherwise.CHARGE
            yield Remedy(lever=Lever.TARGET, then=then, value=100.0 * target, was=100.0 * wanted, unit="%")
            return


def _of_room(ask: WhatIf, device: Zone | Tank, done: Stretch) -> Iterator[Remedy]:
    """The first temperature, in small steps, with which the device would be off now, or on."""
    part = ask.found.program.parts[device.id]
    assert isinstance(part, TakerPart)
    cools = isinstance(device, Zone) and not device.heats
    slack = slack_columns(
        ask.found.program.arrays, temperature_columns(ask.found.program, part), 1.0 if cools else -1.0
    )
    edge = (device.temp_max_c if cools else device.temp_min_c)[done.slot :]
    known = edge[np.isfinite(edge)]
    runs = done.action is Action.RUNS
    for step in _TEMP_STEPS_K if len(slack) and len(known) else ():
        lower, upper = ask.planned(slack)
        change = Change(columns=slack, lower=lower + (step if runs else -step), upper=upper)
        answer = ask.free_values(device, change)
        kw = 0.0 if answer is None else ask.power_kw(device, answer, done.slot)
        if answer is not None and (kw < _KW if runs else kw > _KW):
            was = float(known[0])
            value = was + (step if cools == runs else -step)
            yield Remedy(
                lever=Lever.TEMPERATURE,
                then=Otherwise.NOT if runs else Otherwise.RUN,
                value=value,
                was=was,
                unit="°C",
            )
            return
