"""What checks found, for people and for machines."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from doctor.check import Check, Result
from doctor.finding import Finding, Verdict

MARKS = {Verdict.OK: "ok  ", Verdict.WARN: "warn", Verdict.FAIL: "FAIL", Verdict.SKIPPED: "-   "}
HEALTHY, UNHEALTHY = 0, 1


def text(results: Sequence[Result]) -> str:
    """One line for each check, its remedy below it, and a sum at the end."""
    width = max((len(result.check.name) for result in results), default=0)
    lines: list[str] = []
    for result in results:
        found = result.finding
        lines.append(f"{MARKS[found.verdict]}  {result.check.name.ljust(width)}  {_said(found)}")
        if found.remedy:
            lines.append(f"      {' ' * width}  -> {found.remedy}")
    counts = Counter(result.finding.verdict for result in results)
    said = [f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]]
    return "\n".join([*lines, ", ".join(said)])


def document(results: Sequence[Result]) -> dict[str, Any]:
    """The same for machines."""
    counts = Counter(result.finding.verdict for result in results)
    return {
        "healthy": exit_status(results) == HEALTHY,
        "counts": {str(verdict): counts[verdict] for verdict in Verdict},
        "checks": [
            {
                "check": result.check.name,
                "verdict": str(result.finding.verdict),
                "what": result.finding.what,
                "where": result.finding.where,
                "remedy": result.finding.remedy,
            }
            for result in results
        ],
    }


def exit_status(results: Sequence[Result]) -> int:
    """0 when nothing failed (a warning is no failure), else 1."""
    return UNHEALTHY if any(result.finding.verdict is Verdict.FAIL for result in results) else HEALTHY


def catalogue(checks: Sequence[Check]) -> str:
    """The checks as a table of a document."""
    rows = [f"| {check.name} | {check.looks_at} |" for check in checks]
    return "\n".join(["| check | looks at |", "|---|---|", *rows])


def _said(found: Finding) -> str:
    return f"{found.where}: {found.what}" if found.where else found.what
