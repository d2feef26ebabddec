"""Metered net energy of every meter over the last days, for baselines; a ring of whole Wh per meter."""

from array import array
from collections.abc import Collection, Mapping

DAYS = 11
DAY_S = 86_400
_UNKNOWN = -(2**31)


class LoadHistory:
    """Net energy [Wh, + import] by meter and slot. Days are counted in UTC; what is not known is None."""

    def __init__(self, width_s: int) -> None:
        self._width_s = width_s
        self._size = DAYS * DAY_S // width_s
        self._loads: dict[str, array[int]] = {}
        self._newest: dict[str, int] = {}

    def note(self, meter: str, slot_s: int, energy_wh: int) -> None:
        """Keeps what was metered in a slot."""
        ring = self._loads.setdefault(meter, array("i", [_UNKNOWN] * self._size))
        index, newest = slot_s // self._width_s, self._newest.get(meter, slot_s // self._width_s)
        for skipped in range(max(newest + 1, index - self._size), index):
            ring[skipped % self._size] = _UNKNOWN
        if index > newest - self._size:
            ring[index % self._size] = energy_wh
        self._newest[meter] = max(newest, index)

    def load_wh(self, meter: str, slot_s: int) -> int | None:
        """What was metered in a slot, None where it is not known (any more)."""
        index, newest = slot_s // self._width_s, self._newest.get(meter)
        if newest is None or not newest - self._size < index <= newest:
            return None
        value = self._loads[meter][index % self._size]
        return None if value == _UNKNOWN else value

    def kept(self) -> dict[str, tuple[int, list[int]]]:
        """What the history goes on from: by meter the number of its newest slot, and its ring."""
        return {meter: (self._newest[meter], list(ring)) for meter, ring in self._loads.items()}

    def go_on_from(self, kept: Mapping[str, tuple[int, list[int]]]) -> None:
        """Makes this empty history the one that `kept` was asked of."""
        self._newest = {meter: newest for meter, (newest, _) in kept.items()}
        self._loads = {meter: array("i", ring) for meter, (_, ring) in kept.items()}

    def days(self, meter: str, starts_s: Collection[int], without: Collection[int]) -> list[list[int]]:
        """The same slots on each of the ten days before, oldest first; only days that are known whole.

        A day with a slot of `without` (it was called then) says nothing of what the meter does by itself.
        """
        found = []
        for back in range(DAYS - 1, 0, -1):
            moments = [start_s - back * DAY_S for start_s in starts_s]
            loads = [self.load_wh(meter, moment) for moment in moments]
            known = [load for load in loads if load is not None]
            if len(known) == len(loads) and not set(moments) & set(without):
                found.append(known)
        return found
