"""Which records of a batch count, and why the others do not."""

import numpy as np
from numpy.typing import NDArray

from wire.reasons import Reason

Bools = NDArray[np.bool_]


class Verdicts:
    """The reason of every record, None where it counts (or comes again); the first failed check names it.

    `good` marks what holds so far.
    """

    def __init__(self, count: int) -> None:
        self.reasons: list[Reason | None] = [None] * count
        self.good: Bools = np.ones(count, dtype=np.bool_)

    def refuse(self, where: Bools, reason: Reason) -> None:
        """Refuses the records that hold so far and are marked."""
        refused = where & self.good
        for i in np.flatnonzero(refused):
            self.reasons[i] = reason
        self.good = self.good & ~refused

    def part(self, rows: NDArray[np.int64]) -> "Verdicts":
        """The verdicts so far on some of the records."""
        chosen = Verdicts(len(rows))
        chosen.reasons = [self.reasons[row] for row in rows.tolist()]
        chosen.good = self.good[rows]
        return chosen

    def put(self, rows: NDArray[np.int64], chosen: "Verdicts") -> None:
        """Takes over the verdicts on some of the records."""
        self.good[rows] = chosen.good
        for row, reason in zip(rows.tolist(), chosen.reasons, strict=True):
            self.reasons[row] = reason
