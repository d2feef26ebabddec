"""Model space: load as its square root, generation as share of what the last days have shown possible.

Errors are nearly as wide at a large as at a small value there, so one error table serves all levels:
the square root evens out the bursts of appliances, the share of the envelope the course of the sun.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.forecasting.features import Past
from hems.forecasting.series import FloatArray, Kind

ENVELOPE_DAYS = 14
DARK_SHARE = 0.01  # of the largest generation seen; below it the sun is down
SCALE_FLOOR = 0.1  # of the largest generation seen; keeps shares near dawn and dusk tame


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """How power [kW] and model values of some slots map; `scale_kw` and `dark` are (n,)."""

    kind: Kind
    scale_kw: FloatArray
    dark: npt.NDArray[np.bool_]
    max_kw: float

    def to_model(self, power_kw: FloatArray) -> FloatArray:
        """Model values of powers, (n,); NaN stays NaN."""
        if self.kind == "load":
            return np.sqrt(np.maximum(power_kw, 0.0))
        return power_kw / self.scale_kw

    def to_power(self, z: FloatArray) -> FloatArray:
        """Power of model values, (n,) [kW]: never negative, generation at most the largest seen."""
        z = np.maximum(z, 0.0)
        if self.kind == "load":
            return z**2
        return self._bounded(z * self.scale_kw)

    def mean_power(self, z: FloatArray, error_mean: FloatArray, error_std: FloatArray) -> FloatArray:
        """Expected power when the model value is `z` plus an error of this mean and deviation, (n,) [kW]."""
        if self.kind == "load":
            return np.maximum(z + error_mean, 0.0) ** 2 + error_std**2
        return self._bounded((z + error_mean) * self.scale_kw)

    def spread_power(self, z: FloatArray, error_std: FloatArray) -> FloatArray:
        """Standard deviation of the power, (n,) [kW]; for the square of a normal value it is exact."""
        if self.kind == "load":
            return np.sqrt(4.0 * np.maximum(z, 0.0) ** 2 * error_std**2 + 2.0 * error_std**4)
        return np.where(self.dark, 0.0, error_std * self.scale_kw)

    def cut(self, window: slice) -> Space:
        """The space of a window of the slots."""
        return Space(kind=self.kind, scale_kw=self.scale_kw[window], dark=self.dark[window], max_kw=self.max_kw)

    def joined(self, later: list[Space]) -> Space:
        """The space of these slots and the ones that follow."""
        return Space(
            kind=self.kind,
            scale_kw=np.concatenate([self.scale_kw, *(space.scale_kw for space in later)]),
            dark=np.concatenate([self.dark, *(space.dark for space in later)]),
            max_kw=self.max_kw,
        )

    def _bounded(self, power_kw: FloatArray) -> FloatArray:
        return np.where(self.dark, 0.0, np.clip(power_kw, 0.0, self.max_kw))


def space_of(past: Past, kind: Kind, max_kw: float) -> Space:
    """The model space of the slots of `past`; a slot is dark when none of the days before saw generation."""
    n = len(past.cell)
    if kind == "load":
        return Space(kind=kind, scale_kw=np.ones(n), dark=np.zeros(n, dtype=bool), max_kw=max_kw)
    days = past.lags(np.arange(1, ENVELOPE_DAYS + 1))
    envelope_kw = np.fmax.reduce(np.where(np.isnan(days), 0.0, days))
    return Space(
        kind=kind,
        scale_kw=np.maximum(envelope_kw, max(SCALE_FLOOR * max_kw, 1e-6)),
        dark=envelope_kw <= DARK_SHARE * max_kw,
        max_kw=max_kw,
    )
