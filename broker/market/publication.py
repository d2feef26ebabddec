"""What makes a round checkable: the gate's root, the book under pseudonyms, the day's roster, leaves and checkpoints.

All orders of a round stand in ascending order of pseudonyms; the same place counts in the tree of the gate and in
that of the awards. Every tree is built once and gives all its proofs: O(n log n) for a round, one signature for all.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from broker.ledger.log import Log, pseudonym, salt
from broker.market.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from wire.checkpoint import TreeHead, signed_note
from wire.codec import canonical
from wire.commitments import message_leaf, order_leaf, shown_order
from wire.merkle import Tree, leaf_hash
from wire.messages import Book, BookEntry, Checkpoint, Gate, Leaves, Message, Roster
from wire.signing import SigningKey, key_from_seed
from wire.slots import Slot, format_utc

PAGE_BYTES = 15_000
ROSTER_PAGE = 700
DAY_S = 86_400
T = TypeVar("T")


def log_key(secret: bytes) -> SigningKey:
    """The key that signs checkpoints: it follows from the broker's secret, so a replay gives the same bytes."""
    return key_from_seed(hmac.new(secret, b"log key", hashlib.sha256).digest())


def order_salt(secret: bytes, meter: str, *, stage: str, slot: str) -> str:
    """The salt of an open order's commitment, which its receipt tells."""
    return salt(secret, f"order/{stage}", meter, slot).hex()


def listed_orders(book: SlotBook, terms: Terms, secret: bytes) -> list[Listed]:
    """The received orders by ascending pseudonym; a sealed one that was not revealed has neither salt nor steps."""
    found = _sealed(book, secret) if terms.sealed else _open(book, terms, secret)
    return sorted(found, key=lambda order: order.entry.pseudonym)


def cleared_orders(book: SlotBook, terms: Terms, secret: bytes) -> list[Listed]:
    """The orders that are cleared: those of the gate, in a sealed market with what was revealed since."""
    return listed_orders(book, terms, secret) if terms.sealed else book.listed


def _open(book: SlotBook, terms: Terms, secret: bytes) -> Iterator[Listed]:
    label = book.slot.label
    for meter, held in book.orders.items():
        yield Listed(
            meter,
            shown_order(
                held.order.steps,
                pseudonym=pseudonym(secret, meter, book.slot.start_s),
                sequence=held.order.sequence,
                salt=order_salt(secret, meter, stage=held.order.stage, slot=label),
                community=terms.community,
                stage=held.order.stage,
                slot=label,
            ),
        )


def _sealed(book: SlotBook, secret: bytes) -> Iterator[Listed]:
    for meter, held in book.sealed.items():
        name, opened = pseudonym(secret, meter, book.slot.start_s), book.orders.get(meter)
        if opened is None:
            entry = BookEntry(
                pseudonym=name,
                commitment=held.sealed.commitment,
                sequence=held.sealed.sequence,
                salt=None,
                buy=(),
                sell=(),
            )
            yield Listed(meter, entry)
            continue
        entry = shown_order(
            opened.order.steps,
            pseudonym=name,
            sequence=opened.order.sequence,
            salt=book.salts[meter],
            community=opened.order.community,
            stage=opened.order.stage,
            slot=book.slot.label,
        )
        yield Listed(meter, entry)


def gate_tree(entries: Iterable[BookEntry]) -> Tree:
    """The tree of the received orders' commitments."""
    return Tree(leaf_hash(order_leaf(entry.pseudonym, entry.commitment)) for entry in entries)


def gate_message(listed: Sequence[Listed], terms: Terms, slot: Slot, at_s: int) -> Gate:
    """The root of the received orders, which is published before they are cleared."""
    return Gate(
        community=terms.community,
        stage=terms.stage,
        slot=slot.label,
        closed_at=format_utc(at_s),
        orders=len(listed),
        root=gate_tree(order.entry for order in listed).root().hex(),
    )


def book_pages(entries: Sequence[BookEntry], *, community: str, stage: str, slot: str) -> list[Book]:
    """The orders of a round in pages that fit a frame; an empty round has one empty page."""
    pages = list(_in_pages(entries, _shown_bytes))
    return [
        Book(community=community, stage=stage, slot=slot, page=i, pages=len(pages), entries=tuple(page))
        for i, page in enumerate(pages)
    ]


def _shown_bytes(entry: BookEntry) -> int:
    """What an order takes in a page, at most [bytes]: 250 without steps, each step its digits and four signs."""
    return 250 + sum(len(str(price)) + len(str(energy)) + 4 for price, energy in (*entry.buy, *entry.sell))


def _in_pages(items: Sequence[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    page: list[T] = []
    used = 0
    for item in items:
        taken = size(item)
        if page and used + taken > PAGE_BYTES:
            yield page
            page, used = [], 0
        page.append(item)
        used += taken
    yield page


@dataclass(slots=True)
class Rosters:
    """The pseudonyms that were published for each day; a day's list only grows."""

    days: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)

    def news(self, slot: Slot, meters: Mapping[str, bool], terms: Terms, secret: bytes) -> list[Roster]:
        """The pages of a new revision, none when nothing is new; `meters` says of every member whether it trades."""
        day = slot.start_s // DAY_S
        revision, known = self.days.get(day, (0, frozenset[str]()))
        names = known | {pseudonym(secret, meter, slot.start_s) for meter, active in meters.items() if active}
        if names == known:
            return []
        self.days[day] = (revision + 1, names)
        for old in [d for d in self.days if d < day - 2]:
            del self.days[old]
        return roster_pages(sorted(names), len(meters), day * DAY_S, revision + 1, terms.community)


def roster_pages(names: Sequence[str], members: int, day_s: int, revision: int, community: str) -> list[Roster]:
    """A day's pseudonyms in pages that fit a frame."""
    pages = [names[i : i + ROSTER_PAGE] for i in range(0, len(names), ROSTER_PAGE)]
    return [
        Roster(
            community=community,
            day=format_utc(day_s),
            revision=revision,
            members=members,
            page=i,
            pages=len(pages),
            pseudonyms=tuple(page),
        )
        for i, page in enumerate(pages)
    ]


def log_messages(log: Log, messages: Iterable[Message]) -> None:
    """Appends the leaves that fix public messages."""
    for message in messages:
        log.append(message_leaf(message))


@dataclass(frozen=True, slots=True)
class LogNews:
    """What was added to the log, and the checkpoint that covers it."""

    pages: list[Leaves]
    checkpoint: Checkpoint


def log_news(log: Log, key: SigningKey, *, community: str, slot: str) -> LogNews:
    """The leaves since the last checkpoint, in pages, and the new checkpoint with its proof of consistency."""
    previous, fresh = log.published, log.take_new()
    pages, first = [], previous
    for page in _in_pages(fresh, lambda leaf: len(canonical(leaf)) + 1):
        if page:
            pages.append(Leaves(community=community, first=first, leaves=tuple(page)))
            first += len(page)
    head = TreeHead(community, len(log), bytes.fromhex(log.head()))
    checkpoint = Checkpoint(
        community=community,
        size=head.size,
        root=head.root.hex(),
        slot=slot,
        note=signed_note(head.text(), community, key),
        previous_size=previous,
        consistency=tuple(log.consistency(previous)) if previous else (),
    )
    return LogNews(pages, checkpoint)
