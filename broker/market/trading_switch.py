"""Whether trading goes on: the operator's pauses, and what they do to orders and gates."""

from dataclasses import dataclass, field

from broker.market.outcome import Accepted, Admission, Rejected
from wire.messages import Trading
from wire.reasons import Reason
from wire.slots import parse_utc


@dataclass(slots=True)
class TradingSwitch:
    """The operator's changes, oldest first; a market without any is open."""

    changes: list[Trading] = field(default_factory=list)

    @property
    def newest(self) -> Trading | None:
        """The newest change, None before the first."""
        return self.changes[-1] if self.changes else None

    @property
    def is_paused(self) -> bool:
        """Whether trading is stopped now."""
        return self.newest is not None and self.newest.state == "paused"

    def was_paused(self, closed_s: int) -> bool:
        """Whether a gate that closed at a moment [s since 1970] closed on a paused market."""
        return paused_at(self.changes, closed_s)

    def unless_paused(self, outcome: Admission) -> Admission:
        """The outcome; while trading is stopped what is new is refused. What was taken before is still receipted."""
        if isinstance(outcome, Accepted) and not outcome.repeated and self.newest is not None and self.is_paused:
            return Rejected(Reason.NO_MARKET, f"paused by the operator: {self.newest.reason}"[:200])
        return outcome


def paused_at(changes: list[Trading], closed_s: int) -> bool:
    """Whether a gate that closed at a moment [s since 1970] closed on a paused market, by the changes in order.

    A change holds for gates that close after it, not in its own second: the order of things inside one is not public.
    """
    state = "open"
    for change in changes:
        if parse_utc(change.since) < closed_s:
            state = change.state
    return state == "paused"
