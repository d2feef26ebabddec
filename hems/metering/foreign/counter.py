"""A counter that people can settle on: foreign registers or integrated power, never falling, never jumping.

What it shows starts at the device's own register and moves by its differences. A register that steps back, or jumps
beyond what the connection can carry, is not used. When it has counted on for a while from its new value (a meter was
replaced or reset), the counter goes on from there and the energy in between is not counted.
"""

import math
from dataclasses import dataclass

from hems.metering.foreign.flags import Flag, FlagCode

SLACK_WH = 200  # registers of 0.1 kWh step late, by as much at both ends
READINGS_TO_TRUST = 3


@dataclass(slots=True, kw_only=True)
class Counter:
    """One direction's energy. `limit_w` is what the connection can carry, with headroom.

    `total_wh` is what is shown [Wh], `raw_wh` the device's register when it was used last, at `at_s`.
    """

    about: str
    limit_w: float
    total_wh: float | None = None
    raw_wh: float | None = None
    at_s: float | None = None
    _doubted: list[tuple[float, float]] | None = None

    def state(self) -> list[float | None]:
        """What has to be kept over a restart."""
        return [self.total_wh, self.raw_wh, self.at_s]

    def counted(self, raw_wh: float, at_s: float) -> Flag | None:
        """Takes a register of the device; returns the doubt about it, with which it is not used."""
        if self.raw_wh is None or self.at_s is None:
            self.total_wh = raw_wh if self.total_wh is None else self.total_wh
            self.raw_wh, self.at_s = raw_wh, at_s
            return None
        if at_s < self.at_s:
            return None
        doubt = self._doubt(self.raw_wh, self.at_s, raw_wh, at_s)
        if doubt is None:
            self.total_wh = (self.total_wh or 0.0) + (
                raw_wh - self.raw_wh
            )  # in this order it never falls by rounding
            self.raw_wh, self.at_s, self._doubted = raw_wh, at_s, None
            return None
        return self._doubtful(doubt, raw_wh, at_s)

    def moved(self, wh: float, at_s: float) -> None:
        """Adds energy that was told as a difference or integrated."""
        self.total_wh = (self.total_wh or 0.0) + wh
        self.at_s = at_s

    def _doubt(self, before_wh: float, before_s: float, raw_wh: float, at_s: float) -> Flag | None:
        if raw_wh < before_wh:
            detail = f"fell from {before_wh:.0f} to {raw_wh:.0f} Wh"
            return Flag(code=FlagCode.STEPPED_BACK, about=self.about, detail=detail)
        possible_wh = self.limit_w * (at_s - before_s) / 3600.0 + SLACK_WH
        if raw_wh - before_wh > possible_wh:
            detail = f"rose by {raw_wh - before_wh:.0f} Wh in {at_s - before_s:.0f} s, possible are {possible_wh:.0f}"
            return Flag(code=FlagCode.JUMP, about=self.about, detail=detail)
        return None

    def _doubtful(self, doubt: Flag, raw_wh: float, at_s: float) -> Flag:
        """Keeps a doubted register; the counter goes on from it when it has counted on plausibly."""
        seen = self._doubted or []
        if seen and self._doubt(*seen[-1], raw_wh, at_s) is not None:
            seen = []
        if not seen or at_s > seen[-1][1]:
            seen = [*seen, (raw_wh, at_s)]
        self._doubted = seen
        if len(seen) < READINGS_TO_TRUST:
            return doubt
        self.raw_wh, self.at_s, self._doubted = raw_wh, at_s, None
        return Flag(code=FlagCode.NEW_COUNTER, about=self.about, detail=f"counts on from {raw_wh:.0f} Wh")


def restored(counter: Counter, kept: object) -> Counter:
    """The counter as an earlier run left it; a state that does not fit is left alone."""
    if isinstance(kept, list) and len(kept) == 3 and all(x is None or _is_number(x) for x in kept):
        counter.total_wh, counter.raw_wh, counter.at_s = kept
    return counter


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
