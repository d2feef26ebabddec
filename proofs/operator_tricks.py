"""What a cheating operator does: it holds all keys, so whatever follows from a trick is signed and consistent.

A trick replaces one honest function of the market by a dishonest one for one slot. Each is named with the checks of
which at least one has to find it. `done` says whether the draw gave the trick something to do.
"""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from broker.clearing.outcome import Rules
from broker.market import auction as auctions
from broker.market import market as honest
from broker.market import publication
from broker.market.events import GateClosed
from broker.market.outgoing import Outgoing
from broker.market.publication import Gathering, Rosters
from broker.market.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from proofs.watched_community import COMMUNITY, WatchedCommunity
from wire.audit import Check
from wire.commitments import RoundName, leaf_of_award, shown_order
from wire.merkle import Tree, leaf_hash
from wire.messages import Award, Book, BookEntry, Clearing, Gate, OrderStep, Receipt, Roster, Settlement, Side
from wire.slots import Slot, format_utc

PUPPET = "f" * 15 + "e"


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


Result = tuple[Clearing, list[Award]]
Trick = Callable[[Plot], "Replaced"]
Replaced = dict[str, Any]


@contextmanager
def dishonest(replaced: Replaced) -> Iterator[None]:
    """The market with some of its functions replaced."""
    kept = {name: getattr(honest, name) for name in replaced}
    try:
        for name, function in replaced.items():
            setattr(honest, name, function)
        yield
    finally:
        for name, function in kept.items():
            setattr(honest, name, function)


def _entry(name: str, slot: Slot, side: Side, price: int, energy_wh: int, *, salt: str = "a" * 64) -> BookEntry:
    step = OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy_wh)
    return shown_order(
        [step], pseudonym=name, sequence=1, salt=salt, of=RoundName(COMMUNITY, "intraday", slot.label, 0)
    )


def _puppet_order(plot: Plot) -> BookEntry:
    side = plot.rng.choice(list(Side))
    return _entry(PUPPET, plot.slot, side, plot.rng.randrange(11, 29) * 10_000, plot.rng.randint(1, 2_000))


Listing = Callable[[list[Listed]], list[Listed]]


def _at_clearing(plot: Plot, change: Listing) -> Replaced:
    """Changes the received orders between gate and clearing."""

    class Changed(Gathering):
        def cleared(self) -> list[Listed]:
            listed = super().cleared()
            return change(listed) if self.book.slot == plot.slot else listed

    return {"Gathering": Changed}


def _before_gate(plot: Plot, change: Listing) -> Replaced:
    """Changes the received orders before the root is made: everything after is consistent."""

    class Changed(Gathering):
        def received(self) -> list[Listed]:
            listed = super().received()
            return change(listed) if self.book.slot == plot.slot else listed

    return {"Gathering": Changed}


def omit(plot: Plot) -> Replaced:
    """A receipted order is dropped before the root is made."""

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = bool(listed)
        return listed[1:]

    return _before_gate(plot, change)


def insert_after_gate(plot: Plot) -> Replaced:
    """An order of the operator enters after the root is out."""
    puppet = Listed("puppet", _puppet_order(plot))

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = True
        return sorted([*listed, puppet], key=lambda order: order.entry.pseudonym)

    return _at_clearing(plot, change)


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


def _rewritten(plot: Plot, listed: list[Listed], *, keep_commitment: bool) -> list[Listed]:
    revealed = [i for i, order in enumerate(listed) if order.entry.salt is not None]
    if not revealed:
        return listed
    plot.done = True
    i = plot.rng.choice(revealed)
    old = listed[i].entry
    assert old.salt is not None
    side = Side.BUY if old.buy else Side.SELL
    new = _entry(old.pseudonym, plot.slot, side, plot.rng.randrange(101, 300) * 1_000 + 7, 777, salt=old.salt)
    if keep_commitment:
        new = new.model_copy(update={"commitment": old.commitment})
    return [*listed[:i], Listed(listed[i].meter, new), *listed[i + 1 :]]


def rewrite_before_gate(plot: Plot) -> Replaced:
    """A member's order is replaced by another one before the root is made."""
    made: list[list[Listed]] = []

    def change(listed: list[Listed]) -> list[Listed]:
        if not made:
            made.append(_rewritten(plot, listed, keep_commitment=False))
        return made[0]

    return _before_gate(plot, change)


def rewrite_after_gate(plot: Plot) -> Replaced:
    """An order is replaced after the root is out."""
    return _at_clearing(plot, lambda listed: _rewritten(plot, listed, keep_commitment=False))


def rewrite_under_its_commitment(plot: Plot) -> Replaced:
    """An order is replaced after the root is out, and shown with the old commitment."""
    return _at_clearing(plot, lambda listed: _rewritten(plot, listed, keep_commitment=True))


def reorder(plot: Plot) -> Replaced:
    """The orders are taken in another order than that of the root."""

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = len(listed) > 1
        return listed[1:] + listed[:1]

    return _at_clearing(plot, change)


