"""Groups: which on/off decisions belong to the same device."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance
from hems.planning.model.appliance import BlockPart, ProgrammePart
from hems.planning.model.arrays import Ints
from hems.planning.model.machine import ChpPart
from hems.planning.model.program import Program
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart
from hems.planning.problem import Problem

LEFT_OUT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Number of the device each on/off column belongs to, shape (integer columns,); 0 is the connection.

    Of the devices in `paired` a fixed number is on: one goes on only where another one goes off.
    """

    device: Ints
    paired: frozenset[int]

    def without(self, held: NDArray[np.bool_]) -> "Groups":
        """The groups with some decisions left out."""
        return replace(self, device=np.where(held, LEFT_OUT, self.device))


def decision_groups(problem: Problem, built: Program) -> Groups:
    """The groups of a program's decisions."""
    paired = set()
    group = np.zeros(built.arrays.columns, np.int64)
    by_id = {device.id: device for device in problem.devices}
    for number, (id_, part) in enumerate(built.parts.items(), start=1):
        device = by_id[id_]
        if isinstance(device, Appliance) and not device.optional:
            paired.add(number)
        match part:
            case StoragePart():
                group[part.choice.columns] = number
            case TakerPart(on=on) | ChpPart(on=on) if on is not None:
                group[on] = number
            case ProgrammePart():
                group[part.starts.columns] = number
            case BlockPart():
                group[part.on.columns] = number
            case _:
                pass
    return Groups(device=group[built.arrays.integer], paired=frozenset(paired))
