"""Value axes: round ticks that cover the data, and the pixel row of a value."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from web.charts.numerals import ENGLISH, Numerals

ROOM = 0.08  # share of the axis left free beyond the data
_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A linear axis from `low` to `high`; `ticks` rise evenly and lie within."""

    low: float
    high: float
    ticks: tuple[float, ...]
    length_px: float
    inset_px: float = 2.0  # so that a stroke on the edge is not cut
    numerals: Numerals = ENGLISH

    def px(self, value: float) -> float:
        """Distance from the top of a vertical axis [px]."""
        return self.inset_px + (1 - self.share(value)) * (self.length_px - 2 * self.inset_px)

    def share(self, value: float) -> float:
        """Position along the axis, 0 at `low` and 1 at `high`."""
        return (value - self.low) / (self.high - self.low)

    def labels(self) -> tuple[str, ...]:
        """The ticks as text, with the decimals that the step between them needs."""
        step = self.ticks[1] - self.ticks[0]
        decimals = next((d for d in range(7) if math.isclose(round(step, d), step, rel_tol=1e-9)), 6)
        return tuple(self.numerals.number(tick, decimals) for tick in self.ticks)


def round_ticks(low: float, high: float, intervals: int = 4) -> tuple[float, ...]:
    """Round numbers from at or below `low` to at or above `high`, at most `intervals` + 2 steps apart."""
    if high - low < 1e-9 * max(1.0, abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / intervals
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m for m in _ROUND_STEPS if m * magnitude >= raw * (1 - 1e-9)) * magnitude
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(k * step, 10) for k in range(first, last + 1))


def scale_over(
    values: Iterable[float | None],
    length_px: float,
    *,
    with_zero: bool = False,
    intervals: int = 4,
    numerals: Numerals = ENGLISH,
) -> Scale:
    """An axis over all finite values and a little more, over 0..1 when there is nothing but zeros."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if with_zero:
        finite.append(0.0)
    low, high = (min(finite), max(finite)) if any(finite) else (0.0, 1.0)
    ticks = round_ticks(low, high, intervals)
    room = ROOM * (ticks[-1] - ticks[0])
    bottom, top = max(ticks[0], low - room), min(ticks[-1], high + room)
    inside = tuple(tick for tick in ticks if bottom <= tick <= top)
    if len(inside) < 2:
        return Scale(low=ticks[0], high=ticks[-1], ticks=ticks, length_px=length_px, numerals=numerals)
    return Scale(low=bottom, high=top, ticks=inside, length_px=length_px, numerals=numerals)
