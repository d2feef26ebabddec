"""Running checks side by side, each within its time limit; one that breaks is a finding, never a stack trace."""

import threading
import time
from collections.abc import Sequence

from doctor.check import Check, Result
from doctor.finding import Finding, fail, skipped

REPORT_IT = "run it again; when it happens twice, send the archive of --bundle to the makers"


class _Look(threading.Thread):
    """One check in a thread of its own, which nobody has to wait for."""

    def __init__(self, check: Check) -> None:
        super().__init__(daemon=True, name=f"check {check.name}")
        self.check = check
        self.finding: Finding | None = None

    def run(self) -> None:
        """Looks, and keeps what was found."""
        try:
            self.finding = self.check.look()
        except PermissionError as error:
            self.finding = skipped("may not be read by this user: see 'state directory'", str(error.filename or ""))
        except Exception as error:  # a check must never take the others down
            self.finding = fail(f"the check itself broke: {type(error).__name__}: {error}", remedy=REPORT_IT)


def results(checks: Sequence[Check]) -> list[Result]:
    """What all checks found, in their order. They look side by side: together they take as long as the slowest."""
    looks = [_Look(check) for check in checks]
    started_s = time.monotonic()
    for look in looks:
        look.start()
    for look in looks:
        look.join(max(0.0, started_s + look.check.limit_s - time.monotonic()))
    return [Result(look.check, look.finding or _too_slow(look.check)) for look in looks]


def _too_slow(check: Check) -> Finding:
    return fail(
        f"no answer within {check.limit_s:g} s",
        remedy="look at what it asks (disk, server, meter): it hangs or is overloaded; then run this again",
    )
