"""Future: one way in which load and generation may go on, and how much is feared of the dear ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Pv
from hems.planning.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """Base load [kW] (n,) and what is available per generator [kW] (n,); slot 0 is that of the problem."""

    probability: float
    base_kw: Floats
    available_kw: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Share of the cost that counts as conditional value at risk, the mean of the dearest `tail` of futures.

    Source: Rockafellar and Uryasev 2000, Journal of Risk 2(3), doi:10.21314/JOR.2000.038.
    """

    weight: float = 0.0
    tail: float = 0.2


NO_RISK = Risk()


def problem_of(problem: Problem, future: Future) -> Problem:
    """The problem as it is in a future; its slot 0 stays as it is known."""
    devices = tuple(
        replace(device, available_kw=_from_slot_1(device.available_kw, future.available_kw[device.id]))
        if isinstance(device, Pv) and device.id in future.available_kw
        else device
        for device in problem.devices
    )
    return replace(problem, base_kw=_from_slot_1(problem.base_kw, future.base_kw), devices=devices)


def _from_slot_1(known: Floats, later: Floats) -> Floats:
    made = np.maximum(later, 0.0)
    made[0] = known[0]
    return made
