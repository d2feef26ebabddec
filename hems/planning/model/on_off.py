"""On/off decisions of a machine in the program: power 0 or in a range, minimum times on and off."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Ints, Rank
from hems.planning.model.site_rows import SiteRows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CUT_WEIGHT = 10.0  # no wish is worth cutting a run short


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycling:
    """Limits of a machine that switches: power range [kW], minimum times and what happened before slot 0."""

    kw_min: float
    kw_max: float
    min_on_slots: int
    min_off_slots: int
    initial_on_slots: int
    initial_off_slots: int | None


def add_cycling(site: SiteRows, power: Ints, limits: Cycling) -> Ints:
    """On/off columns of a machine whose `power` columns (one per slot) have to obey the limits."""
    model, count = site.model, site.slots
    on = model.binaries(count)
    rows = model.rows(count, lower=0.0)
    model.entries(rows, power, 1.0)
    model.entries(rows, on, -limits.kw_min)
    rows = model.rows(count, upper=0.0)
    model.entries(rows, power, 1.0)
    model.entries(rows, on, -limits.kw_max)
    if limits.min_on_slots > 1 or limits.min_off_slots > 1:
        _add_minimum_times(site, on, limits)
    return on


def _add_minimum_times(site: SiteRows, on: Ints, limits: Cycling) -> None:
    model, count = site.model, site.slots
    was_on = float(limits.initial_on_slots > 0)
    started, stopped = model.columns(count, upper=1.0), model.columns(count, upper=1.0)
    first = np.zeros(count)
    first[0] = was_on
    rows = model.rows(count, lower=first, upper=first)
    model.entries(rows, on, 1.0)
    model.entries(rows[1:], on[:-1], -1.0)
    model.entries(rows, started, -1.0)
    model.entries(rows, stopped, 1.0)
    _add_window(site, started, limits.min_on_slots, on, sign=-1.0, upper=0.0)
    _add_window(site, stopped, limits.min_off_slots, on, sign=1.0, upper=1.0)
    _hold_start(site, on, limits)


def _add_window(site: SiteRows, events: Ints, length: int, on: Ints, *, sign: float, upper: float) -> None:
    """Events of the last `length` slots together with `sign * on` stay below `upper`."""
    model, count = site.model, site.slots
    rows = model.rows(count, upper=upper)
    model.entries(rows, on, sign)
    slot, back = np.divmod(np.arange(count * length), length)
    inside = slot >= back
    model.entries(rows[slot[inside]], events[(slot - back)[inside]], 1.0)


def _hold_start(site: SiteRows, on: Ints, limits: Cycling) -> None:
    """A run or pause that began before slot 0 lasts as long as it has to.

    A run may be cut where nothing else is possible (a generator with nowhere to give its power has to stop).
    """
    if limits.initial_on_slots > 0:
        held, value = limits.min_on_slots - limits.initial_on_slots, 1.0
    elif limits.initial_off_slots is not None:
        held, value = limits.min_off_slots - limits.initial_off_slots, 0.0
    else:
        return
    held = min(max(held, 0), site.slots)
    rows = site.model.rows(held, lower=value, upper=value)
    site.model.entries(rows, on[:held], 1.0)
    if value and held:
        site.model.entries(rows, site.model.columns(held, upper=1.0, rank=Rank.WISH, weight=CUT_WEIGHT), 1.0)


def with_minimum_times(on: Bools, min_on_slots: int, min_off_slots: int, *, off_before: int) -> Bools:
    """Runs and pauses (n,) made as long as they have to be: short pauses are filled, then short runs go on longer.

    `off_before` is how many slots the machine was off before slot 0, negative when it was on. A pause at the end and
    a run that the horizon cuts count as long enough.
    """
    was_on = off_before < 0
    made = on.copy()
    held = (min_on_slots + off_before) if was_on else (min_off_slots - off_before)
    made[: max(0, held)] = was_on
    for first, end, runs in _stretches(made):
        inner = first > 0 or was_on
        if not runs and inner and end < len(made) and end - first < min_off_slots:
            made[first:end] = True
    for first, end, runs in _stretches(made):
        began = first > 0 or not was_on
        if runs and began and end < len(made) and end - first < min_on_slots:
            made[first : first + min_on_slots] = True
    return made


def _stretches(on: Bools) -> list[tuple[int, int, bool]]:
    """(first, end, on) of every stretch of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(on.astype(np.int8))) + 1).tolist(), len(on)]
    return [(first, end, bool(on[first])) for first, end in pairwise(edges)]
