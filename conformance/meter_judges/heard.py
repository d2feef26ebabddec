"""What a meter said, and which terms the kit had told it by then."""

from typing import TypeVar

from conformance.evidence import Evidence, Read
from conformance.transcript import Sent
from wire.codec import decode
from wire.messages import Calendar, Conditions, Message
from wire.signing import split

M = TypeVar("M", bound=Message)


def said(run: Evidence, model: type[M], **values: object) -> list[tuple[Read, M]]:
    """The meter's messages of a kind with these values, with how they were heard."""
    return [
        (read, read.message)
        for read in run.said
        if read.kind == model.kind
        and isinstance(read.message, model)
        and all(getattr(read.message, name) == value for name, value in values.items())
    ]


def told(run: Evidence, model: type[M], *, before: int | None = None) -> list[tuple[int, Sent, M]]:
    """(place, sent, message) of what the kit told the meter of a kind; forged messages are left out."""
    found = []
    for place, event in enumerate(run.transcript.events[:before]):
        if isinstance(event, Sent) and event.kind == model.kind and not _proves_nothing(event.label):
            payload = split(event.frame)[1] if event.frame.startswith(b"v1.") else event.frame
            found.append((place, event, decode(model, payload)))
    return found


def _proves_nothing(label: str) -> bool:
    return label.startswith("garbage") or label.endswith(".forged") or label == "receipt.other"


def calendar_at(run: Evidence, place: int) -> Calendar | None:
    """The calendar that held when something was said."""
    found = told(run, Calendar, before=place)
    return found[-1][2] if found else None


def conditions_at(run: Evidence, place: int, slot: str) -> Conditions | None:
    """The conditions of a slot that held when something was said."""
    found = [message for _, _, message in told(run, Conditions, before=place) if message.slot == slot]
    return found[-1] if found else None
