"""One cheat in the making. A trick replaces an honest function of the market by a dishonest one for one slot.

`done` says whether the draw gave the trick something to do.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from broker.market.sessions import auctioneer, publisher
from broker.market.sessions.slot_book import SlotBook
from broker.market.storage import shared_storage
from proofs.watched_community import WatchedCommunity
from wire.audit import Check
from wire.slots import Slot

CALLERS = (auctioneer, publisher, shared_storage)


@dataclass(slots=True)
class Plot:
    """One cheat in the making: the community, the slot it is about, the draw, and whether it had an effect."""

    community: WatchedCommunity
    slot: Slot
    rng: random.Random
    done: bool = False

    @property
    def book(self) -> SlotBook:
        """The operator's record of the slot."""
        return self.community.service.market.books[self.slot.start_s]

    def is_about(self, label: str) -> bool:
        """Whether a message is about the slot."""
        return label == self.slot.label


Trick = Callable[[Plot], "Replaced"]
Replaced = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cheat:
    """A trick and the checks of which at least one has to find it."""

    trick: Trick
    found_by: frozenset[Check]


def cheat(trick: Trick, *checks: Check) -> Cheat:
    """A trick that one of the checks has to find."""
    return Cheat(trick, frozenset(checks))


@contextmanager
def dishonest(replaced: Replaced) -> Iterator[None]:
    """The market with some of its functions replaced, in the modules that call them."""
    with ExitStack() as stack:
        for name, function in replaced.items():
            module = next(module for module in CALLERS if hasattr(module, name))
            stack.enter_context(patch.object(module, name, function))
        yield
