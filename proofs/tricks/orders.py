"""Tricks with the orders of members: left out, added, changed, moved, copied, not opened."""

from collections.abc import Sequence

from broker.clearing.outcome import Rules
from broker.market.sessions import auction as auctions
from broker.market.sessions.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from proofs.tricks.listing import PUPPET, at_clearing, before_gate, entry_of, puppet_order
from proofs.tricks.plot import Plot, Replaced
from proofs.tricks.results import Result
from wire.messages import Side


def omit(plot: Plot) -> Replaced:
    """A receipted order is dropped before the root is made."""

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = bool(listed)
        return listed[1:]

    return before_gate(plot, change)


def insert_after_gate(plot: Plot) -> Replaced:
    """An order of the operator enters after the root is out."""
    puppet = Listed("puppet", puppet_order(plot))

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = True
        return sorted([*listed, puppet], key=lambda order: order.entry.pseudonym)

    return at_clearing(plot, change)


def insert_and_hide(plot: Plot) -> Replaced:
    """The same, and the clearing names the old root and number."""
    changed = insert_after_gate(plot)

    def auction(book: SlotBook, listed: Sequence[Listed], terms: Terms, at_s: int, rules: Rules) -> Result:
        clearing, awards = auctions.auction(book, listed, terms, at_s, rules)
        gate = book.session.gate_message
        if book.slot == plot.slot and gate is not None:
            clearing = clearing.model_copy(update={"orders": gate.orders, "orders_root": gate.root})
        return clearing, awards

    return {**changed, "auction": auction}


def rewrite_before_gate(plot: Plot) -> Replaced:
    """A member's order is replaced by another one before the root is made."""
    made: list[list[Listed]] = []

    def change(listed: list[Listed]) -> list[Listed]:
        if not made:
            made.append(_rewritten(plot, listed, keep_commitment=False))
        return made[0]

    return before_gate(plot, change)


def rewrite_after_gate(plot: Plot) -> Replaced:
    """An order is replaced after the root is out."""
    return at_clearing(plot, lambda listed: _rewritten(plot, listed, keep_commitment=False))


def rewrite_under_its_commitment(plot: Plot) -> Replaced:
    """An order is replaced after the root is out, and shown with the old commitment."""
    return at_clearing(plot, lambda listed: _rewritten(plot, listed, keep_commitment=True))


def _rewritten(plot: Plot, listed: list[Listed], *, keep_commitment: bool) -> list[Listed]:
    revealed = [i for i, order in enumerate(listed) if order.entry.salt is not None]
    if not revealed:
        return listed
    plot.done = True
    i = plot.rng.choice(revealed)
    old = listed[i].entry
    assert old.salt is not None
    side = Side.BUY if old.buy else Side.SELL
    new = entry_of(old.pseudonym, plot.slot, side, plot.rng.randrange(101, 300) * 1_000 + 7, 777, salt=old.salt)
    if keep_commitment:
        new = new.model_copy(update={"commitment": old.commitment})
    return [*listed[:i], Listed(listed[i].meter, new), *listed[i + 1 :]]


def reorder(plot: Plot) -> Replaced:
    """The orders are taken in another order than that of the root."""

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = len(listed) > 1
        return listed[1:] + listed[:1]

    return at_clearing(plot, change)


def copy_an_order(plot: Plot) -> Replaced:
    """The operator enters a copy of a member's order, salt and all, under another member's pseudonym."""

    def change(listed: list[Listed]) -> list[Listed]:
        revealed = [order for order in listed if order.entry.salt is not None]
        if not revealed:
            return listed
        plot.done = True
        copy = revealed[0].entry.model_copy(update={"pseudonym": PUPPET})
        return sorted([*listed, Listed("puppet", copy)], key=lambda order: order.entry.pseudonym)

    return before_gate(plot, change)


def lost_reveal(plot: Plot) -> Replaced:
    """A receipted reveal is thrown away."""

    def change(listed: list[Listed]) -> list[Listed]:
        revealed = [i for i, order in enumerate(listed) if order.entry.salt is not None]
        if not plot.community.terms.sealed or not revealed:
            return listed
        plot.done = True
        i = revealed[0]
        void = listed[i].entry.model_copy(update={"salt": None, "buy": (), "sell": ()})
        return [*listed[:i], Listed(listed[i].meter, void), *listed[i + 1 :]]

    return at_clearing(plot, change)
