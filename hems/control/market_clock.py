"""The own clock against the market's, by what the broker has signed: where they differ nothing may be traded."""

from dataclasses import dataclass

from wire.messages import Conditions, Gate, Message
from wire.slots import parse_utc

FACT = "market_clock"  # in the store of the meter's process: how far the clock is off [s], null where it agrees
LIMIT_S = 120  # farther off, slots are cut and orders placed at wrong times
TOLERANCE_S = 60
GATE_LEAD_MAX_S = 600
SETTLED_S = 30  # after a connection: what had waited for it on the MQTT server has come by then


def off_by_conditions_s(conditions_s: int, now_s: float, slot_s: int) -> int | None:
    """About how far the own clock is ahead of (+) or behind (-) the market's [s]; None where it fits.

    `conditions_s` is the start of the slot that the newest conditions are for: the next one or two of the market.
    """
    until_s = conditions_s - now_s
    if -TOLERANCE_S <= until_s <= 2 * slot_s + GATE_LEAD_MAX_S + TOLERANCE_S:
        return None
    return round(slot_s - until_s)


@dataclass(slots=True)
class MarketClock:
    """How the own clock stands to that of one market with slots of `slot_s`; every call gets the own time."""

    slot_s: int
    off_s: int | None = None
    _is_by_gate: bool = False
    _connected_s: int = 0
    _is_settled: bool = False  # what had waited for the connection has come

    @property
    def is_proven(self) -> bool:
        """Whether a gate has shown that the clock agrees: only then may it speak against the operator."""
        return self._is_by_gate and self.off_s is None

    def connected(self, now_s: int) -> None:
        """A connection begins: what waited for it comes now, and is old."""
        self._connected_s, self._is_settled = now_s, False

    def hear(self, message: Message, now_s: int) -> None:
        """Takes a verified message of the broker: the moment of a gate tells exactly, conditions about."""
        self._is_settled = self._is_settled or abs(now_s - self._connected_s) >= SETTLED_S
        match message:
            case Gate() if self._is_settled:
                off_s = now_s - parse_utc(message.closed_at)
                self.off_s, self._is_by_gate = (off_s if abs(off_s) > LIMIT_S else None), True
            case Conditions():
                off_s_about = off_by_conditions_s(parse_utc(message.slot), now_s, self.slot_s)
                if off_s_about is None and not self._is_by_gate:
                    self.off_s = None
                elif off_s_about is not None and self.off_s is None:
                    self.off_s, self._is_by_gate = off_s_about, False
            case _:
                pass


def clock_words(off_s: int) -> str:
    """What is wrong with a clock that is ahead (+) or behind (-), as a part of a sentence."""
    far = f"{round(abs(off_s) / 60)} min"
    return f"this computer's clock is about {far} {'ahead of' if off_s > 0 else 'behind'} the market's"
