"""Changes of a home's load as the log hears of them: each once when it appears, and once when it has gone."""

import logging
from collections.abc import Iterable

from hems.forecasting.drift import Finding, FindingKind

LOG = logging.getLogger(__name__)
GONE: dict[FindingKind, str] = {
    "more_load": "no more energy a day than in the weeks before",
    "less_load": "no less energy a day than in the weeks before",
    "new_peak": "no longer higher than in the weeks before",
    "steady": "varies again",
    "gaps": "measured without long gaps again",
    "impossible": "no impossible readings any more",
}


class DriftWatch:
    """The findings that stand. Their numbers change from night to night, so one of a known kind is not told again."""

    def __init__(self) -> None:
        self.standing: frozenset[FindingKind] = frozenset()

    def update(self, findings: Iterable[Finding]) -> None:
        """Takes the findings of a night; the log hears what is new since the last one and what has gone."""
        found = {finding.kind: finding for finding in findings}
        for kind in sorted(found.keys() - self.standing):
            LOG.warning("load: %s: %s", kind, found[kind].message)
        for kind in sorted(self.standing - found.keys()):
            LOG.info("load: %s is over: %s", kind, GONE[kind])
        self.standing = frozenset(found)
