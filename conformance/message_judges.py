"""Judges of single messages that hold for the broker and for meters alike: form, signature, content, size, units."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from conformance.assertion import BROKER, METER, Judge
from conformance.evidence import Evidence, Read
from conformance.verdict import Verdict, all_hold
from wire.codec import canonical, parse
from wire.signing import MAX_FRAME_BYTES
from wire.topics import BY_KIND, UNSIGNED

MISSING = "no such message was heard"
MOMENTS = (
    "slot", "day", "sent_at", "received_at", "closed_at", "first_slot", "gate", "answer_by", "seen_at", "expires_at"
)  # fmt: skip
Wrong = Callable[[Read, Evidence], str | None]


def every(run: Evidence, reads: Sequence[Read], wrong: Wrong, *, is_signed: bool | None = None) -> Verdict:
    """The verdict on messages, for each of which `wrong` says what is wrong."""
    judged = [read for read in reads if is_signed is None or BY_KIND[read.kind].signed is is_signed]
    found = [f"{read.topic}: {text}" for read in judged if (text := wrong(read, run)) is not None]
    return all_hold(found, len(judged), missing=MISSING)


def _of_broker(wrong: Wrong, *, is_signed: bool | None = None) -> Judge:
    return lambda run: every(run, run.told, wrong, is_signed=is_signed)


def _of_meter(wrong: Wrong, *, is_signed: bool | None = None) -> Judge:
    return lambda run: every(run, run.said, wrong, is_signed=is_signed)


def value_of(read: Read) -> Any:
    """The JSON value of a payload, None where it is none."""
    try:
        return json.loads(read.payload or b"")
    except (ValueError, RecursionError):
        return None


def _form(read: Read, run: Evidence) -> str | None:
    return read.form


def _signature(read: Read, run: Evidence) -> str | None:
    return read.signature


def _json(read: Read, run: Evidence) -> str | None:
    if read.payload is None:
        return None
    try:
        parse(read.payload)
    except ValueError as error:
        return str(error)
    return None


def _canonical(read: Read, run: Evidence) -> str | None:
    value = value_of(read)
    if value is None or canonical(value) == read.payload:
        return None
    return f"not the canonical bytes: {(read.payload or b'')[:60]!r}"


def _content(read: Read, run: Evidence) -> str | None:
    return read.content


def _version(read: Read, run: Evidence) -> str | None:
    return _differs(read, "v", 1)


def _community(read: Read, run: Evidence) -> str | None:
    return _differs(read, "community", run.community)


def _meter(read: Read, run: Evidence) -> str | None:
    return _differs(read, "meter", read.meter) if read.meter else None


def _differs(read: Read, field: str, expected: object) -> str | None:
    value = value_of(read)
    if not isinstance(value, dict) or value.get(field) == expected:
        return None
    return f"{field} is {value.get(field)!r}, not {expected!r}"


def _size(read: Read, run: Evidence) -> str | None:
    return f"{len(read.data)} bytes" if len(read.data) > MAX_FRAME_BYTES else None


def _times(read: Read, run: Evidence) -> str | None:
    value = value_of(read)
    for name in MOMENTS if isinstance(value, dict) else ():
        text = value.get(name)
        if isinstance(text, str) and not (len(text) == 20 and text[10] == "T" and text.endswith("Z")):
            return f"{name} is {text!r}"
    return None


def _unsigned(read: Read, run: Evidence) -> str | None:
    is_bare = read.data.startswith(b"{")
    if read.kind in UNSIGNED:
        return None if is_bare else "is not the bare payload"
    return "is not signed" if is_bare else None


def _money(read: Read, run: Evidence) -> str | None:
    return next((f"{name} is {v!r}" for name, v in _amounts(value_of(read)) if not _is_money(v)), None)


def _amounts(value: Any) -> list[tuple[str, Any]]:
    """Every field whose name ends with _nano, at any depth."""
    if isinstance(value, list):
        return [pair for item in value for pair in _amounts(item)]
    if not isinstance(value, dict):
        return []
    own = [(name, v) for name, v in value.items() if name.endswith("_nano") and v is not None]
    return own + [pair for v in value.values() for pair in _amounts(v)]


def _is_money(value: Any) -> bool:
    return isinstance(value, str) and value.removeprefix("-").isdigit() and str(int(value)) == value


BOTH: tuple[tuple[int, Wrong, bool | None], ...] = (
    (1, _form, True),
    (2, _signature, True),
    (3, _json, None),
    (5, _content, None),
    (6, _version, None),
    (7, _community, None),
    (8, _meter, None),
    (60, _size, None),
    (70, _times, None),
)
for _number, _wrong, _is_signed in BOTH:
    BROKER.add(_number, _of_broker(_wrong, is_signed=_is_signed))
    METER.add(_number, _of_meter(_wrong, is_signed=_is_signed))
BROKER.add(4, _of_broker(_canonical))
BROKER.add(9, _of_broker(_unsigned))
BROKER.add(72, _of_broker(_money))
