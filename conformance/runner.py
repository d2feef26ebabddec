"""The findings of a run: the verdict on every assertion of a registry."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from conformance.assertion import Assertion
from conformance.evidence import Evidence
from conformance.requirement import Requirement
from conformance.transcript import Transcript
from conformance.verdict import Broken, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one requirement."""

    requirement: Requirement
    verdict: Verdict


def judged(registry: Iterable[Assertion], transcript: Transcript, only: Collection[str] = ()) -> list[Finding]:
    """The findings on a transcript in the order of the numbers; `only` some numbers, all when empty."""
    run = Evidence(transcript)
    return [Finding(a.requirement, a.judged(run)) for a in registry if not only or a.id in only]


def broken(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that do not hold."""
    return [finding for finding in findings if isinstance(finding.verdict, Broken)]
