"""The moment that inputs are stamped with."""

import logging
from collections.abc import Callable

from broker.io import system_clock

LOG = logging.getLogger(__name__)
CLOCK_BEHIND_S = 5


class BrokerTime:
    """The time of a market: the system's clock, or the instants of a driven one. It never goes back.

    `last_s` tells the newest moment in the journal [s since 1970].
    """

    def __init__(self, *, driven: bool, last_s: Callable[[], int]) -> None:
        self.is_driven = driven
        self._last_s = last_s
        self._virtual_s: int | None = None
        self._is_behind = False

    @property
    def virtual_s(self) -> int | None:
        """The newest instant of a driven clock [s since 1970]; None on the system's clock, and before the first."""
        return self._virtual_s

    def heard(self, instant_s: int) -> None:
        """An instant of a driven clock, or where a driven clock goes on."""
        self._virtual_s = max(instant_s, self._last_s())

    def now_s(self) -> int | None:
        """The moment [s since 1970]; None before a driven clock has announced one."""
        if self.is_driven:
            return self._virtual_s
        clock_s, last_s = system_clock.now_s(), self._last_s()
        is_behind = clock_s < last_s - CLOCK_BEHIND_S
        if is_behind and not self._is_behind:
            LOG.warning(
                "the system clock is %d s behind the journal: correct it, until then time stands", last_s - clock_s
            )
        self._is_behind = is_behind
        return max(clock_s, last_s)

    def stamped_s(self) -> float:
        """The moment at which something is sent, for measuring only."""
        return system_clock.exact_s() if self._virtual_s is None else self._virtual_s