def copy_an_order(plot: Plot) -> Replaced:
    """The operator enters a copy of a member's order, salt and all, under another member's pseudonym."""

    def change(listed: list[Listed]) -> list[Listed]:
        revealed = [order for order in listed if order.entry.salt is not None]
        if not revealed:
            return listed
        plot.done = True
        copy = revealed[0].entry.model_copy(update={"pseudonym": PUPPET})
        return sorted([*listed, Listed("puppet", copy)], key=lambda order: order.entry.pseudonym)

    return _before_gate(plot, change)


def sock_puppet(plot: Plot) -> Replaced:
    """An order of a member that does not exist, before the root is made."""
    puppet = Listed("puppet", _puppet_order(plot))

    def change(listed: list[Listed]) -> list[Listed]:
        plot.done = True
        return sorted([*listed, puppet], key=lambda order: order.entry.pseudonym)

    return _before_gate(plot, change)


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
    market._rosters = rosters
    return sock_puppet(plot)


def _at_auction(plot: Plot, change: Callable[[Clearing, list[Award]], Result]) -> Replaced:
    """Changes the result of the auction; the awards' root and proofs are made again."""

    def auction(book: SlotBook, listed: Sequence[Listed], terms: Terms, at_s: int, rules: Rules) -> Result:
        clearing, awards = auctions.auction(book, listed, terms, at_s, rules)
        if book.slot != plot.slot:
            return clearing, awards
        return _proved_again(*change(clearing, awards))

    return {"auction": auction}


def _proved_again(clearing: Clearing, awards: list[Award]) -> Result:
    placed = sorted(awards, key=lambda award: award.index)
    tree = Tree(leaf_hash(leaf_of_award(award)) for award in placed)
    proved = [
        award.model_copy(update={"award_proof": tuple(node.hex() for node in tree.inclusion_proof(i))})
        for i, award in enumerate(placed)
    ]
    return clearing.model_copy(update={"awards_root": tree.root().hex()}), proved


def shift_price(plot: Plot) -> Replaced:
    """All trade at another price than the auction gives."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        price = clearing.buyer_price_micro_per_kwh
        if price is None or not clearing.volume_wh:
            return clearing, awards
        plot.done = True
        new = price + plot.rng.choice((-1, 1)) * plot.rng.randint(1, 30_000)
        prices = {f"{who}price_micro_per_kwh": new for who in ("", "buyer_", "seller_")}
        paid = [
            award.model_copy(
                update={
                    "price_micro_per_kwh": new,
                    "amount_nano": (award.bought_wh - award.sold_wh) * new,
                }
            )
            for award in awards
        ]
        return clearing.model_copy(update=prices), paid

    return _at_auction(plot, change)


def favour(plot: Plot) -> Replaced:
    """A friend's award is better than the auction gives, under a root that fits."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        if not awards:
            return clearing, awards
        plot.done = True
        i = plot.rng.randrange(len(awards))
        gift = awards[i].amount_nano - plot.rng.randint(1, 10**9)
        friend = awards[i].model_copy(update={"amount_nano": gift})
        return clearing, [*awards[:i], friend, *awards[i + 1 :]]

    return _at_auction(plot, change)


def shave(plot: Plot) -> Replaced:
    """A buyer and a seller trade less with each other than the auction gives, under a root that fits."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        buyers = [i for i, award in enumerate(awards) if award.bought_wh]
        sellers = [i for i, award in enumerate(awards) if award.sold_wh]
        if not buyers or not sellers:
            return clearing, awards
        plot.done = True
        changed = [*awards]
        for i, key in ((plot.rng.choice(buyers), "bought_wh"), (plot.rng.choice(sellers), "sold_wh")):
            changed[i] = changed[i].model_copy(update={key: getattr(changed[i], key) - 1})
        return clearing, changed

    return _at_auction(plot, change)


def no_market(plot: Plot) -> Replaced:
    """The operator declares that there is no market in a slot that has one."""

    def change(clearing: Clearing, awards: list[Award]) -> Result:
        plot.done = True
        nothing = {"bought_wh": 0, "sold_wh": 0, "amount_nano": 0, "price_micro_per_kwh": None}
        void = dict.fromkeys((n for n in Clearing.model_fields if "price_" in n), None)
        void = {**void, "volume_wh": 0, "surplus_nano": 0, "outcome": "no_market", "demand": (), "supply": ()}
        return clearing.model_copy(update=void), [award.model_copy(update=nothing) for award in awards]

    return _at_auction(plot, change)


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
    now_s = gate_s - plot.rng.randint(6, 120)

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


def skip_the_log(plot: Plot) -> Replaced:
    """The clearing is not written to the log."""

    def log_messages(log: Any, messages: Sequence[Any]) -> None:
        hidden = [m for m in messages if isinstance(m, Clearing) and plot.is_about(m.slot)]
        plot.done = plot.done or bool(hidden)
        publication.log_messages(log, [m for m in messages if m not in hidden])

    return {"log_messages": log_messages}


def rewrite_history(plot: Plot) -> Replaced:
    """An old leaf of the log is replaced by another one."""
    log = plot.community.service.market.log
    hashes = log._tree._levels[0]
    plot.done = len(hashes) > 0
    changed = [*hashes]
    changed[plot.rng.randrange(len(changed))] = leaf_hash(b"another history")
    log._tree = Tree(changed)
    return {}


def _on_the_way(plot: Plot, change: Callable[[str, Outgoing], Outgoing | None]) -> Replaced:
    def tamper(name: str, out: Outgoing) -> Outgoing | None:
        about = getattr(out.message, "slot", None)
        return change(name, out) if about is not None and plot.is_about(about) else out

    plot.community.tamper = tamper
    return {}


def _edited(out: Outgoing, **changes: Any) -> Outgoing:
    return Outgoing(out.message.model_copy(update=changes), out.meter)


def no_root(plot: Plot) -> Replaced:
    """The root of the received orders is never published."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        plot.done = plot.done or isinstance(out.message, Gate)
        return None if isinstance(out.message, Gate) else out

    return _on_the_way(plot, change)


