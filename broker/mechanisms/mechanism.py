"""What the catalogue says of one mechanism."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broker.clearing.book import Book
from broker.clearing.outcome import Outcome, Rules
from broker.sharing.shares import Need, Shares

Clear = Callable[[Book, Rules], Outcome]
Share = Callable[[Sequence[Need], Rules], Shares]


class Asked(StrEnum):
    """What an auction can look at beside the orders."""

    ENVELOPES = "envelopes"
    ZONES = "zones"
    LINES = "lines"
    CHARGES = "charges"
    LOSSES = "losses"
    PREFERENCES = "preferences"


class Asking(StrEnum):
    """What a mechanism asks members about in a sealed stage, instead of having their orders revealed."""

    PRICES = "prices"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One mechanism of the catalogue.

    An auction has `clear`: it makes awards of the orders before delivery. A sharing rule has `share`: it divides what
    was metered after delivery. One with neither is a tool of `community-broker clear` or of another stage. The texts
    say what it promises members and community, `fallback` what is done with a book outside its assumptions.
    `asks_arrival`: it looks at the order of acceptance; `asks`: at what beside the orders.
    `stage`: the kind of stage of the calendar that runs it, "" when none does by itself.
    `asking`: in a sealed stage it asks questions instead of reading what is revealed; None when it does not.
    """

    name: str
    title: str
    budget_balance: str
    individual_rationality: str
    truthfulness: str
    welfare: str
    source: str
    complexity: str
    clear: Clear | None = None
    share: Share | None = None
    assumes: str = "nothing"
    fallback: str = "none needed"
    asks_arrival: bool = False
    asks: frozenset[Asked] = frozenset()
    asking: Asking | None = None
    stage: str = ""

    @property
    def in_rounds(self) -> bool:
        """True when a sealed stage is cleared in rounds of questions."""
        return self.asking is not None

    @property
    def is_live(self) -> bool:
        """True when a community can run its slots with it."""
        return self.clear is not None or self.share is not None

    @property
    def is_offered(self) -> bool:
        """True when a community can have it at all: in its slots, or in a stage beside them."""
        return self.is_live or bool(self.stage)
