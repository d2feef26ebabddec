"""A market with its place in the journal: the fold that every reader of a journal makes, from its start or later.

`carried` writes down where it has come to, `continued` goes on from there.
"""

from dataclasses import dataclass, field

from broker.market.carrying.carried import Body, Carried, body_of, continued
from broker.market.carrying.standing_acts import StandingActs
from broker.market.events import Event
from broker.market.market import Market
from broker.market.outgoing import Outgoing


@dataclass(slots=True)
class Fold:
    """The state after `journaled` records; `last_s` is the newest moment in them [s since 1970]."""

    market: Market
    journaled: int = 0
    last_s: int = 0
    acts: StandingActs = field(default_factory=StandingActs)

    def apply(self, event: Event) -> list[tuple[int, Outgoing]]:
        """Applies the event of the next record; what it causes, each message with the place of the record."""
        position = self.journaled
        caused = [(position, out) for out in self.market.apply(event)]
        self.acts.note(position, event)
        self.journaled += 1
        self.last_s = max(self.last_s, event.at_s)
        return caused

    def carried(self) -> Body:
        """The state as it can be kept."""
        return body_of(self.market, records=self.journaled, last_s=self.last_s, acts=self.acts.kept())

    def go_on_from(self, state: Carried, hashes: bytes) -> None:
        """Puts this fold, of a fresh market, into a carried state.

        Raises: TermsChanged when its terms are others, UnknownState when the state cannot be.
        """
        continued(state, hashes, self.market)
        self.journaled, self.last_s = state.records, state.last_s
        self.acts.go_on_from(state.acts)
