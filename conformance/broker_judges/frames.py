"""Frames, signatures, content, sizes and units of what a broker sends."""

import json
from collections.abc import Callable
from typing import Any

from conformance.assertion import BROKER
from conformance.evidence import Evidence, Read
from conformance.verdict import Verdict, all_hold
from wire.codec import canonical, parse
from wire.signing import MAX_FRAME_BYTES
from wire.topics import BY_KIND, UNSIGNED

MISSING = "the broker sent no such message"


def every(run: Evidence, wrong: Callable[[Read], str | None], *, signed: bool | None = None) -> Verdict:
    """The verdict on every message of the broker, for which `wrong` says what is wrong."""
    told = [read for read in run.told if signed is None or BY_KIND[read.kind].signed is signed]
    found = [f"{read.topic}: {text}" for read in told if (text := wrong(read)) is not None]
    return all_hold(found, len(told), missing=MISSING)


@BROKER.asserts(1)
def _form(run: Evidence) -> Verdict:
    return every(run, lambda read: read.form, signed=True)


@BROKER.asserts(2)
def _signature(run: Evidence) -> Verdict:
    return every(run, lambda read: read.signature, signed=True)


@BROKER.asserts(3)
def _json(run: Evidence) -> Verdict:
    def wrong(read: Read) -> str | None:
        if read.payload is None:
            return None
        try:
            parse(read.payload)
        except ValueError as error:
            return str(error)
        return None

    return every(run, wrong)


@BROKER.asserts(4)
def _canonical(run: Evidence) -> Verdict:
    def wrong(read: Read) -> str | None:
        value = _value(read)
        if value is None or canonical(value) == read.payload:
            return None
        return f"not the canonical bytes: {read.payload[:60]!r}" if read.payload else None

    return every(run, wrong)


def _value(read: Read) -> Any:
    try:
        return json.loads(read.payload or b"")
    except ValueError:
        return None


@BROKER.asserts(5)
def _content(run: Evidence) -> Verdict:
    return every(run, lambda read: read.content)


@BROKER.asserts(6)
def _version(run: Evidence) -> Verdict:
    return every(run, lambda read: _differs(read, "v", 1))


@BROKER.asserts(7)
def _community(run: Evidence) -> Verdict:
    return every(run, lambda read: _differs(read, "community", run.community))


@BROKER.asserts(8)
def _meter(run: Evidence) -> Verdict:
    return every(run, lambda read: _differs(read, "meter", read.meter) if read.meter else None)


def _differs(read: Read, field: str, expected: object) -> str | None:
    value = _value(read)
    if not isinstance(value, dict) or value.get(field) == expected:
        return None
    return f"{field} is {value.get(field)!r}, not {expected!r}"


@BROKER.asserts(9)
def _unsigned(run: Evidence) -> Verdict:
    def wrong(read: Read) -> str | None:
        is_bare = read.data.startswith(b"{")
        if read.kind in UNSIGNED:
            return None if is_bare else "is not the bare payload"
        return "is not signed" if is_bare else None

    return every(run, wrong)


@BROKER.asserts(60)
def _size(run: Evidence) -> Verdict:
    return every(run, lambda read: f"{len(read.data)} bytes" if len(read.data) > MAX_FRAME_BYTES else None)


@BROKER.asserts(70)
def _times(run: Evidence) -> Verdict:
    named = ("slot", "day", "sent_at", "received_at", "closed_at", "first_slot", "gate", "answer_by")

    def wrong(read: Read) -> str | None:
        value = _value(read)
        for name in named if isinstance(value, dict) else ():
            text = value.get(name)
            if isinstance(text, str) and not (len(text) == 20 and text[10] == "T" and text.endswith("Z")):
                return f"{name} is {text!r}"
        return None

    return every(run, wrong)


@BROKER.asserts(72)
def _money(run: Evidence) -> Verdict:
    def wrong(read: Read) -> str | None:
        return next((f"{name} is {v!r}" for name, v in _amounts(_value(read)) if not _is_money(v)), None)

    return every(run, wrong)


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
