"""ZoneModel: resistance, capacity and gains of a room with one thermal node, fitted to measurements.

`T[k] = T[k-1] + dt*((T_out[k]-T[k-1])/R + gains[k] + heat[k])/C`, the planner's model, with process noise (what the
model does not know) and measurement noise.
Source: Madsen & Holst (1995), Energy and Buildings 22, 67-79; Bacher & Madsen (2011), Energy and Buildings 43,
1511-1522, doi 10.1016/j.enbuild.2011.02.005.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hems.identification.estimate import Estimate, linear_estimate, log_estimate
from hems.identification.innovations import innovations
from hems.identification.likelihood import Optimum, most_likely
from hems.identification.room_record import GAIN_UNITS, Floats, RoomRecord, Transitions, transitions

LAGS = 12
WHITE_BELOW = 32.9  # 99.9 % quantile of chi squared with 12 degrees of freedom


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneModel:
    """Parameters of a room with 95 % intervals; `heat_effect` is the coefficient of heat over its standard error.

    `gains` by name (`gain_kw` constant, and those of the record's drivers); `dropped` are drivers without a positive
    effect, left out. `one_step_rmse_k` [K] is that of the data it was fitted to. Innovations that are not white
    (`is_white`) mean that one node is too few for the room: the intervals are then the robust ones.
    """

    resistance_k_per_kw: Estimate
    capacity_kwh_per_k: Estimate
    time_constant_h: Estimate
    gains: Mapping[str, Estimate]
    dropped: tuple[str, ...]
    heat_effect: float
    one_step_rmse_k: float
    measurement_noise_k: float
    process_noise_k: float
    is_white: bool

    @property
    def step_gains_kw(self) -> dict[str, float]:
        """The best values of the gains by name."""
        return {name: estimate.value for name, estimate in self.gains.items()}


def fit_zone(record: RoomRecord) -> ZoneModel:
    """The most likely model of a record; a sun or people that seem to cool are left out and the rest fitted again."""
    dropped: tuple[str, ...] = tuple(name for name, values in record.drivers.items() if _is_constant(values))
    for name in dropped:
        record = record.without(name)
    while True:
        over = transitions(record)
        optimum = most_likely(over)
        heat = optimum.coefficients[0]
        negative = [n for n, c in zip(record.drivers, optimum.coefficients[2:], strict=True) if c * heat < 0.0]
        if not negative or heat <= 0.0:
            return _model(record, over, optimum, dropped)
        record, dropped = record.without(negative[0]), (*dropped, negative[0])


def _is_constant(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return len(known) == 0 or float(np.ptp(known)) < 1e-9


def _model(record: RoomRecord, over: Transitions, optimum: Optimum, dropped: tuple[str, ...]) -> ZoneModel:
    errors = standardised_innovations(optimum, over)
    is_white = portmanteau(errors) < WHITE_BELOW
    covariance = optimum.covariance if is_white else optimum.robust_covariance
    heat = float(optimum.coefficients[0])
    heat_error = float(np.sqrt(max(0.0, covariance[1, 1])))
    log_time, log_heat = float(np.log(optimum.time_constant_h)), float(np.log(abs(heat) or 1e-300))
    log_capacity = float(np.log(record.step_h)) - log_heat
    to_capacity = np.zeros(len(covariance))
    to_capacity[1] = -1.0 / heat
    to_resistance = -to_capacity
    to_resistance[0] = 1.0
    names = ["gain_kw", *record.drivers]
    return ZoneModel(
        resistance_k_per_kw=log_estimate(log_time - log_capacity, _error(to_resistance, covariance), "K/kW"),
        capacity_kwh_per_k=log_estimate(log_capacity, _error(to_capacity, covariance), "kWh/K"),
        time_constant_h=log_estimate(log_time, float(np.sqrt(max(0.0, covariance[0, 0]))), "h"),
        gains={name: _gain(name, place, optimum, covariance) for place, name in enumerate(names, start=1)},
        dropped=dropped,
        heat_effect=heat / heat_error if heat_error > 0.0 else 0.0,
        one_step_rmse_k=float(np.sqrt(np.mean(_plain_innovations(optimum, over) ** 2))),
        measurement_noise_k=float(np.sqrt(optimum.measurement_variance)),
        process_noise_k=float(np.sqrt(optimum.measurement_variance * optimum.noise_ratio)),
        is_white=is_white,
    )


def _gain(name: str, place: int, optimum: Optimum, covariance: Floats) -> Estimate:
    """The gain of one driver: its coefficient over that of heat."""
    heat, own = float(optimum.coefficients[0]), float(optimum.coefficients[place])
    slope = np.zeros(len(covariance))
    slope[1], slope[1 + place] = -own / heat**2, 1.0 / heat
    return linear_estimate(own / heat, _error(slope, covariance), GAIN_UNITS.get(name, "kW per unit"))


def _error(slope: Floats, covariance: Floats) -> float:
    return float(np.sqrt(max(0.0, float(slope @ covariance @ slope))))


def _weighed(optimum: Optimum, over: Transitions) -> tuple[Floats, Floats]:
    """(innovations [K], relative variances) of all steps that can be compared."""
    share = over.step_h / optimum.time_constant_h
    weights = np.concatenate([[1.0, -share], -optimum.coefficients])
    run = innovations(np.array([1.0 - share]), np.array([optimum.noise_ratio]), over)
    found = [(float(parts[0] @ weights), float(variance[0])) for _, parts, variance in run]
    values = np.array(found)
    return values[:, 0], values[:, 1]


def _plain_innovations(optimum: Optimum, over: Transitions) -> Floats:
    return _weighed(optimum, over)[0]


def standardised_innovations(optimum: Optimum, over: Transitions) -> Floats:
    """The one-step errors over their standard deviation, in order of time: white noise if the model holds."""
    errors, variances = _weighed(optimum, over)
    return np.asarray(errors / np.sqrt(variances * optimum.measurement_variance))


def portmanteau(errors: Floats) -> float:
    """Ljung and Box's sum of squared autocorrelations over 12 lags: chi squared of 12 degrees for white errors.

    Source: Ljung & Box (1978), Biometrika 65, 297-303.
    """
    n = len(errors)
    centred = errors - errors.mean()
    scale = float(centred @ centred)
    if scale <= 0.0 or n <= LAGS + 1:
        return 0.0
    lags = range(1, LAGS + 1)
    return n * (n + 2) * sum((float(centred[lag:] @ centred[:-lag]) / scale) ** 2 / (n - lag) for lag in lags)
