"""Patience with processes that have not answered: as long as they work or answer, the machine is slow, not stuck."""

from dataclasses import dataclass
from enum import Enum, auto

WORK_S = 0.5  # of processor time; in WINDOW_S an idle demo of ten homes uses a fifth of it (measured)
WINDOW_S = 15.0
IDLE_S_MAX = 90.0
ASKS_MAX = 5  # without an answer: who has answered works on a repeated instant, too
WORK_S_MAX = 1_800.0  # of processor time for one instant: somebody works in a circle


class Next(Enum):
    """What to do about an instant that is not answered by all."""

    WAIT = auto()
    ASK_AGAIN = auto()  # whoever lost its connection did not hear of the instant
    GIVE_UP = auto()


@dataclass(slots=True)
class Patience:
    """Judges the wait for one instant; times are [s] of a monotonic clock, `work_s` is processor time of all [s].

    Progress is an answer, or `WORK_S` of work within `WINDOW_S`. Where a system does not tell the work (None), only
    answers count.
    """

    begun_s: float
    begun_work_s: float | None
    _progress_s: float = 0.0
    _window: tuple[float, float | None] = (0.0, None)
    _asked_s: float = 0.0
    _asks: int = 0

    def __post_init__(self) -> None:
        self._progress_s = self._asked_s = self.begun_s
        self._window = (self.begun_s, self.begun_work_s)

    def answered(self, now_s: float) -> None:
        """One of them has answered."""
        self._progress_s, self._asks = now_s, 0

    def judged(self, now_s: float, work_s: float | None) -> Next:
        """What to do now."""
        self._look(now_s, work_s)
        if now_s - self._progress_s >= IDLE_S_MAX or self.worked_s(work_s) > WORK_S_MAX:
            return Next.GIVE_UP
        lost_s = now_s - max(self._progress_s, self._asked_s)
        is_due = lost_s >= WINDOW_S or now_s - self._asked_s >= IDLE_S_MAX  # others may work while one has lost it
        if is_due and self._asks < ASKS_MAX:
            self._asked_s, self._asks = now_s, self._asks + 1
            return Next.ASK_AGAIN
        return Next.WAIT

    def _look(self, now_s: float, work_s: float | None) -> None:
        since_s, before_s = self._window
        if work_s is not None and before_s is not None and work_s - before_s >= WORK_S:
            self._progress_s = now_s
        elif now_s - since_s < WINDOW_S:
            return
        self._window = (now_s, work_s)

    def reason(self, now_s: float, work_s: float | None) -> str:
        """Why nobody waits any longer, and what to do."""
        idle_s, look = now_s - self._progress_s, "their logs say more; start again, and report it"
        if idle_s < IDLE_S_MAX:
            return f"{self.worked_s(work_s):.0f} s of work on one instant, they turn in a circle; {look}"
        seen = "nobody answered" if work_s is None else "nobody answered or worked"
        return f"{seen} for {idle_s:.0f} s, though asked again; they hang, {look}"

    def worked_s(self, work_s: float | None) -> float:
        """Processor time since the instant was announced [s]; 0 where the system does not tell."""
        return 0.0 if work_s is None or self.begun_work_s is None else work_s - self.begun_work_s
