"""The members as the journal has them, without folding the market."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from broker.io.carried_states import acts_of
from broker.io.journal_sqlite import SqliteJournal
from broker.io.state_dir import StateDir
from broker.market.events import Enrolled, Event, MemberForgotten, MemberReadmitted, MemberRevoked, decode_event

_TYPE = re.compile(rb'"type":"([a-z_]+)"')
_FIRST_BYTES = 80
ABOUT_MEMBERS = frozenset({"enrolled", "member_revoked", "member_readmitted", "member_forgotten"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A member: how it is enrolled, and what the operator did about it since."""

    enrolled: Enrolled
    revoked: str | None = None
    forgotten: bool = False

    @property
    def state(self) -> str:
        """active, suspended (not configured any more), revoked, or forgotten."""
        if self.forgotten:
            return "forgotten"
        if self.revoked is not None:
            return "revoked"
        return "suspended" if self.enrolled.suspended else "active"


def events_of(state: StateDir, kinds: frozenset[str]) -> Iterator[tuple[int, Event]]:
    """The journal's events of some types, each with its position; others are not even read.

    Of erased records those come first that still say what holds of members and terms.

    Raises: StorageFailed when the journal is missing or damaged, UnknownRecord for one of a newer release.
    """
    journal = SqliteJournal(state.journal, read_only=True)
    try:
        yield from ((position, event) for position, event in acts_of(journal) if event.type in kinds)
        for position, record in enumerate(journal.records(), journal.first):
            found = _TYPE.search(record[:_FIRST_BYTES])
            if found is not None and found.group(1).decode() in kinds:
                yield position, decode_event(record)
    finally:
        journal.close()


def members_of(state: StateDir) -> dict[str, Listed]:
    """The members by meter. Raises: as `events_of`."""
    members: dict[str, Listed] = {}
    for _, event in events_of(state, ABOUT_MEMBERS):
        match event:
            case Enrolled():
                known = members.get(event.meter)
                members[event.meter] = Listed(enrolled=event) if known is None else replace(known, enrolled=event)
            case MemberRevoked() | MemberReadmitted() | MemberForgotten() if event.meter not in members:
                pass  # of nobody: the broker refuses such an act
            case MemberRevoked():
                members[event.meter] = replace(members[event.meter], revoked=event.reason)
            case MemberReadmitted():
                members[event.meter] = replace(members[event.meter], revoked=None, forgotten=False)
            case MemberForgotten():
                members[event.meter] = replace(members[event.meter], forgotten=True)
            case _:
                pass
    return members


def is_revoked(state: StateDir, meter: str) -> bool:
    """Whether a member is revoked. Raises: as `events_of`."""
    known = members_of(state).get(meter)
    return known is not None and known.revoked is not None
