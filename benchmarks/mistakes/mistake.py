"""A mistake: what a user did wrong, the command it hits, and what the command has to say."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s+File \".*\", line \d+|Task exception was never|^\w+Error: ", re.M
)
BAD_INPUT = frozenset({1, 2})
MODULES = {
    "hems": "hems.cli",
    "community-broker": "broker.cli",
    "meter-sim": "meter_firmware_sim.cli",
    "twin": "twin.cli",
}
Prepare = Callable[[Path], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake. `prepare` makes its files in an empty folder and returns the words of the command, program first.

    Every pattern of `says` has to stand in what is printed: what is wrong, where, and what to do. `statuses` are the
    exit statuses that are right; a service that goes on (`serves`) is stopped once everything is said. `shift_s`
    moves the clock that the command sees, `file_bytes_max` bounds every file that it writes (a full disk).
    """

    name: str
    did: str
    prepare: Prepare
    says: tuple[str, ...]
    statuses: frozenset[int] = BAD_INPUT
    serves: bool = False
    shift_s: int | None = None
    file_bytes_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a mistake: its output, and what is wrong with how it was told ("" nothing)."""

    mistake: Mistake
    output: str
    problem: str

    @property
    def said(self) -> str:
        """The line that tells: the first that holds the first pattern."""
        pattern = re.compile(self.mistake.says[0])
        lines = [line.strip() for line in self.output.splitlines()]
        return next((line for line in lines if pattern.search(line)), lines[0] if lines else "")


def judged(mistake: Mistake, output: str, status: int | None) -> Outcome:
    """The outcome of a mistake; `status` is None for a service that was stopped."""
    problem = ""
    missing = [pattern for pattern in mistake.says if not re.search(pattern, output)]
    if TRACE.search(output):
        problem = "shows a stack trace"
    elif status is not None and status not in mistake.statuses:
        problem = f"ends with status {status}"
    elif mistake.serves and status is not None:
        problem = f"ended by itself with status {status}"
    elif missing:
        problem = f"does not say: {'; '.join(missing)}"
    return Outcome(mistake=mistake, output=output, problem=problem)