def no_book(plot: Plot) -> Replaced:
    """The orders of the round are never published."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        plot.done = plot.done or isinstance(out.message, Book)
        return None if isinstance(out.message, Book) else out

    return _on_the_way(plot, change)


def late_order(plot: Plot) -> Replaced:
    """An order is taken after the gate, and its receipt says so."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, Receipt) or out.message.of not in ("order", "sealed"):
            return out
        plot.done = True
        return _edited(out, received_at=format_utc(plot.slot.start_s - 59))

    return _on_the_way(plot, change)


def two_clearings(plot: Plot) -> Replaced:
    """One member is told of another clearing than the others."""

    def change(name: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, Clearing) or name != plot.community.witness:
            return out
        plot.done = True
        plot.community.tamper = lambda _, again: again
        plot.community.deliver([_edited(out, surplus_nano=1)], plot.slot.start_s - 60, {name})
        return out

    return _on_the_way(plot, change)


def false_settlement(plot: Plot) -> Replaced:
    """A member is charged more than the log commits to."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, Settlement) or not out.message.lines:
            return out
        plot.done = True
        line = out.message.lines[0]
        dearer = line.model_copy(update={"amount_nano": line.amount_nano + 1})
        return _edited(out, lines=(dearer, *out.message.lines[1:]), total_nano=out.message.total_nano + 1)

    return _on_the_way(plot, change)


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

    return _at_clearing(plot, change)


def two_histories(plot: Plot) -> Replaced:
    """Half of the members are shown a market that never had one of the orders; each half sees a history that fits."""
    community = plot.community
    names = sorted(community.meters)
    other = copy.deepcopy(community.service)
    book = other.market.books[plot.slot.start_s]
    for orders in (book.session.sealed, book.orders):
        if names[0] in orders:
            del orders[names[0]]
            plot.done = True
    community.fork, community.forked = other, set(names[len(names) // 2 :])
    return {}


@dataclass(frozen=True, slots=True)
class Cheat:
    """A trick and the checks of which at least one has to find it."""

    trick: Trick
    found_by: frozenset[Check]


def _cheat(trick: Trick, *checks: Check) -> Cheat:
    return Cheat(trick, frozenset(checks))


CHEATS: dict[str, Cheat] = {
    cheat.trick.__name__: cheat
    for cheat in (
        _cheat(omit, Check.OWN_ORDER),
        _cheat(insert_after_gate, Check.GATE_ROOT),
        _cheat(insert_and_hide, Check.GATE_ROOT),
        _cheat(rewrite_before_gate, Check.OWN_ORDER),
        _cheat(rewrite_after_gate, Check.GATE_ROOT),
        _cheat(rewrite_under_its_commitment, Check.BOOK),
        _cheat(reorder, Check.BOOK),
        _cheat(copy_an_order, Check.BOOK),
        _cheat(sock_puppet, Check.ROSTER),
        _cheat(listed_puppet, Check.ROSTER),
        _cheat(counted_puppet, Check.ROSTER),
        _cheat(shift_price, Check.CLEARING),
        _cheat(favour, Check.AWARDS_ROOT),
        _cheat(shave, Check.AWARDS_ROOT),
        _cheat(no_market, Check.CLEARING),
        _cheat(close_early, Check.GATE_TIME),
        _cheat(close_secretly_early, Check.GATE_TIME),
        _cheat(close_late, Check.GATE_TIME),
        _cheat(late_order, Check.GATE_TIME),
        _cheat(no_root, Check.GATE_ROOT),
        _cheat(no_book, Check.BOOK),
        _cheat(two_clearings, Check.CONTRADICTION),
        _cheat(skip_the_log, Check.LOG),
        _cheat(rewrite_history, Check.LOG),
        _cheat(two_histories, Check.SPLIT_VIEW),
        _cheat(false_settlement, Check.OWN_SETTLEMENT),
        _cheat(lost_reveal, Check.OWN_ORDER),
    )
}
