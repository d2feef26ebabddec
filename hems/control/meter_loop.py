"""One step of the transactive meter's process: reports ended slots, resends what is unanswered."""

from dataclasses import dataclass

from hems.bidding.strategy import Strategy
from hems.control.transactive_meter import Frame, Registers, TransactiveMeter
from wire.slots import Slot, slot_at

RESEND_S = 30
LATEST_START_S = 5
BETWEEN_S_MAX = 15
FALLEN_TO_BELIEVE = 3


@dataclass(frozen=True, slots=True)
class Boundary:
    """The registers at the start of a slot, and whether they were read then or interpolated."""

    slot: Slot
    registers: Registers
    measured: bool


class MeterLoop:
    """Turns register readings into slot reports and strategies into orders. No I/O; every call gets the time."""

    def __init__(self, session: TransactiveMeter, slot_minutes: int, last: Boundary | None) -> None:
        self.session = session
        self.boundary = last
        self._minutes = slot_minutes
        self._resent_s = 0
        self._latest: Registers | None = None
        self._fallen = 0

    def next_wake_s(self, now_s: int) -> int:
        """The next slot boundary."""
        return slot_at(now_s, self._minutes).end_s

    def read(self, registers: Registers, *, is_estimated: bool = False) -> list[Frame]:
        """Takes a reading; returns the reports of all slots that have ended since the last boundary.

        Registers that fell are left alone: a glitch of the line. When they stay so they are another meter's, or a
        reset one's: a new chain starts and the slots between are left to the broker. `is_estimated`: the meter
        integrates power itself, so nothing of it is called measured.

        A boundary that nobody read (the process or the meter was away) is interpolated and marked as estimated: the
        total is still the difference of registers, so nothing is lost.
        """
        fell = self.boundary is not None and is_fallen(self.boundary.registers, registers)
        self._fallen = self._fallen + 1 if fell else 0
        if 0 < self._fallen < FALLEN_TO_BELIEVE:
            return []
        slot = slot_at(registers.at_s, self._minutes)
        last, self.boundary = self.boundary, self._boundary(slot, registers, is_estimated)
        self._latest = registers
        if fell:
            self._fallen = 0
            return []
        if last is None or last.slot >= slot:
            self.boundary = last if last is not None and last.slot == slot else self.boundary
            return []
        count = (slot.start_s - last.slot.start_s) // slot.duration_s
        reached = self.boundary.registers  # the end of one slot is the start of the next: reports telescope
        frames = []
        for i in range(count):
            start = interpolated(last.registers, reached, i, count)
            end = interpolated(last.registers, reached, i + 1, count)
            exact = last.measured and self.boundary.measured and count == 1
            frames.append(self.session.report(last.slot.shifted(i), start, end, measured=exact))
        return frames

    def _boundary(self, slot: Slot, registers: Registers, is_estimated: bool) -> Boundary:
        """The registers at a slot's start: read then, or on the line between two readings close around it."""
        before = self._latest
        late_s = registers.at_s - slot.start_s
        if late_s > LATEST_START_S and before is not None and _is_around(before, slot, registers):
            at_start = between(before, registers, slot.start_s)
            return Boundary(slot, at_start, not is_estimated)
        return Boundary(slot, registers, late_s <= LATEST_START_S and not is_estimated)

    def trade(self, strategy: Strategy, now_s: int) -> list[Frame]:
        """The frames of a strategy: the plan for the community, and the orders when there is something to trade."""
        order = self.session.order(strategy, now_s)
        later = self.session.later_orders(strategy, now_s)
        plan = self.session.plan_notice(strategy, now_s)
        return [plan, *later] if order is None else [plan, order, *later]

    def resend(self, now_s: int) -> list[Frame]:
        """What has not been answered for a while, at most once in 30 s."""
        if now_s - self._resent_s < RESEND_S:
            return []
        self._resent_s = now_s
        return self.session.unanswered()


def is_fallen(before: Registers, after: Registers) -> bool:
    """Whether a register went backwards, which no meter does."""
    return after.import_wh < before.import_wh or after.export_wh < before.export_wh


def _is_around(before: Registers, slot: Slot, after: Registers) -> bool:
    is_close = after.at_s - before.at_s <= BETWEEN_S_MAX
    return before.at_s < slot.start_s < after.at_s and is_close and not is_fallen(before, after)


def between(before: Registers, after: Registers, at_s: int) -> Registers:
    """Registers at a moment between two readings, whole Wh."""
    return interpolated(before, after, at_s - before.at_s, after.at_s - before.at_s)


def interpolated(start: Registers, end: Registers, part: int, parts: int) -> Registers:
    """Registers at `part` of `parts` equal steps between two readings, whole Wh."""
    return Registers(
        at_s=start.at_s + (end.at_s - start.at_s) * part // parts,
        import_wh=start.import_wh + (end.import_wh - start.import_wh) * part // parts,
        export_wh=start.export_wh + (end.export_wh - start.export_wh) * part // parts,
    )
