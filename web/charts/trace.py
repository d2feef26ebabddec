"""SVG path data of series; x counts slots from 0, y is in pixels from the top, None and not-a-number leave a gap."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from web.charts.markup import coordinate

Row = Callable[[float], float]  # value -> px
Values = Sequence[float | None]


def steps(values: Values, row: Row) -> str:
    """A level per slot, joined by vertical strokes."""
    return "".join(f"M{first} {rows[0]}{_strokes(rows, first)}" for first, rows in _runs(values, row))


def filled_steps(values: Values, row: Row, base: float = 0.0) -> str:
    """The area between the levels and the value `base`."""
    floor = _y(row(base))
    return "".join(
        f"M{first} {floor}V{rows[0]}{_strokes(rows, first)}V{floor}Z" for first, rows in _runs(values, row)
    )


def band(low: Sequence[float], high: Sequence[float], row: Row) -> str:
    """The area between two gapless series of the same length, at least one slot."""
    tops, bottoms = [_y(row(v)) for v in high], [_y(row(v)) for v in low]
    back = "".join(f"V{y}H{start}" for start, _, y in reversed(_merged(bottoms, 0)))
    return f"M0 {tops[0]}{_strokes(tops, 0)}{back}Z"


def line(values: Values, row: Row, offset: float = 0.0) -> str:
    """Straight strokes between the values, the first one at x = `offset`."""
    return "".join(
        "M" + "L".join(f"{coordinate(first + k + offset)} {y}" for k, y in enumerate(rows))
        for first, rows in _runs(values, row)
    )


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """Straight strokes between points in picture coordinates."""
    return "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)


def _y(px: float) -> str:
    return coordinate(round(px, 1))


def _runs(values: Values, row: Row) -> list[tuple[int, list[str]]]:
    """Stretches without gaps: first slot and pixel rows."""
    drawn = [None if v is None or not math.isfinite(v) else _y(row(v)) for v in values]
    runs = []
    for is_gap, group in groupby(enumerate(drawn), key=lambda item: item[1] is None):
        inside = list(group)
        if not is_gap:
            runs.append((inside[0][0], [y for _, y in inside if y is not None]))
    return runs


def _merged(rows: Sequence[str], first: int) -> list[tuple[int, int, str]]:
    """Neighbouring slots of the same level: start, end, level."""
    merged = []
    start = first
    for y, group in groupby(rows):
        end = start + sum(1 for _ in group)
        merged.append((start, end, y))
        start = end
    return merged


def _strokes(rows: Sequence[str], first: int) -> str:
    """Strokes over the levels from x = `first` at the first level on."""
    return "".join(f"V{y}H{end}" for _, end, y in _merged(rows, first)).removeprefix(f"V{rows[0]}")
