"""Carrying forward: what the past came to is written down, and records older than a moment are erased.

`prepared` only reads, so that another process can do it beside the running broker; `commit` is one transaction of
the journal. The bytes go afterwards (`swept`), of the journal and of the records alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.io import expiry
from broker.io.carried_states import first_state, newest, opened
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.market.carrying.carried import Body
from broker.market.carrying.fold import Fold
from broker.market.events import Carrying, RecordsErased, StateCarried, decode_event
from broker.market.market import Market

DAY_S = 86_400
PIECE = 2_000  # records or rows that are erased in one transaction
Store = Callable[[Sequence[Carrying], Callable[[Sequence[bytes]], None]], None]


@dataclass(frozen=True, slots=True)
class State:
    """A state to keep: how many records it is of, and their newest moment [s since 1970]."""

    records: int
    last_s: int
    body: Body

    @classmethod
    def of(cls, fold: Fold) -> "State":
        """The state of a fold."""
        return cls(fold.journaled, fold.last_s, fold.carried())


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `commit` writes: the `newest` state, and with `before_s` the one in which older records end."""

    newest: State
    beginning: State | None = None
    before_s: int = 0


def prepared(journal: SqliteJournal, secret: bytes, before_s: int | None) -> Prepared:
    """The states of a journal; with a moment [s since 1970] the records of before it are to be erased.

    `beginning` is None when there are none. What was carried before is not folded again.

    Raises: StorageFailed when the journal is damaged, NoTerms or UnknownRecord when it cannot be read.
    """
    beginning, fold = None, opened(journal, secret)
    terms = fold.market.terms
    if before_s is not None:
        _fold_on(fold, journal, before_s)
        beginning = State.of(fold) if fold.journaled > journal.first else None
    latest = newest(journal, lambda: Market(terms, secret))
    fold = max(fold, latest, key=lambda reached: reached.journaled)
    _fold_on(fold, journal, None)
    return Prepared(State.of(fold), beginning, before_s or 0)


def _fold_on(fold: Fold, journal: SqliteJournal, before_s: int | None) -> None:
    """Folds the records that follow, up to the first that is not before a moment."""
    for record in journal.records(fold.journaled):
        event = decode_event(record)
        if before_s is not None and event.at_s >= before_s:
            return
        fold.apply(event)


def told(made: Prepared, journal: SqliteJournal, *, at_s: int, by: str) -> list[tuple[State, Carrying]]:
    """The states, each with the event that tells of it."""
    found: list[tuple[State, Carrying]] = []
    if made.beginning is not None:
        records, chain, state = _where(made.beginning, journal)
        erased = RecordsErased(at_s=at_s, before_s=made.before_s, by=by, records=records, chain=chain, state=state)
        found.append((made.beginning, erased))
    if made.beginning is None or made.newest.records > made.beginning.records:
        records, chain, state = _where(made.newest, journal)
        found.append((made.newest, StateCarried(at_s=at_s, records=records, chain=chain, state=state)))
    return found


def _where(state: State, journal: SqliteJournal) -> tuple[int, str, str]:
    """How many records, the chain after them, the state's digest."""
    return state.records, journal.chain_after(state.records).hex(), state.body.digest.hex()


def commit(made: Prepared, journal: SqliteJournal, store: Store, *, at_s: int, by: str) -> None:
    """Writes the states and what tells of them; from then on the journal begins with the first of them.

    `store` gives the events to whoever folds the journal, and the function that keeps their records.

    Raises: StorageFailed when it cannot; the journal is as before then.
    """
    pairs = told(made, journal, at_s=at_s, by=by)
    first = journal.first if made.beginning is None else made.beginning.records
    states = [(state.records, state.body.packed()) for state, _ in pairs]
    store([event for _, event in pairs], lambda records: journal.carry(states, records, first=first))


def swept(journal: SqliteJournal, records: SqliteRecords) -> bool:
    """Erases the next piece of what is before the beginning of the journal; whether nothing was left.

    Raises: StorageFailed when a file cannot be written; what is left goes another time.
    """
    if not journal.first:
        return True
    if expiry.limit_of(records) < journal.first:
        state = first_state(journal)
        before_s = state.told.before_s if isinstance(state.told, RecordsErased) else state.carried.last_s
        expiry.set_limit(records, journal.first, state.leaves, before_s)
    more = journal.sweep(PIECE)
    return expiry.swept(records, PIECE) and not more


def sweep_all(journal: SqliteJournal, records: SqliteRecords) -> None:
    """Erases everything before the beginning of the journal. Raises: StorageFailed as `swept`."""
    while not swept(journal, records):
        pass
