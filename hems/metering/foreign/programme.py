"""How far the programme of an appliance is, seen from outside: a relay that is on, and for how long."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A programme of `duration_s`: running since when, and on which local day it was last done."""

    duration_s: int
    timezone: str
    running_w: float = 5.0
    running_since_s: int | None = None
    done_day: int | None = None

    def seen(self, *, is_on: bool, now_s: int) -> "Programme":
        """The programme after a look at the relay: done, and no longer running, once it has been on long enough."""
        if not is_on or self.is_done(now_s):
            return replace(self, running_since_s=None)
        since_s = now_s if self.running_since_s is None else self.running_since_s
        if now_s - since_s >= self.duration_s:
            return replace(self, running_since_s=None, done_day=self._day(now_s))
        return replace(self, running_since_s=since_s)

    def is_done(self, now_s: int) -> bool:
        """Whether the programme has run on this local day."""
        return self.done_day == self._day(now_s)

    def state(self) -> dict[str, int | None]:
        """What has to be kept over a restart."""
        return {"running_since_s": self.running_since_s, "done_day": self.done_day}

    def _day(self, now_s: int) -> int:
        return datetime.fromtimestamp(now_s, ZoneInfo(self.timezone)).toordinal()


def programme_from(fresh: Programme, kept: Any) -> Programme:
    """The programme as an earlier run left it; a state that does not fit is left alone."""
    if not isinstance(kept, dict):
        return fresh
    values = [kept.get(name) for name in ("running_since_s", "done_day")]
    if not all(v is None or (isinstance(v, int) and not isinstance(v, bool)) for v in values):
        return fresh
    return replace(fresh, running_since_s=values[0], done_day=values[1])
