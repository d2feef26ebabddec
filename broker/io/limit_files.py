"""What the network carries, by time: CSV files of a network operator, read again when they change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.io.timed_limits import TIMES, Ends, TimedLimits, Watts, tightest, watts
from broker.network.slot_limits import PowerLimits, SlotLimits
from wire.slots import Slot

ENVELOPE_COLUMNS = (*TIMES, "meter", "export_limit_w", "import_limit_w")
LINE_COLUMNS = (*TIMES, "from", "to", "capacity_w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The members and lines that are known, with the limits that hold where a file says nothing."""

    meters: Collection[str]
    envelopes: Mapping[str, PowerLimits] = field(default_factory=dict)
    lines: Mapping[Ends, int] = field(default_factory=dict)


class LimitFiles:
    """The limits of slots. In a slot the tightest limit holds of those that hold in some part of it.

    Where no row covers a part the fixed limit holds there: a file that ends leaves the fixed limits. A file that has
    changed and cannot be used leaves what was known before in force and `error` set; one that names somebody who is
    no member yet is used, and says so.

    Raises: LimitFileError, OSError when a file cannot be used from the beginning.
    """

    def __init__(self, *, envelopes: Path | None, lines: Path | None, fixed: Fixed) -> None:
        self._fixed = fixed
        self._envelopes = TimedLimits(envelopes, ENVELOPE_COLUMNS, _envelope, self._unknown_member)
        self._lines = TimedLimits(lines, LINE_COLUMNS, _line, self._unknown_line)

    @property
    def error(self) -> str | None:
        """What is wrong with a file that has changed, None when nothing is."""
        return self._envelopes.error or self._lines.error

    def limits(self, slot: Slot) -> str:
        """The limits of a slot as the journal has them, "" where the fixed ones hold."""
        fixed = self._fixed
        envelopes = {
            meter: PowerLimits(*tightest(slot, spans, fixed.envelopes.get(meter, PowerLimits(None, None))))
            for meter, spans in self._envelopes.within(slot)
        }
        lines = {
            ends: capacity_w
            for ends, spans in self._lines.within(slot)
            for capacity_w in tightest(slot, spans, (fixed.lines.get(ends),))
            if capacity_w is not None
        }
        return SlotLimits(envelopes, lines).text()

    def _unknown_member(self, meter: str) -> str | None:
        return None if meter in self._fixed.meters else f"{meter!r} is no member; correct the name or add the member"

    def _unknown_line(self, ends: Ends) -> str | None:
        if ends in self._fixed.lines:
            return None
        return f"no line goes from {ends[0]!r} to {ends[1]!r}; name its ends as in network.lines"


def _envelope(row: Mapping[str, str]) -> tuple[str, Watts]:
    return row["meter"], (watts(row, "export_limit_w"), watts(row, "import_limit_w"))


def _line(row: Mapping[str, str]) -> tuple[Ends, Watts]:
    capacity_w = watts(row, "capacity_w")
    if capacity_w is None:
        raise ValueError("capacity_w is empty; write whole watts")
    return (row["from"], row["to"]), (capacity_w,)
