"""Moves: where an appliance could run instead, as decisions that respect its window and its runs."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance
from hems.planning.model.appliance import BlockPart, ProgrammePart
from hems.planning.model.program import Part
from hems.planning.reasons.counterfactual import Change, held

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_TRIED = 4  # of the starts that look cheapest at the marginal prices


def moved_away(device: Appliance, part: Part, on: Bools, banned: tuple[int, int], price: Floats) -> Iterator[Change]:
    """Runs that keep out of the slots from `banned[0]` to before `banned[1]`; `price` (n,) is that of the plan."""
    first, end = banned
    match part:
        case ProgrammePart():
            length = len(part.profile_kw)
            clear = (part.starts.slots + length <= first) | (part.starts.slots >= end)
            yield from _starts(part, clear, price)
            if device.optional or not clear.any():
                yield held(part.starts.columns, 0.0)
        case BlockPart():
            left = on.copy()
            left[first:end] = False
            if device.optional:
                yield _blocks(part, np.zeros(len(on), bool))
            for start in _cheapest_free(part, left, end - first, price, banned=banned):
                yield _blocks(part, _with(left, start, end - first))
            yield from _in_pieces(device, part, left, banned, price)
        case _:
            pass


def moved_here(device: Appliance, part: Part, on: Bools, slot: int, price: Floats) -> Iterator[Change]:
    """Runs that begin in `slot`; nothing where that is not allowed."""
    match part:
        case ProgrammePart():
            yield from _starts(part, part.starts.slots == slot, price)
        case BlockPart():
            for first, end in _runs(on):
                length = end - first
                left = on.copy()
                left[first:end] = False
                if _fits(part, left, slot, length):
                    yield _blocks(part, _with(left, slot, length))
        case _:
            pass


def run_somewhere(device: Appliance, part: Part, price: Floats) -> Iterator[Change]:
    """The cheapest ways to run an appliance that the plan leaves out."""
    match part:
        case ProgrammePart():
            yield from _starts(part, np.ones(len(part.starts.slots), bool), price)
        case BlockPart():
            off, length = np.zeros(len(price), bool), device.slots_required - device.slots_done
            for start in _cheapest_free(part, off, length, price, banned=(0, 0)):
                yield _blocks(part, _with(off, start, length))
        case _:
            pass


def _starts(part: ProgrammePart, allowed: Bools, price: Floats) -> Iterator[Change]:
    columns, slots = part.starts.columns, part.starts.slots
    cost = np.array([float(part.profile_kw[: len(price) - s] @ price[s : s + len(part.profile_kw)]) for s in slots])
    for i in np.argsort(np.where(allowed, cost, np.inf), kind="stable")[: min(_TRIED, int(allowed.sum()))]:
        yield held(columns, (np.arange(len(columns)) == i).astype(float))


def _cheapest_free(part: BlockPart, on: Bools, length: int, price: Floats, *, banned: tuple[int, int]) -> list[int]:
    """Starts of `length` free slots that look cheapest."""
    fits = [
        start
        for start in part.on.slots.tolist()
        if _fits(part, on, start, length) and (start + length <= banned[0] or start >= banned[1])
    ]
    return sorted(fits, key=lambda start: float(price[start : start + length].sum()))[:_TRIED]


def _in_pieces(
    device: Appliance, part: BlockPart, left: Bools, banned: tuple[int, int], price: Floats
) -> Iterator[Change]:
    """The run cut into the shortest ones allowed, each where it looks cheapest; nothing when they find no room."""
    missing, least, made = banned[1] - banned[0], device.min_run_slots, left
    while missing > 0:
        length = least if missing >= 2 * least else missing
        starts = _cheapest_free(part, made, length, price, banned=banned)
        if not starts:
            return
        made, missing = _with(made, starts[0], length), missing - length
    yield _blocks(part, made)


def _fits(part: BlockPart, on: Bools, start: int, length: int) -> bool:
    window = part.on.slots
    inside = len(window) > 0 and window[0] <= start and start + length <= window[-1] + 1
    return inside and not on[start : start + length].any()


def _with(on: Bools, start: int, length: int) -> Bools:
    made = on.copy()
    made[start : start + length] = True
    return made


def _blocks(part: BlockPart, on: Bools) -> Change:
    return held(part.on.columns, on[part.on.slots].astype(float)) + held(part.whole, float(on.any()))


def _runs(on: Bools) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(int)))
    yield from list(pairwise(edges.tolist()))[::2]
