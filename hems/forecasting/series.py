"""Series and Forecast: what goes into a forecaster and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Kind = Literal["load", "pv"]
Source = Literal["boosted", "physical", "weather", "seasonal", "cold_start"]

DAY_S = 86_400
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
MEDIAN = QUANTILES.index(0.5)


class SeriesError(ValueError):
    """A series that cannot be forecast; the caller repairs its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Mean power per slot of one meter or device, oldest first, without holes in time.

    `values_kw` has shape (n,) [kW]; NaN marks a slot nobody measured. `start_epoch_s` is the start of the
    first slot [s since 1970 UTC].
    """

    start_epoch_s: int
    slot_s: int
    values_kw: FloatArray

    def __post_init__(self) -> None:
        if self.slot_s <= 0 or 3600 % self.slot_s != 0:
            raise SeriesError(f"slot_s={self.slot_s} does not divide an hour: use 300 .. 3600")
        if self.start_epoch_s % self.slot_s != 0:
            raise SeriesError(f"start {self.start_epoch_s} s is not a multiple of {self.slot_s} s: align it")
        if self.values_kw.ndim != 1 or bool(np.isinf(self.values_kw).any()):
            raise SeriesError("values_kw must be one-dimensional and finite (NaN for a missing slot)")

    @property
    def end_epoch_s(self) -> int:
        """End of the last slot [s since 1970 UTC]; what is known at this instant is the whole series."""
        return self.start_epoch_s + self.slot_s * len(self.values_kw)

    def until(self, epoch_s: int) -> Series:
        """The part of the series that is known at `epoch_s`: slots that ended by then."""
        known = max(0, min(len(self.values_kw), (epoch_s - self.start_epoch_s) // self.slot_s))
        return Series(start_epoch_s=self.start_epoch_s, slot_s=self.slot_s, values_kw=self.values_kw[:known])

    def since(self, epoch_s: int) -> Series:
        """The part of the series whose slots start at `epoch_s` (rounded down to a slot) or later."""
        cut = max(0, min(len(self.values_kw), (epoch_s - self.start_epoch_s) // self.slot_s))
        start = self.start_epoch_s + cut * self.slot_s
        return Series(start_epoch_s=start, slot_s=self.slot_s, values_kw=self.values_kw[cut:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Expected mean power per slot with its uncertainty, from `start_epoch_s` on.

    `mean_kw` (n,) is the expected value (use it for plans: costs add up over it), `quantiles` maps the levels
    of QUANTILES to (n,) [kW] (the 0.5 quantile has the smaller absolute error on skewed load), `spread_kw`
    (n,) is the standard deviation of the error [kW].
    """

    start_epoch_s: int
    slot_s: int
    mean_kw: FloatArray
    spread_kw: FloatArray
    quantiles: dict[float, FloatArray]
    source: Source

    def __post_init__(self) -> None:
        n = self.mean_kw.shape
        shapes = [self.spread_kw.shape, *(q.shape for q in self.quantiles.values())]
        assert all(shape == n for shape in shapes), "arrays of a forecast have one length"

    def window(self, start_epoch_s: int, n: int) -> Forecast:
        """The `n` slots from `start_epoch_s` of this forecast.

        Raises: SeriesError when the forecast does not cover them; ask for a longer one.
        """
        first = (start_epoch_s - self.start_epoch_s) // self.slot_s
        if first < 0 or first + n > len(self.mean_kw):
            raise SeriesError(f"forecast has slots 0..{len(self.mean_kw)}, not {first}..{first + n}")
        cut = slice(first, first + n)
        return Forecast(
            start_epoch_s=self.start_epoch_s + first * self.slot_s,
            slot_s=self.slot_s,
            mean_kw=self.mean_kw[cut],
            spread_kw=self.spread_kw[cut],
            quantiles={level: values[cut] for level, values in self.quantiles.items()},
            source=self.source,
        )


def no_power(like: Forecast) -> Forecast:
    """The forecast of a home without generation, on the slots of another forecast."""
    zero = np.zeros_like(like.mean_kw)
    return Forecast(
        start_epoch_s=like.start_epoch_s,
        slot_s=like.slot_s,
        mean_kw=zero,
        spread_kw=zero,
        quantiles=dict.fromkeys(QUANTILES, zero),
        source=like.source,
    )
