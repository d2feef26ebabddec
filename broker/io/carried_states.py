"""The states beside a journal: read, checked against the chain, and folds that go on from them."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from broker.control.ports import StorageFailed
from broker.io.journal_sqlite import RESTORE, KeptState, SqliteJournal
from broker.market.carrying.carried import Carried, read_state, terms_of, unpacked
from broker.market.carrying.fold import Fold
from broker.market.carrying.state_codec import UnknownState
from broker.market.events import (
    Carrying,
    Event,
    RecordsErased,
    StateCarried,
    TermsAgreed,
    UnknownRecord,
    decode_event,
)
from broker.market.market import Market
from broker.market.terms import Terms, terms_from_record

LOG = logging.getLogger(__name__)


class NoTerms(Exception):
    """The journal does not start with the community's terms: it is empty or was not written by the broker."""


@dataclass(frozen=True, slots=True)
class ReadState:
    """A state that the chain vouches for: what it says, the leaves' hashes, and the record that tells of it."""

    carried: Carried
    hashes: bytes
    told: Carrying

    @property
    def leaves(self) -> int:
        """How many leaves the log had."""
        return len(self.hashes) // 32


def read_kept(journal: SqliteJournal, kept: KeptState) -> ReadState:
    """A state as the record that tells of it says; whoever folds on from it checks that record with the chain.

    Raises: StorageFailed when it is another or damaged, UnknownState when this release cannot read it.
    """
    try:
        body = unpacked(kept.body)
    except UnknownState as error:
        raise StorageFailed(f"the state after {kept.records} records: {error}; {RESTORE}") from None
    told = journal.record(kept.noted)
    event = None if told is None else decode_event(told)
    is_told = isinstance(event, StateCarried | RecordsErased) and (event.records, event.chain, event.state) == (
        kept.records,
        kept.chain.hex(),
        body.digest.hex(),
    )
    if not is_told or kept.noted < kept.records:
        raise StorageFailed(
            f"the state after {kept.records} records is not the one that the journal tells; {RESTORE}"
        )
    assert isinstance(event, StateCarried | RecordsErased)
    return ReadState(read_state(body), body.hashes, event)


def first_state(journal: SqliteJournal) -> ReadState:
    """The state with which a journal begins whose older records are erased.

    Raises: StorageFailed when it is missing or damaged, UnknownRecord when it is of a newer release.
    """
    for kept in journal.states():
        if kept.records == journal.first:
            try:
                return read_kept(journal, kept)
            except UnknownState as error:
                raise UnknownRecord(f"the state with which the journal begins: {error}") from None
    raise StorageFailed(f"the state with which the journal begins is missing; {RESTORE}")


def journal_terms(journal: SqliteJournal) -> Terms:
    """The community's terms as the journal states them, or the state with which it begins.

    Raises: NoTerms when it does not; StorageFailed when it is damaged, UnknownRecord when it is of a newer release.
    """
    if journal.first:
        return _terms(first_state(journal))
    try:
        for record in journal.records():
            event = decode_event(record)
            if isinstance(event, TermsAgreed):
                return terms_from_record(event.terms)
            break
    except ValueError as error:
        raise UnknownRecord(str(error)) from None
    raise NoTerms("the journal does not start with the community's terms; name a broker's state directory")


def _terms(state: ReadState) -> Terms:
    try:
        return terms_of(state.carried)
    except UnknownState as error:
        raise UnknownRecord(str(error)) from None


def opened(journal: SqliteJournal, secret: bytes) -> Fold:
    """The fold with which a journal begins: a fresh market, or the state that its erased records came to.

    Raises: as `journal_terms`.
    """
    if not journal.first:
        return Fold(Market(journal_terms(journal), secret))
    state = first_state(journal)
    return _continue(Fold(Market(_terms(state), secret)), state)


def newest(journal: SqliteJournal, fresh: Callable[[], Market], *, at_most: int | None = None) -> Fold:
    """The fold of the newest state of at most so many records (None: of any), from which a start goes on.

    A state that cannot be read is told and passed over for an older one, at last for the beginning of the journal.

    Raises: StorageFailed or UnknownRecord when the beginning itself cannot be read, TermsChanged when `fresh` makes a
    market of other terms.
    """
    for kept in journal.states():
        if kept.records <= journal.first or (at_most is not None and kept.records > at_most):
            continue
        try:
            return _continue(Fold(fresh()), read_kept(journal, kept))
        except (StorageFailed, UnknownState, UnknownRecord) as error:
            LOG.warning("the journal is folded from its beginning: %s", error)
    fold = Fold(fresh())
    return _continue(fold, first_state(journal)) if journal.first else fold


def _continue(fold: Fold, state: ReadState) -> Fold:
    try:
        fold.go_on_from(state.carried, state.hashes)
    except UnknownState as error:
        raise UnknownRecord(str(error)) from None
    return fold


def acts_of(journal: SqliteJournal) -> Iterator[tuple[int, Event]]:
    """The records of before the beginning that still say what holds of members and terms, each with its place."""
    if journal.first:
        for position, record in first_state(journal).carried.acts:
            yield position, decode_event(record.encode())
