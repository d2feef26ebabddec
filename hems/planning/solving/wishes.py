"""Weights that make broken wishes dearer than any money, and totals of what is broken by rank."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Battery, Chp, Device, Ev, Lighting, Load, Pv, Tank, Zone
from hems.planning.dynamics import KWH_PER_LITRE_K
from hems.planning.model.arrays import Arrays, Rank
from hems.planning.problem import Problem

Floats = NDArray[np.float64]

RANKS = (Rank.SERVED, Rank.WISH, Rank.TAKE)
NOTHING = 1e-5  # a weighted total below this is rounding


def weights(problem: Problem) -> dict[Rank, float]:
    """Currency per unit of a broken wish, by rank.

    They need not be exact: when a wish stays broken the ranks are settled one after the other.
    """
    per_kwh = 30.0 * _dearest_kwh(problem)
    take = 3.0 * per_kwh
    wish = 3.0 * per_kwh * _kwh_per_kelvin(problem)
    return {Rank.SERVED: 10.0 * wish, Rank.WISH: wish, Rank.TAKE: take}


def weighted_cost(arrays: Arrays, by_rank: dict[Rank, float]) -> Floats:
    """Money, time preference and penalties of every column [currency per unit], shape (columns,)."""
    cost = arrays.cost + arrays.tie
    for rank, weight in by_rank.items():
        at = arrays.rank == rank
        cost[at] += weight * arrays.weight[at]
    return np.asarray(cost)


def totals(arrays: Arrays, x: Floats) -> dict[Rank, float]:
    """Weighted sum of what is broken, by rank."""
    return {rank: float((arrays.weight * x)[arrays.rank == rank].sum()) for rank in RANKS}


def _dearest_kwh(problem: Problem) -> float:
    tariff = problem.tariff
    if problem.exchange is None:
        seen = [np.abs(tariff.import_price_per_kwh).max(), np.abs(tariff.export_price_per_kwh).max()]
    else:
        seen = [np.abs(problem.exchange.prices_per_kwh).max()]
    adders = sum(t.adder_per_kwh for t in tariff.tiers) + float(tariff.co2_per_kwh(problem.slots).max())
    own = max((_dearest_of(device) for device in problem.devices), default=0.0)
    return float(max(seen)) + adders + tariff.demand_charge_per_kw / problem.slot_h + own + 0.01


def _dearest_of(device: Device) -> float:
    """The most that a kWh more or less can cost through what a device itself charges for."""
    match device:
        case Battery() | Ev():
            return device.wear_per_kwh + abs(device.final_value_per_kwh)
        case Load() | Lighting():
            return device.discomfort_per_kwh
        case Chp():
            return float(np.abs(device.fuel_price_per_kwh).max()) / device.electrical_efficiency
        case Zone() if device.discomfort_per_k_hour is not None:
            # a kWh of heat or cold warms by cop/C and decays with the time constant R*C
            return device.discomfort_per_k_hour * float(device.cop.max()) * device.thermal_resistance_k_per_kw
        case _:
            return 0.0


def settled_by_weights(problem: Problem) -> bool:
    """True when the weights alone order wishes before money: a kWh has a bounded price and there are no decisions."""
    return all(isinstance(device, Pv | Battery | Ev | Load | Lighting) for device in problem.devices)


def _kwh_per_kelvin(problem: Problem) -> float:
    """The most electricity that one kelvin takes in any heated or cooled thing [kWh/K], at least 1."""
    found = [1.0]
    for device in problem.devices:
        if isinstance(device, Zone) and device.discomfort_per_k_hour is None:
            found.append(device.thermal_capacity_kwh_per_k / float(device.cop.min()))
        if isinstance(device, Tank):
            found.append(device.volume_l * KWH_PER_LITRE_K / float(device.cop.min()))
    return max(found)
