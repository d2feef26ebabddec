"""Writes lines so that one that the server can never take does not hold up the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from telemetry.server import Answer, Refused, Unavailable, Written

WRONG = "check that telemetry.url leads to InfluxDB itself, and that the bucket takes points"


class Writes(Protocol):
    """Where lines go."""

    def write(self, lines: Sequence[str]) -> Answer:
        """What became of lines."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Points that the server refused for good: how many, what it said, and one of the lines where it is known."""

    count: int
    why: str
    line: str = ""


def write_all(server: Writes, lines: Sequence[str], known_good: str) -> list[Refusal] | Unavailable:
    """Writes lines; returns what was refused for good, or why the server cannot be written to now.

    A group that is refused is halved until the bad lines stand alone. Before the first is given up, `known_good` is
    written: a server that refuses even that one is the wrong one or wrongly set up, and nothing is given up. Lines
    may be written more than once: a line names its point, writing it again changes nothing.
    """
    waiting, refused = [lines], list[Refusal]()
    is_sound = False
    while waiting:
        group = waiting.pop()
        match server.write(group):
            case Written(dropped=0):
                pass
            case Written(dropped=count, why=why):
                refused.append(Refusal(count, why))
            case Refused(why=why) if len(group) == 1 and not is_sound:
                if server.write([known_good]) != Written():
                    return Unavailable(f"it refuses every point: {why}; {WRONG}")
                is_sound = True
                refused.append(Refusal(1, why, group[0]))
            case Refused(why=why) if len(group) == 1:
                refused.append(Refusal(1, why, group[0]))
            case Refused():
                middle = len(group) // 2
                waiting += [group[middle:], group[:middle]]
            case Unavailable() as gone:
                return gone
    return refused
