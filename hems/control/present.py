"""The present plan of a home as those see it who trade in the stages beside the auctions of simple orders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.problem import Problem
from wire.slots import Slot

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The newest problem from `slot` on, and how far the net power of each slot may come out otherwise [kW] (n,)."""

    slot: Slot
    problem: Problem
    spread_kw: Floats
    time_limit_s: float

    @property
    def slot_h(self) -> float:
        """Slot length [h]."""
        return self.problem.slot_h

    def planned_wh(self, grid_kw: Floats) -> dict[int, int]:
        """Net energy of a plan from `slot` on by slot start [Wh]."""
        energies = np.rint(grid_kw * self.slot_h * 1000.0).astype(int).tolist()
        return {self.slot.shifted(k).start_s: energy_wh for k, energy_wh in enumerate(energies)}
