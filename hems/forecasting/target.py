"""Model space of load: its square root [kW^0.5].

Errors are nearly as wide at a large as at a small value there, so one error table serves all levels: the square
root evens out the bursts of appliances.
"""

from __future__ import annotations

import numpy as np

from hems.forecasting.series import FloatArray


def to_model(power_kw: FloatArray) -> FloatArray:
    """Model values of powers [kW], of the same shape; NaN stays NaN."""
    return np.asarray(np.sqrt(np.maximum(power_kw, 0.0)))


def to_power(z: FloatArray) -> FloatArray:
    """Power of model values [kW], of the same shape, never negative."""
    return np.asarray(np.maximum(z, 0.0) ** 2)


def mean_power(z: FloatArray, error_mean: FloatArray, error_std: FloatArray) -> FloatArray:
    """Expected power when the model value is `z` plus an error of this mean and deviation, (n,) [kW]."""
    return np.asarray(np.maximum(z + error_mean, 0.0) ** 2 + error_std**2)


def spread_power(z: FloatArray, error_std: FloatArray) -> FloatArray:
    """Standard deviation of the power, (n,) [kW]; exact for the square of a normal value."""
    return np.asarray(np.sqrt(4.0 * np.maximum(z, 0.0) ** 2 * error_std**2 + 2.0 * error_std**4))
