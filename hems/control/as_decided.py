"""The newest plan with its first slot as it was decided: by the load, the sun and the price that were known then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Pv
from hems.planning.plan import Plan, SlotPlan
from hems.planning.problem import Problem
from hems.planning.tariff import Exchange

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsDecided:
    """A problem and its plan, powers of slot 0 as they were decided: what a question about that slot is about."""

    problem: Problem
    plan: Plan


def as_decided(
    problem: Problem,
    plan: Plan,
    now: SlotPlan,
    *,
    base_kw: float,
    pv_available_kw: Mapping[str, float],
    exchange: Exchange | None,
) -> AsDecided:
    """The plan with slot 0 as decided; `exchange` (1, S) is the price curve of slot 0, None: as it was planned."""
    devices = {
        id_: replace(made, power_kw=_with_first(made.power_kw, now.power_kw.get(id_, float(made.power_kw[0]))))
        for id_, made in plan.devices.items()
    }
    return AsDecided(
        problem=replace(
            problem,
            base_kw=_with_first(problem.base_kw, base_kw),
            devices=tuple(
                replace(device, available_kw=_with_first(device.available_kw, pv_available_kw[device.id]))
                if isinstance(device, Pv) and device.id in pv_available_kw
                else device
                for device in problem.devices
            ),
            exchange=_with_first_prices(problem.exchange, exchange),
        ),
        plan=replace(plan, devices=devices, unserved_kw=_with_first(plan.unserved_kw, now.unserved_kw)),
    )


def _with_first(values: Floats, first: float) -> Floats:
    made = values.copy()
    made[0] = first
    return made


def _with_first_prices(planned: Exchange | None, first: Exchange | None) -> Exchange | None:
    if planned is None or first is None:
        return planned
    prices, breaks = planned.prices_per_kwh.copy(), planned.breakpoints_kw.copy()
    prices[0], breaks[0] = first.prices_per_kwh[0], first.breakpoints_kw[0]
    return Exchange(prices_per_kwh=prices, breakpoints_kw=breaks)
