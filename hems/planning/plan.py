"""Plan: what every device does in every slot, what it costs and why."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Status = Literal["optimal", "feasible", "fallback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """Power [kW] (n,), state at the end of each slot (soc, temperature or level; NaN while away) and on/off flags."""

    power_kw: Floats
    state: Floats | None = None  # None: the kind has no state
    on: Bools | None = None  # None: the kind is not on or off


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A wish that had to be broken in a slot, and by how much."""

    device: str
    wish: str
    slot: int
    amount: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a device does what it does from slot `first` up to `end` (not included); `worth` in currency."""

    first: int
    end: int
    code: str
    text: str
    worth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan over n slots; arrays (n,). In a fallback `bound` and `gap` are None, nothing was proven."""

    status: Status
    objective: float
    bound: float | None
    gap: float | None
    grid_kw: Floats
    unserved_kw: Floats
    devices: dict[str, DevicePlan]
    marginal_price_per_kwh: Floats
    violations: tuple[Violation, ...] = ()
    wall_s: float = 0.0
    solve_s: float = 0.0
    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCurve:
    """Worth of net import in slot 0: `net_kw` (m,) ascending, `marginal_per_kwh` (m-1,) between them, falling."""

    net_kw: Floats
    marginal_per_kwh: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPlan:
    """What the devices do in slot 0 after its own load, generation or price became known."""

    grid_kw: float
    unserved_kw: float
    power_kw: dict[str, float]
    marginal_price_per_kwh: float
