"""What a meter would have drawn in a call: the ten days of ten before, or the slots just before it.

Slots in which the meter was called say nothing of what it does by itself and are left out
(`broker.contracts.baseline`).
"""

from collections.abc import Collection
from dataclasses import dataclass

from broker.contracts.baseline import before_and_after, high_x_of_y
from broker.market.agreements.load_history import LoadHistory
from wire.slots import Slot

BASELINE_DAYS = 10
SLOTS_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Baselines:
    """Baselines from the metered past of the members."""

    history: LoadHistory

    def baseline_wh(self, meter: str, window: tuple[Slot, ...], slot: Slot, called_s: Collection[int]) -> int | None:
        """The baseline of a slot of a call [Wh, + import], None where nothing is known to make one of.

        `window` are the slots of the call, `called_s` the starts of all slots in which the meter was called.
        """
        days = self.history.days(meter, [s.start_s for s in window], called_s)
        place = window.index(slot)
        if days:
            return high_x_of_y(days, range(len(window)), BASELINE_DAYS, BASELINE_DAYS)[place]
        before_s = [window[0].shifted(-k).start_s for k in range(1, SLOTS_BEFORE + 1)]
        loads = [self.history.load_wh(meter, start_s) for start_s in before_s if start_s not in called_s]
        known = [load for load in loads if load is not None]
        return before_and_after(known, [], len(window))[place] if known else None
