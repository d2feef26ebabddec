"""Estimate: a number found from data, with what the data leave open."""

import math
from dataclasses import dataclass

Z_95 = 1.959964  # normal quantile of a two-sided 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`value` with its standard error and 95 % interval, all in `unit`."""

    value: float
    standard_error: float
    low: float
    high: float
    unit: str

    @property
    def ratio(self) -> float:
        """Upper over lower end of the interval of a positive quantity; infinite when it reaches 0."""
        return self.high / self.low if self.low > 0.0 else math.inf

    @property
    def is_distinct(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0.0 or self.high < 0.0


def linear_estimate(value: float, standard_error: float, unit: str, quantile: float = Z_95) -> Estimate:
    """The estimate of a quantity of any sign, interval symmetric around it."""
    reach = quantile * standard_error
    return Estimate(value=value, standard_error=standard_error, low=value - reach, high=value + reach, unit=unit)


def log_estimate(log_value: float, log_error: float, unit: str) -> Estimate:
    """The estimate of a positive quantity from its logarithm and that one's standard error."""
    reach = min(Z_95 * log_error, 300.0)  # beyond it nothing is known, and exp would overflow
    value = math.exp(log_value)
    return Estimate(
        value=value,
        standard_error=value * log_error,
        low=value * math.exp(-reach),
        high=value * math.exp(reach),
        unit=unit,
    )
