"""The one place of the broker that reads the machine's clock."""

import time

TRUSTED_FROM_S = 1_767_225_600


class ClockNotSet(Exception):
    """The machine's clock shows a time before this software existed: set it (NTP) and start again."""


def now_s() -> int:
    """The time [whole seconds since 1970].

    Raises: ClockNotSet when the clock was never set.
    """
    moment = int(time.time())
    if moment < TRUSTED_FROM_S:
        raise ClockNotSet("the system clock shows a time before 2026: set it or wait for NTP, then start again")
    return moment


def exact_s() -> float:
    """The time [s since 1970] with its fraction, for measuring only."""
    return time.time()
