"""What comes of a change: accepted with what was logged, or rejected with every reason."""

from dataclasses import dataclass
from typing import Any

from hems.control.household.settings import Who
from hems.site.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit log: who changed what, when [s since 1970], from what and to what (None: the TOML)."""

    at_s: int
    by: Who
    what: str
    device: str | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The changes hold and are stored; empty when everything was so already."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Nothing was changed; every reason, each with what to do."""

    reasons: tuple[Finding, ...]


Outcome = Accepted | Rejected
