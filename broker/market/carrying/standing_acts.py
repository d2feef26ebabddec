"""The records that say what holds of a community: who is a member, under which terms; kept when others are erased."""

from collections.abc import Iterator

from broker.market.events import (
    Enrolled,
    Event,
    MarketPaused,
    MarketResumed,
    MemberForgotten,
    MemberReadmitted,
    MemberRevoked,
    NetworkAgreed,
    RegulationAgreed,
    TermsAgreed,
    decode_event,
    encode_event,
)


class StandingActs:
    """The newest record of each kind, and of each kind about each member, with its place in the journal."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[int, str]] = {}

    def note(self, position: int, event: Event) -> None:
        """Takes the next event; one that takes another back removes it."""
        match event:
            case TermsAgreed() | RegulationAgreed() | NetworkAgreed() | MarketPaused():
                self._keep((event.type, ""), position, event)
            case MarketResumed():
                self._held.pop(("market_paused", ""), None)
            case Enrolled() | MemberRevoked() | MemberForgotten():
                self._keep((event.type, event.meter), position, event)
            case MemberReadmitted():
                self._held.pop(("member_revoked", event.meter), None)
                self._held.pop(("member_forgotten", event.meter), None)
            case _:
                pass

    def _keep(self, key: tuple[str, str], position: int, event: Event) -> None:
        self._held[key] = position, encode_event(event).decode()

    def kept(self) -> list[tuple[int, str]]:
        """The records in the order of the journal."""
        return sorted(self._held.values())

    def go_on_from(self, kept: list[tuple[int, str]]) -> None:
        """Takes records that were kept."""
        for position, event in events_in(kept):
            self.note(position, event)


def events_in(kept: list[tuple[int, str]]) -> Iterator[tuple[int, Event]]:
    """The events of kept records, each with its place in the journal."""
    for position, record in kept:
        yield position, decode_event(record.encode())
