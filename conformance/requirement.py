"""What a numbered requirement of the protocol is; the requirements themselves stand in `conformance.requirements`."""

import re
from dataclasses import dataclass
from enum import StrEnum

_ID = re.compile(r"TP-[0-9]{3}")


class Subject(StrEnum):
    """Who has to keep a requirement."""

    BROKER = "broker"
    METER = "meter"
    BOTH = "both"
    SERVER = "MQTT server"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative requirement: its number, who has to keep it, and what has to hold."""

    id: str
    subject: Subject
    text: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no number of a requirement: TP- and three digits")


@dataclass(frozen=True, slots=True)
class Group:
    """Requirements about one topic: `name` is short and stable, `title` is for people."""

    name: str
    title: str
    requirements: tuple[Requirement, ...]


def broker(number: int, text: str) -> Requirement:
    """A requirement that the broker has to keep."""
    return Requirement(f"TP-{number:03}", Subject.BROKER, text)


def meter(number: int, text: str) -> Requirement:
    """A requirement that a meter has to keep."""
    return Requirement(f"TP-{number:03}", Subject.METER, text)


def both(number: int, text: str) -> Requirement:
    """A requirement that the broker and every meter have to keep."""
    return Requirement(f"TP-{number:03}", Subject.BOTH, text)


def server(number: int, text: str) -> Requirement:
    """A requirement that the MQTT server has to keep."""
    return Requirement(f"TP-{number:03}", Subject.SERVER, text)
