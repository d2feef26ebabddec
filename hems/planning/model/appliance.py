"""Appliances in the program: start decisions of a programme, or on/off decisions of blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance
from hems.planning.model.arrays import Ints, Rank
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LATE_SLOT_WEIGHT = 0.25  # four slots late weigh as much as one kWh


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammePart:
    """Start columns of a programme with the slot each starts in; `profile_kw` is what remains to run."""

    starts: Flow
    profile_kw: Floats

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], shape (slots,)."""
        power = np.zeros(slots)
        for start in self.starts.slots[x[self.starts.columns] > 0.5]:
            power[start : start + len(self.profile_kw)] += self.profile_kw[: slots - start]
        return power


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPart:
    """On/off columns of a block appliance; `whole` (one column, or none) decides on an optional one."""

    on: Flow
    block_kw: float
    whole: Ints

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], shape (slots,)."""
        power = np.zeros(slots)
        power[self.on.slots] = np.where(x[self.on.columns] > 0.5, self.block_kw, 0.0)
        return power


def remaining_profile_kw(device: Appliance) -> Floats | None:
    """Programme still to run [kW]; None for blocks that may be split. Blocks in one run are a programme too."""
    if device.profile_kw is not None:
        return device.profile_kw[device.running_since_slots :]
    left = device.slots_required - device.slots_done
    if device.running_since_slots == 0 and (left < 2 * device.min_run_slots or device.starts_max == 1):
        return np.full(left, device.block_kw)
    return None


def window_is_too_short(device: Appliance, slots: int) -> bool:
    """True when the appliance cannot finish in its window even on its own."""
    profile = remaining_profile_kw(device)
    needed = device.slots_required - device.slots_done if profile is None else len(profile)
    first = 0 if device.running_since_slots > 0 else device.earliest_slot
    return first + needed > min(slots, device.latest_end_slot)


def add_appliance(site: SiteRows, device: Appliance) -> ProgrammePart | BlockPart:
    """Columns and rows of an appliance."""
    profile = remaining_profile_kw(device)
    late = device.id in site.late_ids and not device.optional
    if profile is None or (device.profile_kw is None and late):
        return _add_blocks(site, device, late)
    return _add_programme(site, device, profile, late)


def _add_programme(site: SiteRows, device: Appliance, profile_kw: Floats, late: bool) -> ProgrammePart:
    first = _start_slots(site.slots, device, len(profile_kw), late)
    columns = _start_columns(site, device, first, profile_kw)
    once = site.model.rows(1, lower=-np.inf if device.optional else 1.0, upper=1.0)
    site.model.entries(once, columns, 1.0)
    if not device.optional:
        # a window that is too short in itself: running as little late as can be is better than not running
        unavoidable = max(0, first[0] + len(profile_kw) - device.latest_end_slot) if len(first) else 0
        weight = 1.0 + LATE_SLOT_WEIGHT * unavoidable
        site.model.entries(once, site.model.columns(1, rank=Rank.WISH, weight=weight), 1.0)
    start, offset = np.divmod(np.arange(len(first) * len(profile_kw)), max(1, len(profile_kw)))
    inside = first[start] + offset < site.slots
    start, offset = start[inside], offset[inside]
    site.draw(Flow(columns=columns[start], slots=first[start] + offset, kw_per_unit=profile_kw[offset]))
    return ProgrammePart(starts=Flow(columns=columns, slots=first), profile_kw=profile_kw)


def _start_slots(slots: int, device: Appliance, length: int, late: bool) -> Ints:
    if device.running_since_slots > 0:
        return np.zeros(1, np.int64)
    end = slots if late else min(slots, device.latest_end_slot)
    return np.arange(device.earliest_slot, max(device.earliest_slot, end - length + 1))


def _start_columns(site: SiteRows, device: Appliance, first: Ints, profile_kw: Floats) -> Ints:
    late_slots = np.maximum(0, first + len(profile_kw) - device.latest_end_slot)
    if device.running_since_slots > 0:
        late_slots = np.zeros(1)
    return site.model.columns(
        len(first),
        upper=1.0,
        cost=-device.value if device.optional else 0.0,
        tie=profile_kw.sum() * site.early[first],
        rank=Rank.WISH,
        weight=LATE_SLOT_WEIGHT * late_slots,
        integer=True,
    )


def _add_blocks(site: SiteRows, device: Appliance, late: bool) -> BlockPart:
    first = 0 if device.running_since_slots > 0 else device.earliest_slot
    end = site.slots if late else min(site.slots, device.latest_end_slot)
    slots = np.arange(first, max(first, end))
    tie = device.block_kw * site.early[slots]
    weight = np.where(slots >= device.latest_end_slot, LATE_SLOT_WEIGHT, 0.0)
    on = site.model.columns(len(slots), upper=1.0, tie=tie, rank=Rank.WISH, weight=weight, integer=True)
    flow = Flow(columns=on, slots=slots, kw_per_unit=np.full(len(slots), device.block_kw))
    site.draw(flow)
    whole = _add_amount(site, device, on)
    if device.min_run_slots > 1 or device.starts_max is not None:
        _add_runs(site, device, on)
    return BlockPart(on=flow, block_kw=device.block_kw, whole=whole)


def _add_amount(site: SiteRows, device: Appliance, on: Ints) -> Ints:
    """The decision of an optional appliance to run all slots or none; others run as many as can be."""
    model, left = site.model, float(device.slots_required - device.slots_done)
    target = 0.0 if device.optional else left
    rows = model.rows(1, lower=target, upper=target)
    model.entries(rows, on, 1.0)
    if device.optional:
        whole = model.binaries(1, cost=-device.value)
        model.entries(rows, whole, -left)
        return whole
    model.entries(rows, model.columns(1, rank=Rank.WISH, weight=1.0), 1.0)
    return on[:0]


def _add_runs(site: SiteRows, device: Appliance, on: Ints) -> None:
    """Every run has its least length and there are not more starts than allowed."""
    model, count, length = site.model, len(on), device.min_run_slots
    # the last slots leave no room for a whole run
    room = np.where(np.arange(count) + length <= count, 1.0, 0.0)
    started = model.columns(count, upper=room)
    was_on = np.zeros(count)
    if count:
        was_on[0] = float(device.running_since_slots > 0)
    rows = model.rows(count, upper=was_on)
    model.entries(rows, on, 1.0)
    model.entries(rows[1:], on[:-1], -1.0)
    model.entries(rows, started, -1.0)
    rows = model.rows(count, upper=0.0)
    model.entries(rows, on, -1.0)
    slot, back = np.divmod(np.arange(count * length), length)
    inside = slot >= back
    model.entries(rows[slot[inside]], started[(slot - back)[inside]], 1.0)
    if device.starts_max is not None:
        model.entries(model.rows(1, upper=float(device.starts_max)), started, 1.0)
    if device.running_since_slots > 0:
        held = min(count, max(0, length - device.running_since_slots))
        model.entries(model.rows(held, lower=1.0), on[:held], 1.0)
