"""What each meter has reported of its registers, in the order of the slots: neighbours, and the gaps between them."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """The registers at the two ends of a reported slot [Wh]; `starts_anew` when they are those of another meter."""

    slot_s: int
    import_from_wh: int
    import_to_wh: int
    export_from_wh: int
    export_to_wh: int
    starts_anew: bool = False


def between_wh(before: Row, after: Row) -> int | None:
    """The net energy [Wh, + import] between two reported slots; None where the registers do not tell it."""
    imported, exported = after.import_from_wh - before.import_to_wh, after.export_from_wh - before.export_to_wh
    if after.starts_anew or imported < 0 or exported < 0:
        return None
    return imported - exported


class MeterHistory:
    """The reported rows of every meter for `keep_s` seconds, and always the newest one before that."""

    def __init__(self, keep_s: int) -> None:
        self._keep_s = keep_s
        self._rows: dict[str, list[Row]] = {}

    def kept(self) -> dict[str, list[Row]]:
        """The rows of every meter, which the history goes on from."""
        return {meter: list(rows) for meter, rows in self._rows.items()}

    def go_on_from(self, kept: Mapping[str, list[Row]]) -> None:
        """Makes this empty history the one that `kept` was asked of."""
        self._rows = {meter: list(rows) for meter, rows in kept.items()}

    def put(self, meter: str, row: Row) -> None:
        """Keeps a row; one of the same slot is replaced."""
        rows = self._rows.setdefault(meter, [])
        place = bisect_left(rows, row.slot_s, key=lambda r: r.slot_s)
        if place < len(rows) and rows[place].slot_s == row.slot_s:
            rows[place] = row
        else:
            rows.insert(place, row)
        old = bisect_left(rows, rows[-1].slot_s - self._keep_s, key=lambda r: r.slot_s)
        del rows[: max(old - 1, 0)]

    def row(self, meter: str, slot_s: int) -> Row | None:
        """What a meter reported for a slot."""
        rows = self._rows.get(meter, [])
        place = bisect_left(rows, slot_s, key=lambda r: r.slot_s)
        return rows[place] if place < len(rows) and rows[place].slot_s == slot_s else None

    def neighbours(self, meter: str, slot_s: int) -> tuple[Row | None, Row | None]:
        """The rows next to a slot: the last one before it and the first one after it."""
        rows = self._rows.get(meter, [])
        place = bisect_left(rows, slot_s, key=lambda r: r.slot_s)
        after = place + 1 if place < len(rows) and rows[place].slot_s == slot_s else place
        return rows[place - 1] if place else None, rows[after] if after < len(rows) else None
