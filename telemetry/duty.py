"""When the points of one home or community are carried: at intervals, at a bounded rate, later after a failure."""

from telemetry.carrier import Carrier

BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 60.0


class Duty:
    """One carrier and its next time [s of a clock that never goes back]."""

    def __init__(self, carrier: Carrier, *, interval_s: float, points_per_s: float) -> None:
        self.carrier = carrier
        self.due_s = 0.0
        self.away: str | None = None
        self.idle = False
        self._interval_s = interval_s
        self._points_per_s = points_per_s
        self._backoff_s = BACKOFF_FIRST_S

    def do(self, now_s: float) -> None:
        """Carries what the next turn takes and says when the following one is due.

        Raises: CursorsFailed when what was carried cannot be remembered.
        """
        turn = self.carrier.turn()
        self.away, self.idle = turn.away, not turn.more
        if turn.away is not None:
            self.carrier.failed()
            self.due_s = now_s + self._backoff_s
            self._backoff_s = min(2 * self._backoff_s, BACKOFF_MAX_S)
            return
        self._backoff_s = BACKOFF_FIRST_S
        self.due_s = now_s + (turn.points / self._points_per_s if turn.more else self._interval_s)
