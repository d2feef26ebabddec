"""Machines that are off or at least at a least power, with minimum times on and off.

Source of the minimum times: Rajan and Takriti 2005, Minimum up/down polytopes, IBM report RC23628.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct.program import Program

Ints = NDArray[np.int64]
Device = Mapping[str, Any]


def semicontinuous(made: Program, device: Device, power: Ints) -> None:
    """Power is zero or at least `electric_kw_min`; minimum times need such a least power."""
    least = device.get("electric_kw_min", 0.0)
    if least <= 0.0:
        return
    on = made.switches(made.slots)
    made.at_most(power, device["electric_kw_max"], on)
    made.at_least(power, least, on)
    was_on = device.get("initial_on_slots", 0) > 0
    times = (device.get("min_on_slots", 1), device.get("min_off_slots", 1))
    if max(times) > 1:
        start, stop = changes(made, on, was_on=was_on)
        lasting(made, on, start, times[0], holds=1)
        lasting(made, on, stop, times[1], holds=0)
        _continue(made, device, on, times)


def changes(made: Program, on: Ints, *, was_on: bool) -> tuple[Ints, Ints]:
    """Columns (start, stop) that say when `on` (n,) changes."""
    n = len(on)
    start, stop = made.columns(n, 1.0), made.columns(n, 1.0)
    before = np.zeros(n)
    before[0] = float(was_on)
    rows = made.equal(n, before)
    for columns, value in ((on, 1.0), (start, -1.0), (stop, 1.0)):
        made.put(rows, columns, value)
    made.put(rows[1:], on[:-1], -1.0)
    return start, stop


def lasting(made: Program, on: Ints, change: Ints, slots: int, *, holds: int) -> None:
    """After a change the machine stays on (`holds` 1) or off (0) for `slots` slots or to the end of the horizon."""
    if slots <= 1 and holds == 0:
        return
    rows = made.rows(len(on), upper=0.0 if holds else 1.0)
    made.put(rows, on, -1.0 if holds else 1.0)
    for age in range(min(slots, len(on))):
        made.put(rows[age:], change[: len(on) - age], 1.0)


def _continue(made: Program, device: Device, on: Ints, times: tuple[int, int]) -> None:
    """What began before slot 0 lasts its minimum time."""
    been_on, been_off = device.get("initial_on_slots", 0), device.get("initial_off_slots")
    if been_on > 0:
        held = on[: max(0, times[0] - been_on)]
        made.put(made.equal(len(held), 1.0), held, 1.0)
    elif been_off is not None:
        held = on[: max(0, times[1] - been_off)]
        made.put(made.equal(len(held), 0.0), held, 1.0)
