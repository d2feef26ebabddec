"""What a verification has checked and found."""

from dataclasses import dataclass, field
from typing import Any

from wire.audit import Violation


@dataclass(slots=True)
class Report:
    """Counts of what was checked, and the violations.

    `unchecked` is what the archive did not allow to check; `changes` are revisions of a day's rules, which
    may be right, `own_rules` what they say of the member whose receipts the archive holds: people judge.
    """

    violations: list[Violation] = field(default_factory=list)
    rounds: int = 0
    orders: int = 0
    replies: int = 0
    blocks: int = 0
    checkpoints: int = 0
    leaves: int = 0
    awards: int = 0
    settlements: int = 0
    settled_slots: int = 0
    unchecked: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    own_rules: list[str] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """The report as a JSON value."""
        return {
            "honest": not self.violations,
            "violations": [{"check": v.check, "about": v.about, "detail": v.detail} for v in self.violations],
            "rounds": self.rounds,
            "orders": self.orders,
            "replies": self.replies,
            "blocks": self.blocks,
            "checkpoints": self.checkpoints,
            "leaves": self.leaves,
            "awards": self.awards,
            "settlements": self.settlements,
            "settled_slots": self.settled_slots,
            "unchecked": self.unchecked,
            "changes": self.changes,
            "own_rules": self.own_rules,
        }
