"""Award proofs: an award counts once the signed clearing of its round proves it."""

from dataclasses import dataclass, field
from typing import TypeVar

from wire import audit
from wire.commitments import RoundName, round_of
from wire.messages import Award, Clearing

UNPROVEN_KEPT = 100
CLEARINGS_KEPT = 100  # a day-ahead auction has one for each slot of a day
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proofs:
    """The newest clearings, and awards that came before theirs."""

    _clearings: dict[RoundName, Clearing] = field(default_factory=dict)
    _unproven: dict[RoundName, Award] = field(default_factory=dict)

    def keep(self, clearing: Clearing) -> None:
        """Remembers a verified clearing."""
        self._clearings[round_of(clearing)] = clearing
        _trim(self._clearings, CLEARINGS_KEPT)

    def holds(self, award: Award) -> bool:
        """Whether the award is proven; one that is not waits for its clearing."""
        if self._is_proven(award):
            return True
        self._unproven[round_of(award)] = award
        _trim(self._unproven, UNPROVEN_KEPT)
        return False

    def proven_by(self, clearing: Clearing) -> Award | None:
        """The award that waited for this clearing, when it is proven now."""
        waiting = self._unproven.pop(round_of(clearing), None)
        return waiting if waiting is not None and self._is_proven(waiting) else None

    def _is_proven(self, award: Award) -> bool:
        clearing = self._clearings.get(round_of(award))
        return clearing is not None and audit.award_is_proven(award, clearing)


def _trim(held: dict[RoundName, T], most: int) -> None:
    """Forgets the oldest entries."""
    while len(held) > most:
        del held[next(iter(held))]
