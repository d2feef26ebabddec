"""Tricks with members that do not exist."""

from typing import Any

from broker.market.sessions.publication import Rosters
from broker.market.sessions.slot_book import Listed
from proofs.tricks.listing import PUPPET, before_gate, puppet_order
from proofs.tricks.plot import Plot, Replaced
from wire.messages import Roster


def sock_puppet(plot: Plot) -> Replaced:
    """An order of a member that does not exist, before the root is made."""
    puppet = Listed("puppet", puppet_order(plot))

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = True
        return sorted([*listed, puppet], key=lambda order: order.entry.pseudonym)

    return before_gate(plot, change)


def listed_puppet(plot: Plot) -> Replaced:
    """A member that does not exist is put on the roster, its order in the book."""
    return _padded(plot, inflate=False)


def counted_puppet(plot: Plot) -> Replaced:
    """The same, and the roster states one member more than there are."""
    return _padded(plot, inflate=True)


def _padded(plot: Plot, *, inflate: bool) -> Replaced:
    market = plot.community.service.market
    rosters = _PaddedRosters()
    rosters.inflate = inflate
    market.auctioneer.rosters = rosters
    return sock_puppet(plot)


class _PaddedRosters(Rosters):
    """Rosters with invented pseudonyms; `inflate` also invents the members."""

    inflate = False

    def news(self, *args: Any) -> list[Roster]:
        """The pages with one more pseudonym."""
        pages = super().news(*args)
        return [
            page.model_copy(
                update={
                    "pseudonyms": (*page.pseudonyms, PUPPET),
                    "members": page.members + self.inflate,
                }
            )
            for page in pages
        ]
