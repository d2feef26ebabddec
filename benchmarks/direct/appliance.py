"""Appliances: a programme that runs once, or blocks of one power; mandatory or worth something."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.program import Program
from benchmarks.direct.running import changes, lasting

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Device = Mapping[str, Any]

LATE = 0.25  # a slot late weighs a quarter of a run


def appliance(made: Program, device: Device, *, late: bool) -> None:
    """A run in its window; `late` also allows later runs of a mandatory one, for a price per slot."""
    profile = device.get("profile_kw")
    required = device.get("slots_required") or 0
    begun = device.get("running_since_slots", 0) > 0 or device.get("slots_done", 0) > 0
    if profile is not None:
        _run_once(made, device, np.asarray(profile, float), weight=1.0, late=late)
    elif device.get("min_run_slots", 1) >= required and not begun:
        _run_once(made, device, np.full(required, float(device["block_kw"])), weight=float(required), late=late)
    else:
        _blocks(made, device, late=late)


def window_is_too_short(device: Device, slots: int) -> bool:
    """True when even an empty site could not run the appliance in its window."""
    needed = len(device.get("profile_kw") or ()) or device["slots_required"] - device.get("slots_done", 0)
    first, end = device.get("earliest_slot", 0), _end(device, slots)
    return bool(needed > end - first) and not device.get("running_since_slots", 0)


def _end(device: Device, slots: int) -> int:
    end = device.get("latest_end_slot")
    return slots if end is None else min(end, slots)


def _run_once(made: Program, device: Device, profile: Floats, *, weight: float, late: bool) -> None:
    """One column per start; `weight` is what not running breaks."""
    since = device.get("running_since_slots", 0)
    if since:
        _go_on(made, device, profile[since:])
        return
    optional = device.get("optional", False)
    end = made.slots if late and not optional else _end(device, made.slots)
    first = device.get("earliest_slot", 0)
    starts = np.arange(first, max(first, end - len(profile) + 1))
    behind = np.maximum(0, starts + len(profile) - _end(device, made.slots))
    run = made.switches(len(starts), money=-device.get("value", 0.0) if optional else 0.0, breaks=LATE * behind)
    once = made.rows(1, lower=0.0 if optional else 1.0, upper=1.0)
    made.put(np.repeat(once, len(run)), run, 1.0)
    if not optional:
        made.put(once, made.columns(1, 1.0, breaks=weight), 1.0)
    for offset, power_kw in enumerate(profile.tolist()):
        if power_kw:
            made.flow(device, starts + offset, run, power_kw)


def _go_on(made: Program, device: Device, rest: Floats) -> None:
    rest = rest[: made.slots]
    made.flow(device, np.arange(len(rest)), made.columns(len(rest), 1.0, lower=1.0), rest)


def _blocks(made: Program, device: Device, *, late: bool) -> None:
    """One switch per slot, runs of at least `min_run_slots`, at most `starts_max` starts."""
    since, optional = device.get("running_since_slots", 0), device.get("optional", False)
    due = _end(device, made.slots)
    end = made.slots if late and not optional else due
    slots = np.arange(0 if since else device.get("earliest_slot", 0), end)
    on = made.switches(len(slots), breaks=LATE * (slots >= due))
    made.flow(device, slots, on, device["block_kw"])
    missing = device["slots_required"] - device.get("slots_done", 0)
    count = made.equal(1, 0.0 if optional else float(missing))
    made.put(np.repeat(count, len(on)), on, 1.0)
    if optional:
        made.put(count, made.switches(1, money=-device.get("value", 0.0)), -float(missing))
    else:
        made.put(count, made.columns(1, float(missing), breaks=1.0), 1.0)
    if len(on):
        _runs(made, device, on, since)


def _runs(made: Program, device: Device, on: Ints, since: int) -> None:
    least, most = device.get("min_run_slots", 1), device.get("starts_max")
    if least <= 1 and most is None:
        return
    start, _ = changes(made, on, was_on=since > 0)
    lasting(made, on, start, least, holds=1)
    # a run has to end inside the window: none may begin too late for its length
    late_starts = start[max(0, len(start) - least + 1) :]
    made.put(made.equal(len(late_starts), 0.0), late_starts, 1.0)
    held = on[: max(0, least - since)] if since else on[:0]
    made.put(made.equal(len(held), 1.0), held, 1.0)
    if most is not None:
        row = made.rows(1, upper=float(most))
        made.put(np.repeat(row, len(start)), start, 1.0)
