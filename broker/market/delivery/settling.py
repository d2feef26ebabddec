"""From delivered slots to posted ones: what holds for a slot when it is settled first, and what is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.ledger.accounts import Accounts
from broker.ledger.log import Log
from broker.market.agreements.calls import Calls
from broker.market.agreements.contracts import Contracts
from broker.market.agreements.load_history import DAY_S, DAYS
from broker.market.delivery.posting import SettledSlot, corrected_slot, settled_slot
from broker.market.sessions.slot_book import SlotBook
from broker.market.storage.shared_storage import SharedStorage
from broker.market.terms import Member, Terms
from broker.settlement.regulation import NOTHING, Regulation
from wire.messages import SlotState


@dataclass(slots=True)
class Settling:
    """Settles and corrects the market's books, posts to its accounts, appends to its log.

    `regulations` are the profiles by the moment from which each holds [s], in the order in which they were agreed.
    """

    members: Mapping[str, Member]
    books: dict[int, SlotBook]
    contracts: Contracts
    calls: Calls
    storage: SharedStorage
    accounts: Accounts
    log: Log
    secret: bytes
    regulations: list[tuple[int, Regulation]] = field(default_factory=list)

    def regulation_at(self, at_s: int) -> Regulation:
        """The regulation that holds for slots that start at a moment."""
        return next((r for from_s, r in reversed(self.regulations) if from_s <= at_s), NOTHING)

    def settle(self, book: SlotBook, terms: Terms, now_s: int) -> SettledSlot:
        """Settles a delivered slot under what holds for it now; corrections keep that."""
        book.regulation, book.roles = self.regulation_at(book.slot.start_s), terms.roles
        if book.regulation.posted(book.slot):
            book.subscribers = tuple(sorted(m.meter for m in self.members.values() if not m.suspended))
        book.called = () if book.prices is None else self.calls.called_in(book.slot)
        book.stored = () if book.prices is None else self.storage.payments(book)
        self.calls.learn(book)
        result = settled_slot(book, terms, self.secret, self.log)
        self.accounts.post(result.transfers)
        self.storage.learn({}, book.basis)
        book.forget_steps()
        self._forget(now_s, terms)
        return result

    def correct(self, book: SlotBook, terms: Terms, now_s: int) -> SettledSlot:
        """Settles a settled slot anew: the differences."""
        book.changed_s = None
        self.calls.learn(book)
        before = dict(book.basis)
        result = corrected_slot(book, terms, self.secret, self.log)
        self.accounts.post(result.transfers)
        self.storage.learn(before, book.basis)
        self._forget(now_s, terms)
        return result

    def _forget(self, now_s: int, terms: Terms) -> None:
        """Forgets what nothing can ask for or change any more; calls only when no baseline needs their days."""
        before_s = now_s - terms.keep_settled_s
        final = (SlotState.SETTLED, SlotState.VOID)
        past = [s for s, book in self.books.items() if s < before_s and book.state in final]
        for start_s in past:
            if self.books[start_s].changed_s is None:
                del self.books[start_s]
        self.contracts.forget_before(before_s)
        self.calls.forget_before(now_s - DAYS * DAY_S)
