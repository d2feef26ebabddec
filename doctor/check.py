"""A check: a name, what it looks at, and the function that looks."""

from collections.abc import Callable
from dataclasses import dataclass

from doctor.finding import Finding

LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. `look` may block for at most `limit_s`; it changes nothing that counts."""

    name: str
    looks_at: str
    look: Callable[[], Finding]
    limit_s: float = LIMIT_S


@dataclass(frozen=True, slots=True)
class Result:
    """A check with what it found."""

    check: Check
    finding: Finding
