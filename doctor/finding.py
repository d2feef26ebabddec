"""What a check found: fine, worth a look, broken, or not looked at, always with what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result: what was seen, where, and the remedy ("" where nothing has to be done)."""

    verdict: Verdict
    what: str
    where: str = ""
    remedy: str = ""


def ok(what: str, where: str = "") -> Finding:
    """A finding that needs nothing."""
    return Finding(verdict=Verdict.OK, what=what, where=where)


def warn(what: str, *, remedy: str, where: str = "") -> Finding:
    """A finding that somebody should look at; the installation works."""
    return Finding(verdict=Verdict.WARN, what=what, where=where, remedy=remedy)


def fail(what: str, *, remedy: str, where: str = "") -> Finding:
    """A finding that keeps the installation from working as it should."""
    return Finding(verdict=Verdict.FAIL, what=what, where=where, remedy=remedy)


def skipped(why: str, where: str = "") -> Finding:
    """Nothing was looked at, and why."""
    return Finding(verdict=Verdict.SKIPPED, what=why, where=where)
