"""Frames and clock ticks between the MQTT client and the market, bounded in number and bytes, in order of arrival.

Policy when full: a newer plan takes the place of the same meter's queued one, else the oldest queued plan gives way
(plans bind nobody); without one the newcomer is refused. A meter may hold at most its share of the queue. Whoever
loses a message is told with `quota_exceeded`; nothing is dropped in silence.
"""

from collections import Counter, deque
from dataclasses import dataclass

from broker.control.service import Inbound
from broker.market.outcome import Rejected
from wire.messages import PlanNotice
from wire.reasons import Reason


@dataclass(frozen=True, slots=True)
class Tick:
    """The moment has come to do what time brings: virtual instant and time [s], both None on the system clock."""

    instant: int | None = None
    now_s: int | None = None


@dataclass(slots=True)
class _Place:
    """A place in the queue; empty once its plan gave way."""

    item: Inbound | Tick | None


class IntakeQueue:
    """The bounded queue. `refused` counts frames that found no room since the start."""

    def __init__(self, *, frames_max: int, bytes_max: int, frames_per_meter_max: int) -> None:
        self._frames_max = frames_max
        self._bytes_max = bytes_max
        self._per_meter_max = frames_per_meter_max
        self._places: deque[_Place] = deque()
        self._plans: dict[str, list[_Place]] = {}  # of each meter, oldest first
        self._per_meter: Counter[str] = Counter()
        self._bytes = 0
        self.refused = 0

    def __len__(self) -> int:
        return self._per_meter.total()

    def offer(self, item: Inbound) -> list[tuple[Inbound, Rejected]]:
        """Queues a frame; returns the frames that lost their place or found none, each with the reason."""
        if self._per_meter[item.meter] >= self._per_meter_max:
            return [self._refuse(item, f"{self._per_meter_max} messages of this meter are waiting")]
        lost: list[tuple[Inbound, Rejected]] = []
        while self._is_full(item) and self._plans:
            is_newer = item.kind == PlanNotice.kind and item.meter in self._plans
            lost.append(self._drop_plan(item.meter if is_newer else next(iter(self._plans))))
        if self._is_full(item):
            return [*lost, self._refuse(item, "the broker's queue is full")]
        self._append(item)
        return lost

    def tick(self, tick: Tick) -> None:
        """Queues a clock tick behind what is waiting; ticks are never refused."""
        self._places.append(_Place(tick))

    def take(self, limit: int) -> list[Inbound] | Tick | None:
        """The next frames up to the next tick, at most `limit`; or the tick when it is first; None when empty."""
        batch: list[Inbound] = []
        while self._places and len(batch) < limit:
            item = self._places[0].item
            if isinstance(item, Tick):
                if batch:
                    break
                self._places.popleft()
                return item
            place = self._places.popleft()
            if isinstance(item, Inbound):
                batch.append(item)
                if item.kind == PlanNotice.kind:
                    self._untrack(item.meter)
                self._forget(place)
        return batch or None

    def take_tick(self) -> Tick | None:
        """The first tick, ahead of the frames before it; None when there is none."""
        for i, place in enumerate(self._places):
            if isinstance(place.item, Tick):
                del self._places[i]
                return place.item
        return None

    def _is_full(self, item: Inbound) -> bool:
        return len(self) >= self._frames_max or self._bytes + len(item.frame) > self._bytes_max

    def _append(self, item: Inbound) -> None:
        place = _Place(item)
        self._places.append(place)
        self._per_meter[item.meter] += 1
        self._bytes += len(item.frame)
        if item.kind == PlanNotice.kind:
            self._plans.setdefault(item.meter, []).append(place)

    def _forget(self, place: _Place) -> None:
        if isinstance(place.item, Inbound):
            self._bytes -= len(place.item.frame)
            self._per_meter[place.item.meter] -= 1
            if not self._per_meter[place.item.meter]:
                del self._per_meter[place.item.meter]
        place.item = None

    def _untrack(self, meter: str) -> _Place:
        """The place of a meter's oldest queued plan, which leaves the queue."""
        place = self._plans[meter].pop(0)
        if not self._plans[meter]:
            del self._plans[meter]
        return place

    def _drop_plan(self, meter: str) -> tuple[Inbound, Rejected]:
        place = self._untrack(meter)
        item = place.item
        assert isinstance(item, Inbound)
        self._forget(place)
        return self._refuse(item, "the broker's queue is full, plans give way first")

    def _refuse(self, item: Inbound, detail: str) -> tuple[Inbound, Rejected]:
        self.refused += 1
        return item, Rejected(Reason.QUOTA_EXCEEDED, detail)
