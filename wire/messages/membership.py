"""Who belongs to a community: enrolment, its answer, and the public list of members."""

from typing import ClassVar

from wire.fields import Count, Id, Pseudonym, Sequence, Text, UtcTime
from wire.messages.message import Message


class Hello(Message):
    """A meter asks whether it is enrolled; answered by Welcome or Rejection."""

    kind: ClassVar[str] = "hello"
    meter: Id
    software: Text
    sent_at: UtcTime


class Welcome(Message):
    """The broker confirms the enrolment and tells the limits that hold for this meter."""

    kind: ClassVar[str] = "welcome"
    meter: Id
    nameplate_import_w: Count
    nameplate_export_w: Count


class Roster(Message):
    """The pseudonyms of one UTC day, ascending, in pages; a later revision only adds to it.

    No book of the day names another one, and there are never more of them than enrolled `members`.
    """

    kind: ClassVar[str] = "roster"
    day: UtcTime
    revision: Sequence
    members: Count
    page: Count
    pages: Count
    pseudonyms: tuple[Pseudonym, ...]
