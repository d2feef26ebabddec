"""Vendor models 64851 (interval buffer) and 64852 (event log): rings of fixed-size entries.

The header of both is ID, L, capacity, entries in use, words per entry, reserved; entries follow.
An entry keeps its place until it is overwritten, so a reader that needs several requests never sees
an entry move between them. A whole number of interval entries fits in one request (12 x 10 words).
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from wire.registers.transactive import (
    EVENT_WORDS,
    HISTORY_HEADER_WORDS,
    INTERVAL_WORDS,
    IntervalFlags,
    IntervalRecord,
)

INTERVALS_MODEL = 64851
EVENTS_MODEL = 64852
_INTERVAL = ">QIIHH"
_EVENT = ">IQHH"
_EMPTY = 0xFFFF


class EventCode(IntEnum):
    """What a meter writes into its event log."""

    POWER_UP = 1
    POWER_DOWN = 2
    CLOCK_SET = 3
    TAMPER_OPENED = 4
    TAMPER_CLOSED = 5
    FAULT_RAISED = 6
    FAULT_CLEARED = 7
    TERMS_WRITTEN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent:
    """One log entry: running number, time on the meter's clock, code and a code-specific detail."""

    number: int
    epoch_s: int
    code: int
    detail: int = 0


def encode_intervals(ring: Sequence[IntervalRecord | None]) -> list[int]:
    """Words of model 64851 for a ring of records; empty places read as not implemented."""
    used = sum(record is not None for record in ring)
    words = _header(INTERVALS_MODEL, len(ring), used, INTERVAL_WORDS)
    for record in ring:
        words += [_EMPTY] * INTERVAL_WORDS if record is None else _interval_words(record)
    return words


def decode_intervals(words: Sequence[int]) -> list[IntervalRecord]:
    """Records of model 64851 in order of their start."""
    records = []
    for entry in _entries(words, INTERVAL_WORDS):
        start, imported, exported, flags, _ = struct.unpack(_INTERVAL, _bytes(entry))
        records.append(
            IntervalRecord(start_epoch_s=start, import_wh=imported, export_wh=exported, flags=IntervalFlags(flags))
        )
    return sorted(records, key=lambda record: record.start_epoch_s)


def encode_events(events: Iterable[MeterEvent], capacity: int) -> list[int]:
    """Words of model 64852: the last `capacity` events, each at its number modulo the capacity."""
    ring: list[MeterEvent | None] = [None] * capacity
    for event in events:
        ring[event.number % capacity] = event
    words = _header(EVENTS_MODEL, capacity, sum(e is not None for e in ring), EVENT_WORDS)
    for entry in ring:
        words += [_EMPTY] * EVENT_WORDS if entry is None else _event_words(entry)
    return words


def decode_events(words: Sequence[int]) -> list[MeterEvent]:
    """Events of model 64852 by running number."""
    events = []
    for entry in _entries(words, EVENT_WORDS):
        number, epoch_s, code, detail = struct.unpack(_EVENT, _bytes(entry))
        events.append(MeterEvent(number=number, epoch_s=epoch_s, code=code, detail=detail))
    return sorted(events, key=lambda event: event.number)


def _header(model_id: int, capacity: int, used: int, entry_words: int) -> list[int]:
    length = HISTORY_HEADER_WORDS - 2 + capacity * entry_words
    return [model_id, length, capacity, used, entry_words, 0]


def _entries(words: Sequence[int], entry_words: int) -> Iterable[Sequence[int]]:
    for at in range(HISTORY_HEADER_WORDS, len(words) - entry_words + 1, entry_words):
        entry = words[at : at + entry_words]
        if any(word != _EMPTY for word in entry):
            yield entry


def _interval_words(record: IntervalRecord) -> list[int]:
    raw = struct.pack(_INTERVAL, record.start_epoch_s, record.import_wh, record.export_wh, int(record.flags), 0)
    return list(struct.unpack(f">{INTERVAL_WORDS}H", raw))


def _event_words(event: MeterEvent) -> list[int]:
    raw = struct.pack(_EVENT, event.number, event.epoch_s, event.code, event.detail)
    return list(struct.unpack(f">{EVENT_WORDS}H", raw))


def _bytes(words: Sequence[int]) -> bytes:
    return struct.pack(f">{len(words)}H", *words)
