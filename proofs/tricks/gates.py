"""Tricks with the time of a gate."""

from broker.market.events import GateClosed
from broker.market.sessions import publication
from broker.market.sessions.slot_book import SlotBook
from proofs.tricks.plot import Plot, Replaced, dishonest
from wire.messages import Gate


def close_early(plot: Plot) -> Replaced:
    """The gate closes before its time; the message says so."""
    early_s = plot.rng.randint(6, 120)

    def gate_message(book: SlotBook, community: str, at_s: int, *, blocks: int = 0) -> Gate:
        about = book.slot == plot.slot
        plot.done = plot.done or about
        return publication.gate_message(book, community, at_s - early_s if about else at_s, blocks=blocks)

    return {"gate_message": gate_message}


def close_secretly_early(plot: Plot) -> Replaced:
    """The gate closes before its time, and the message states the right time: only the members' clocks tell."""
    gate_s = plot.community.terms.gate_s(plot.slot)
    now_s = gate_s - plot.rng.randint(6, 230)

    def gate_message(book: SlotBook, community: str, _: int, *, blocks: int = 0) -> Gate:
        return publication.gate_message(book, community, gate_s, blocks=blocks)

    with dishonest({"gate_message": gate_message}):
        closed = GateClosed(at_s=now_s, slot_s=plot.slot.start_s)
        plot.community.ask(lambda operator: operator.enact([closed]), now_s)
    plot.done = True
    return {}


def close_late(plot: Plot) -> Replaced:
    """The gate closes after its time; the message says so."""
    late_s = plot.rng.randint(6, 50)

    def gate_message(book: SlotBook, community: str, at_s: int, *, blocks: int = 0) -> Gate:
        about = book.slot == plot.slot and bool(book.session.listed)
        plot.done = plot.done or about
        return publication.gate_message(book, community, at_s + late_s if about else at_s, blocks=blocks)

    return {"gate_message": gate_message}
