"""A link between meters and broker that loses, delays, repeats and reorders, as a seeded generator says."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How often a message is lost, held back for a later instant, or delivered twice (0..1)."""

    lost: float = 0.0
    late: float = 0.0
    twice: float = 0.0


@dataclass(slots=True)
class LossyLink(Generic[T]):
    """One direction. `carry` returns what arrives now; what is late arrives with a later call."""

    rng: random.Random
    trouble: Trouble
    _held: list[T] = field(default_factory=list)

    def carry(self, sent: Sequence[T]) -> list[T]:
        """The messages that arrive, in any order."""
        arriving, self._held = self._held, []
        for item in sent:
            if self.rng.random() < self.trouble.lost:
                continue
            if self.rng.random() < self.trouble.late:
                self._held.append(item)
            else:
                arriving.append(item)
            if self.rng.random() < self.trouble.twice:
                arriving.append(item)
        self.rng.shuffle(arriving)
        return arriving
