"""What was found about one numbered requirement."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """The requirement was put to the test and held, as often as `count` says."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class Broken:
    """The requirement does not hold: what was expected, what came instead."""

    detail: str


@dataclass(frozen=True, slots=True)
class NotJudged:
    """Nothing in the run could tell: what was missing."""

    why: str


Verdict = Held | Broken | NotJudged


def all_hold(findings: "list[str]", count: int, *, missing: str) -> Verdict:
    """The verdict on `count` occurrences: broken with the first finding, not judged when there was nothing."""
    if findings:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return Broken(findings[0] + more)
    return Held(count) if count else NotJudged(missing)
