"""Changes to the list of received orders, and orders of an operator that nobody sent."""

from collections.abc import Callable

from broker.market.sessions.publication import Gathering
from broker.market.sessions.slot_book import Listed
from proofs.tricks.plot import Plot, Replaced
from proofs.watched_community import COMMUNITY
from wire.commitments import RoundName, shown_order
from wire.messages import BookEntry, OrderStep, Side
from wire.slots import Slot

PUPPET = "f" * 15 + "e"
Listing = Callable[[list[Listed]], list[Listed]]


def at_clearing(plot: Plot, change: Listing) -> Replaced:
    """Changes the received orders between gate and clearing."""

    class Changed(Gathering):
        def cleared(self) -> list[Listed]:
            listed = super().cleared()
            return change(listed) if self.book.slot == plot.slot else listed

    return {"Gathering": Changed}


def before_gate(plot: Plot, change: Listing) -> Replaced:
    """Changes the received orders before the root is made: everything after is consistent."""

    class Changed(Gathering):
        def received(self) -> list[Listed]:
            listed = super().received()
            return change(listed) if self.book.slot == plot.slot else listed

    return {"Gathering": Changed}


def entry_of(name: str, slot: Slot, side: Side, price: int, energy_wh: int, *, salt: str = "a" * 64) -> BookEntry:
    step = OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy_wh)
    return shown_order(
        [step], pseudonym=name, sequence=1, salt=salt, of=RoundName(COMMUNITY, "intraday", slot.label, 0)
    )


def puppet_order(plot: Plot) -> BookEntry:
    side = plot.rng.choice(list(Side))
    return entry_of(PUPPET, plot.slot, side, plot.rng.randrange(11, 29) * 10_000, plot.rng.randint(1, 2_000))
