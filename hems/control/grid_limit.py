"""What the network operator lets the connection carry, and what holds while nothing is heard of it.

A signal tells a limit for each direction, or none, and is a heartbeat at the same time. After `heartbeat_s` without
one the failsafe limit holds until the next signal, or for `failsafe_s`; from then on the connection is the home's own
again. A home that has not heard anything yet begins with the failsafe limit. After a restart the last signal holds
for one heartbeat. A source without heartbeats, as a wire, keeps what it said last.

Source: EEBUS, Limitation of Power Consumption 1.0.0 and Limitation of Power Production 1.0.0 (states, heartbeat and
failsafe); German energy industry act, section 14a (4.2 kW).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hems.dispatch.guard import Limits
from hems.planning.problem import Problem
from hems.site.home import Home
from wire.slots import Slot

Floats = NDArray[np.float64]
NO_SIGNAL = "no signal"  # how the record of a lost signal begins
LASTS_S = 7200  # what a plan expects of a limit whose end nobody has told


class GridState(StrEnum):
    """How the connection stands with the network operator."""

    FREE = "free"
    LIMITED = "limited"
    FAILSAFE = "failsafe"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRule:
    """What holds without news: `heartbeat_s` None when the source sends none; limits [kW], None: no limit."""

    heartbeat_s: int | None = 120
    failsafe_import_kw: float | None = 4.2
    failsafe_export_kw: float | None = None
    failsafe_s: int = 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSignal:
    """What was heard at a moment [s since 1970]: limits [kW, >= 0] until `until_s`; None: no limit, no known end."""

    heard_s: int
    import_kw: float | None = None
    export_kw: float | None = None
    until_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What holds now; `until_s` is when it ends as far as it is known."""

    state: GridState = GridState.FREE
    import_kw: float | None = None
    export_kw: float | None = None
    until_s: int | None = None

    def limits(self, home: Home) -> Limits:
        """What the connection may carry now: the tightest of this and the home's own limits."""
        return Limits(
            import_kw=_tighter(home.import_limit_kw, self.import_kw),
            export_kw=_tighter(home.export_limit_kw, self.export_kw),
        )

    @property
    def told(self) -> str:
        """The limits for people: "4.2 kW from the grid and nothing to the grid"."""
        parts = ((self.import_kw, "from the grid"), (self.export_kw, "to the grid"))
        return " and ".join(f"{f'{kw:g} kW' if kw else 'nothing'} {where}" for kw, where in parts if kw is not None)

    @property
    def words(self) -> str:
        """What a reason of a command adds; empty while nothing is limited."""
        return f" The network operator allows {self.told}." if self.told else ""

    def planned(self, problem: Problem, slot: Slot) -> Problem:
        """The problem from `slot` on with this limit in every slot in which it still holds at the start."""
        if self.state is GridState.FREE:
            return problem
        until_s = slot.start_s + LASTS_S if self.until_s is None else self.until_s
        starts_s = slot.start_s + slot.duration_s * np.arange(problem.slots)
        return replace(
            problem,
            import_limit_kw=_within(problem.import_limit_kw, self.import_kw, starts_s < until_s),
            export_limit_kw=_within(problem.export_limit_kw, self.export_kw, starts_s < until_s),
        )


FREE = InForce()


class GridLimit:
    """The state of one connection; every call gets the time [s since 1970]."""

    def __init__(self, rule: GridRule, started_s: int, last: GridSignal | None = None) -> None:
        """A connection of which `last` was heard before the start; None: nothing was ever heard."""
        self.rule = rule
        self.last = None if last is None else replace(last, heard_s=started_s)
        self._quiet_s = started_s if rule.heartbeat_s is None else started_s - rule.heartbeat_s

    def hear(self, signal: GridSignal) -> None:
        """Takes what was just heard."""
        self.last = signal

    def clock_moved(self, by_s: int) -> None:
        """The clock was set [s]: what passes since the last signal is counted on as if it had not been."""
        self._quiet_s += by_s
        if self.last is not None:
            self.last = replace(self.last, heard_s=self.last.heard_s + by_s)

    def in_force(self, now_s: int) -> InForce:
        """What holds at a moment."""
        rule, last = self.rule, self.last
        lost_s, over_s = self._ends_s()
        if lost_s is not None and now_s >= lost_s:
            if over_s is None or now_s >= over_s:
                return FREE
            return InForce(
                state=GridState.FAILSAFE,
                import_kw=rule.failsafe_import_kw,
                export_kw=rule.failsafe_export_kw,
                until_s=over_s,
            )
        if last is None or (last.until_s is not None and now_s >= last.until_s):
            return FREE
        if last.import_kw is None and last.export_kw is None:
            return FREE
        return InForce(
            state=GridState.LIMITED, import_kw=last.import_kw, export_kw=last.export_kw, until_s=last.until_s
        )

    def next_change_s(self, now_s: int) -> int | None:
        """When something else may hold, without any news; None: never."""
        ends = (*self._ends_s(), None if self.last is None else self.last.until_s)
        return min((end for end in ends if end is not None and end > now_s), default=None)

    def _ends_s(self) -> tuple[int | None, int | None]:
        """When the signal counts as lost, and when the failsafe limit ends."""
        if self.rule.heartbeat_s is None:
            return None, None
        heard_s = self._quiet_s if self.last is None else self.last.heard_s
        lost_s = heard_s + self.rule.heartbeat_s
        return lost_s, lost_s + self.rule.failsafe_s


def _tighter(own_kw: float, told_kw: float | None) -> float:
    return own_kw if told_kw is None else min(own_kw, told_kw)


def _within(limits_kw: Floats, told_kw: float | None, holds: NDArray[np.bool_]) -> Floats:
    return limits_kw if told_kw is None else np.where(holds, np.minimum(limits_kw, told_kw), limits_kw)
