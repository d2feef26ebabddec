"""Transcripts as files, one JSON object per line: to keep a run, to show it, to judge it again."""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conformance.transcript import Event, Heard, Mark, Packet, Sent, Transcript

VERSION = 1
EVENTS: dict[str, type[Heard] | type[Sent] | type[Packet] | type[Mark]] = {
    "heard": Heard,
    "sent": Sent,
    "packet": Packet,
    "mark": Mark,
}
BYTES = ("payload", "frame")


class TranscriptError(ValueError):
    """The file is no transcript of this version; record the run again."""


def write_transcript(path: Path, transcript: Transcript, subject: str) -> None:
    """Writes a run; `subject` is "broker" or "meter". Signing keys are not in it, private messages are."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in _lines(transcript, subject)), "utf-8")


def _lines(transcript: Transcript, subject: str) -> Iterator[dict[str, Any]]:
    yield {
        "transcript": VERSION,
        "subject": subject,
        "community": transcript.community,
        "meters": {meter: key.hex() for meter, key in transcript.meters.items()},
        "clients": dict(transcript.clients),
        "broker_key": transcript.broker_key.hex(),
        "first": transcript.first,
    }
    names = {model: name for name, model in EVENTS.items()}
    for event in transcript.events:
        fields = {k: base64.b64encode(v).decode() if k in BYTES else v for k, v in asdict(event).items()}
        yield {"event": names[type(event)], **fields}


def read_transcript(path: Path) -> tuple[Transcript, str]:
    """The run and its subject.

    Raises: TranscriptError when the file is none; OSError when it cannot be read.
    """
    try:
        head, *rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if head["transcript"] != VERSION or head["subject"] not in ("broker", "meter"):
            raise TranscriptError(f"{path}: a transcript of another version: record the run again")
        transcript = Transcript(
            community=head["community"],
            meters={meter: bytes.fromhex(key) for meter, key in head["meters"].items()},
            clients=head["clients"],
            broker_key=bytes.fromhex(head["broker_key"]),
            first=head["first"],
            events=tuple(_event(row) for row in rows),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, TranscriptError):
            raise
        raise TranscriptError(f"{path}: not a transcript ({error}): write one with --transcript") from None
    return transcript, str(head["subject"])


def _event(row: dict[str, Any]) -> Event:
    model = EVENTS[row.pop("event")]
    fields: dict[str, Any] = {k: base64.b64decode(v, validate=True) if k in BYTES else v for k, v in row.items()}
    return model(**fields)
