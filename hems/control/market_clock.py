"""The own clock against the market's, by what the broker has signed: where they differ nothing may be traded.

A gate is told when it closes, so it tells exactly: nothing comes from the future, and what comes late twice in a
row was not held up, on its way or in a process that stood still. A receipt says when the broker had a message, and
tells the same before the first gate; against a gate that agreed, which all members hear, it counts nothing. Two more
things are certain before the first gate, whenever they were said: nobody tells conditions of slots that are hours
away, so a clock that finds them is behind; and a slot that is still open to orders has not begun, so a clock for
which it is over is ahead. Old conditions prove nothing: a market may be down.

A clock that agreed with a gate and that nobody has set since (it has run as far as a steady one that cannot be set)
still agrees: what then comes from the future or too late is the market's doing or was held up, and a gate before its
time is for the auditor.
"""

from dataclasses import dataclass

from wire.messages import Calendar, Conditions, Gate, Message, Receipt, SlotState, StatusAnswer
from wire.slots import parse_utc

FACT = "market_clock"  # in the store of the meter's process: how far the clock is off [s], null where it agrees
LIMIT_S = 120  # farther off, slots are cut and orders placed at wrong times
TOLERANCE_S = 60
APART_S = 60  # what was told nearer than that may have been held up together
STEADY_S = 10  # as far as that the own clock may part from a steady one between two gates
SETTLED_S = 30  # after a connection: what had waited for it on the MQTT server has come by then


def off_by_conditions_s(conditions_s: int, now_s: float, slot_s: int, lead_s: int) -> int | None:
    """About how far the own clock is ahead of (+) or behind (-) the market's [s]; None where it fits.

    `conditions_s` is the start of the slot that the newest conditions are for: the next one or two of the market,
    told at the gate before, at most `lead_s` ahead.
    """
    until_s = conditions_s - now_s
    if -TOLERANCE_S <= until_s <= 2 * slot_s + lead_s + TOLERANCE_S:
        return None
    return round(slot_s - until_s)


def longest_lead_s(calendar: Calendar) -> int:
    """How long before a slot its gates close at most [s], of stages whose gates follow the slots."""
    return max((stage.gate_lead_s or 0 for stage in calendar.stages), default=0)


@dataclass(slots=True)
class MarketClock:
    """How the own clock stands to that of one market with slots of `slot_s`; every call gets the own time."""

    slot_s: int
    off_s: int | None = None
    _is_exact: bool = False  # by a gate, or by a receipt before the first one
    _connected_s: int = 0
    _is_settled: bool = False  # what had waited for the connection has come
    _lead_s: int | None = None
    _conditions_s: int | None = None
    _agreed: tuple[int, float] | None = None  # own and steady clock [s] at the newest gate that agreed
    _is_sure: bool = False  # the clock agreed with a gate, and was not set since
    _late: tuple[int, int] | None = None  # the newest gate or receipt that came late: its moment, how late [s]

    @property
    def is_proven(self) -> bool:
        """Whether a gate has shown that the clock agrees: only then may it speak against the operator."""
        return self._is_exact and self.off_s is None

    def connected(self, now_s: int) -> None:
        """A connection begins: what waited for it comes now, and is old."""
        self._connected_s, self._is_settled = now_s, False

    def hear(self, message: Message, now_s: int, steady_s: float | None = None) -> None:
        """Takes a verified message of the broker; `steady_s` is a clock that cannot be set, None without one."""
        self._is_sure = self._is_steady(now_s, steady_s)
        self._is_settled = self._is_settled or abs(now_s - self._connected_s) >= SETTLED_S
        match message:
            case Gate() if self._is_settled:
                self._judge_gate(parse_utc(message.closed_at), now_s, steady_s)
            case Receipt() if self._is_settled and not self.is_proven:
                self._judge_receipt(parse_utc(message.received_at), now_s)
            case Calendar():
                self._lead_s = longest_lead_s(message)
                self._judge_conditions(now_s)
            case Conditions():
                self._conditions_s = parse_utc(message.slot)
                self._judge_conditions(now_s)
            case StatusAnswer() if message.state is SlotState.GATE_OPEN:
                self._judge_open_slot(parse_utc(message.slot), now_s)
            case _:
                pass

    def _is_steady(self, now_s: int, steady_s: float | None) -> bool:
        """Whether the clock agreed with a gate and has run since as far as the steady one."""
        if not self.is_proven or self._agreed is None or steady_s is None:
            return False
        own_s, then_s = self._agreed
        return abs((now_s - own_s) - (steady_s - then_s)) <= STEADY_S

    def _judge_gate(self, closed_s: int, now_s: int, steady_s: float | None) -> None:
        off_s = now_s - closed_s
        if abs(off_s) <= LIMIT_S:
            self.off_s, self._is_exact = None, True
            self._agreed = None if steady_s is None else (now_s, steady_s)
        elif not self._is_sure and (off_s < 0 or self._is_late_again(closed_s, off_s)):
            self.off_s, self._is_exact = off_s, True

    def _judge_receipt(self, received_s: int, now_s: int) -> None:
        """A receipt that fits proves nothing: the gate decides."""
        off_s = now_s - received_s
        if off_s < -LIMIT_S or (off_s > LIMIT_S and self._is_late_again(received_s, off_s)):
            self.off_s, self._is_exact = off_s, True

    def _is_late_again(self, told_s: int, off_s: int) -> bool:
        """Whether it is known that the clock is ahead, or another gate or receipt came as late a while ago."""
        before, self._late = self._late, (told_s, off_s)
        if self.off_s is not None and self.off_s > 0:
            return True
        return before is not None and told_s - before[0] >= APART_S and abs(off_s - before[1]) <= TOLERANCE_S

    def _about_off_s(self, now_s: int) -> int | None:
        if self._conditions_s is None or self._lead_s is None:
            return None
        return off_by_conditions_s(self._conditions_s, now_s, self.slot_s, self._lead_s)

    def _judge_conditions(self, now_s: int) -> None:
        """Conditions of slots that are too far away: they were not told in the future."""
        off_s = self._about_off_s(now_s)
        if off_s is not None and off_s < 0 and self.off_s is None and not self._is_sure:
            self.off_s, self._is_exact = off_s, False
        elif off_s is None and self._lead_s is not None and not self._is_exact:
            self.off_s = None

    def _judge_open_slot(self, start_s: int, now_s: int) -> None:
        """A slot that is over by the own clock and open to orders by the market's."""
        over_s = now_s - start_s
        if over_s >= self.slot_s and self.off_s is None and not self._is_sure:
            self.off_s, self._is_exact = max(over_s, self._about_off_s(now_s) or 0), False


def far_words(off_s: int) -> str:
    """How far a clock is ahead (+) or behind (-), in words."""
    return f"about {round(abs(off_s) / 60)} min {'ahead of' if off_s > 0 else 'behind'} the market's"


def clock_words(off_s: int) -> str:
    """What is wrong with a clock that is ahead (+) or behind (-), as a part of a sentence."""
    return f"this computer's clock is {far_words(off_s)}"
