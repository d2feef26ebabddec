"""What makes a round checkable: the gate's root, the book under pseudonyms, the day's roster, leaves and checkpoints.

All orders of a round stand in ascending order of pseudonyms; the same place counts in the tree of the gate and in
that of the awards. Every tree is built once and gives all its proofs: O(n log n) for a round, one signature for all.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from broker.ledger.log import Log, pseudonym, salt
from broker.market.pages import in_pages
from broker.market.sessions.slot_book import Listed, SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire.checkpoint import TreeHead, signed_note
from wire.codec import canonical
from wire.commitments import RoundName, message_leaf, order_leaf, shown_order
from wire.merkle import Tree, leaf_hash
from wire.messages import Book, BookEntry, Checkpoint, Gate, Leaves, Message, OrderStep, Roster, Stage
from wire.signing import SigningKey, key_from_seed
from wire.slots import Slot, format_utc

ROSTER_PAGE = 700
DAY_S = 86_400


def log_key(secret: bytes) -> SigningKey:
    """The key that signs checkpoints: it follows from the broker's secret, so a replay gives the same bytes."""
    return key_from_seed(hmac.new(secret, b"log key", hashlib.sha256).digest())


def order_salt(secret: bytes, meter: str, *, stage: str, number: int, slot: str) -> str:
    """The salt of an open order's commitment in round `number` of a stage, which its receipt tells."""
    return salt(secret, f"order/{stage}/{number}", meter, slot).hex()


@dataclass(frozen=True, slots=True)
class Gathering:
    """What the orders of a slot's current session are listed from.

    `blocks` are the members with block orders in the slot and the sequence of one: without a simple order they are
    listed without steps, so that their awards have a place.
    """

    book: SlotBook
    stage: Stage
    community: str
    secret: bytes
    blocks: Mapping[str, int] = field(default_factory=dict)

    def received(self) -> list[Listed]:
        """The orders by ascending pseudonym; a sealed one that was not revealed has neither salt nor steps."""
        ranks = self._ranks()
        found = self._sealed(ranks) if self.stage.sealed else self._open(ranks)
        return sorted(found, key=lambda order: order.entry.pseudonym)

    def cleared(self) -> list[Listed]:
        """The orders that are cleared: those of the gate, in a sealed stage with what was revealed since."""
        return self.received() if self.stage.sealed else self.book.session.listed

    def _ranks(self) -> dict[str, int]:
        """The ranks of acceptance, 1.., where the mechanism asks for them: else the arrival leaves no trace."""
        if not MECHANISMS[self.stage.mechanism].asks_arrival:
            return {}
        meters = self.book.session.sealed if self.stage.sealed else self.book.orders
        return {meter: rank for rank, meter in enumerate(meters, start=1)}

    def _open(self, ranks: Mapping[str, int]) -> Iterator[Listed]:
        number, label = self.book.session.gate.round, self.book.slot.label
        orders: dict[str, tuple[int, tuple[OrderStep, ...]]] = {
            **{meter: (sequence, ()) for meter, sequence in self.blocks.items()},
            **{meter: (held.order.sequence, held.order.steps) for meter, held in self.book.orders.items()},
        }
        for meter, (sequence, steps) in orders.items():
            opens = order_salt(self.secret, meter, stage=self.stage.stage, number=number, slot=label)
            yield Listed(meter, self._shown(meter, sequence, steps, opens, ranks))

    def _sealed(self, ranks: Mapping[str, int]) -> Iterator[Listed]:
        session = self.book.session
        for meter, held in session.sealed.items():
            opened = session.orders.get(meter)
            if opened is not None:
                order = opened.order
                yield Listed(meter, self._shown(meter, order.sequence, order.steps, session.salts[meter], ranks))
                continue
            entry = BookEntry(
                pseudonym=self._name(meter),
                arrival=ranks.get(meter, 0),
                commitment=held.sealed.commitment,
                sequence=held.sealed.sequence,
                salt=None,
                buy=(),
                sell=(),
            )
            yield Listed(meter, entry)

    def _name(self, meter: str) -> str:
        return pseudonym(self.secret, meter, self.book.slot.start_s)

    def _shown(
        self, meter: str, sequence: int, steps: Sequence[OrderStep], opens: str, ranks: Mapping[str, int]
    ) -> BookEntry:
        return shown_order(
            steps,
            pseudonym=self._name(meter),
            arrival=ranks.get(meter, 0),
            sequence=sequence,
            salt=opens,
            of=session_name(self.book, self.community),
        )


def session_name(book: SlotBook, community: str) -> RoundName:
    """The name of a slot's current session."""
    gate = book.session.gate
    return RoundName(community, gate.stage, book.slot.label, gate.round)


def gate_tree(entries: Iterable[BookEntry]) -> Tree:
    """The tree of the received orders' commitments."""
    return Tree(leaf_hash(order_leaf(entry)) for entry in entries)


def gate_message(book: SlotBook, community: str, at_s: int, *, blocks: int = 0) -> Gate:
    """The root of the received orders of the current session, which is published before they are cleared."""
    listed = book.session.listed
    return Gate(
        **session_name(book, community)._asdict(),
        closed_at=format_utc(at_s),
        orders=len(listed),
        blocks=blocks,
        blocks_root=book.session.blocks_root,
        rules=book.session.rules,
        root=gate_tree(order.entry for order in listed).root().hex(),
    )


def book_pages(entries: Sequence[BookEntry], of: RoundName) -> list[Book]:
    """The orders of a round in pages that fit a frame; an empty round has one empty page."""
    pages = list(in_pages(entries, _shown_bytes))
    return [Book(**of._asdict(), page=i, pages=len(pages), entries=tuple(page)) for i, page in enumerate(pages)]


def _shown_bytes(entry: BookEntry) -> int:
    """What an order takes in a page, at most [bytes]: 280 without steps, each step its digits and four signs."""
    return 280 + sum(len(str(price)) + len(str(energy)) + 4 for price, energy in (*entry.buy, *entry.sell))


@dataclass(slots=True)
class Rosters:
    """The meters whose pseudonyms were published for each day, with the revision; a day's list only grows."""

    days: dict[int, tuple[int, dict[str, str]]] = field(default_factory=dict)

    def news(self, slot: Slot, meters: Mapping[str, bool], terms: Terms, secret: bytes) -> list[Roster]:
        """The pages of a new revision, none when nothing is new; `meters` says of every member whether it trades."""
        day = slot.start_s // DAY_S
        revision, known = self.days.get(day, (0, dict[str, str]()))
        fresh = [meter for meter, active in meters.items() if active and meter not in known]
        if not fresh:
            return []
        known = known | {meter: pseudonym(secret, meter, slot.start_s) for meter in fresh}
        self.days[day] = (revision + 1, known)
        for old in [d for d in self.days if d < day - terms.keep_settled_s // DAY_S - 2]:
            del self.days[old]
        return roster_pages(sorted(known.values()), len(meters), day * DAY_S, revision + 1, terms.community)


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
    for page in in_pages(fresh, lambda leaf: len(canonical(leaf)) + 1):
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
