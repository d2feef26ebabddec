"""A member with a clock of its own: what it does while that is wrong, as its process would (`hems.app.meter`).

A clock goes wrong when the member's computer starts again without the time, and is set right later. Until a message
of the market tells, the member acts by what its clock shows, so on wrong slots; from then on it neither trades nor
reports until a message tells that its clock agrees again.
"""

from dataclasses import dataclass

from hems.control.market_clock import SETTLED_S, MarketClock
from hems.control.transactive_meter import Frame, TransactiveMeter
from proofs.drawn_day import START_S, DrawnDay, WrongClock
from wire.slots import Slot, slot_at


@dataclass(slots=True)
class Member:
    """A meter's session and its clock; `wrong` is when it is off, None on a day on which it is right."""

    meter: TransactiveMeter
    minutes: int
    wrong: WrongClock | None = None
    is_off: bool = False
    noticed: bool = False

    def __post_init__(self) -> None:
        self._start(START_S - SETTLED_S)

    @property
    def may_act(self) -> bool:
        """Whether it trades and reports: no while it knows that its clock is off."""
        return self.meter.clock is None or self.meter.clock.off_s is None

    def own_s(self, now_s: int) -> int:
        """What its clock shows."""
        return now_s + (self.wrong.off_s if self.wrong is not None and self.wrong.is_off(now_s) else 0)

    def own_slot(self, slot: Slot, now_s: int) -> Slot:
        """Which slot it takes a slot of the market for."""
        return slot_at(slot.start_s + self.own_s(now_s) - now_s, self.minutes)

    def to_send(self, now_s: int) -> list[Frame]:
        """What it asks when its computer came back, what messages asked for, and all that is unanswered."""
        again = self.meter.unanswered() if self.may_act else []
        return [*self._came_back(now_s), *self.meter.to_send(), *again]

    def _came_back(self, now_s: int) -> list[Frame]:
        """What its computer asks when it starts with a clock that is off; nothing at any other moment."""
        was_off, self.is_off = self.is_off, self.own_s(now_s) != now_s
        if not self.is_off or was_off:
            return []
        own_s = self.own_s(now_s)
        self._start(own_s)
        return [self.meter.hello(own_s), self.meter.asked(slot_at(own_s, self.minutes).shifted(-1))]

    def receive(self, frame: Frame, now_s: int) -> None:
        """Takes a message of the broker, by its own clock."""
        self.meter.receive(frame.kind, frame.data, self.own_s(now_s), now_s)
        self.noticed = self.noticed or (self.is_off and not self.may_act)

    def _start(self, own_s: int) -> None:
        self.meter.clock = MarketClock(60 * self.minutes)
        self.meter.clock.connected(own_s)


def wrong_clock_of(day: DrawnDay, meter: str) -> WrongClock | None:
    """When the clock of a meter is off in a day."""
    return next((wrong for wrong in day.wrong_clocks if wrong.meter == meter), None)
