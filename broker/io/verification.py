"""Recomputing everything from the journal and comparing it with the records, bit for bit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from broker.io import expiry
from broker.io.carried_states import opened
from broker.io.journal_sqlite import SqliteJournal
from broker.io.record_rows import Row, rows_of
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.ledger.transfer import COMMUNITY
from broker.market.carrying.carried import read_state, unpacked
from broker.market.carrying.fold import Fold
from broker.market.carrying.state_codec import UnknownState
from broker.market.events import decode_event
from broker.market.market import Market

KEYS = {
    "clearing": ("slot", "stage", "round"),
    "award": ("slot", "stage", "round", "meter"),
    "settlement": ("meter", "slot", "log_index"),
    "rejection": ("position", "ordinal"),
    "checkpoint": ("size", "slot"),
    "public": ("position", "ordinal"),
    "storage_bid": ("position", "ordinal"),
    "storage_share": ("position", "ordinal"),
    "storage_grant": ("position", "ordinal"),
    "storage_flow": ("position", "ordinal"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the journal gives, and the first difference from the records (None: they are identical).

    Of a journal whose first `erased_records` are erased it is what the rest gives; `begins` says since when.
    """

    journal_records: int
    erased_records: int
    begins: str | None
    rows: dict[str, int]
    log_size: int
    log_head: str
    ledger_entries: int
    ledger_sum_nano: int
    community_nano: int
    difference: str | None


def verify(state: StateDir) -> Verification:
    """The comparison of a state directory's journal and records.

    Raises: StorageFailed when a file is missing or damaged, NoTerms when the journal is not the broker's.
    """
    journal, records = SqliteJournal(state.journal, read_only=True), SqliteRecords(state.records, read_only=True)
    try:
        fold = opened(journal, state.read_secret())
        market, states = fold.market, _States(journal)
        counts: Counter[str] = Counter()
        difference = None
        for table, row in _rows(journal, fold, states):
            counts[table] += 1
            difference = difference or _difference(records, table, row)
        difference = difference or states.difference
        return Verification(
            journal_records=len(journal),
            erased_records=journal.first,
            begins=expiry.begins(records),
            rows={table: counts[table] for table in KEYS},
            log_size=len(market.log),
            log_head=market.log.head(),
            ledger_entries=market.accounts.entries,
            ledger_sum_nano=market.accounts.sum_nano(),
            community_nano=market.accounts.balance(COMMUNITY),
            difference=difference or _surplus(records, counts, journal.first),
        )
    finally:
        journal.close()
        records.close()


class _States:
    """The states beside a journal, compared with what its records come to."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._waiting = {kept.records: kept for kept in journal.states() if kept.records > journal.first}
        self.difference: str | None = None

    def look(self, fold: Fold) -> None:
        """Compares the state that was kept at this place of the journal, where one was."""
        kept = self._waiting.pop(fold.journaled, None)
        if kept is None:
            return
        try:
            body = unpacked(kept.body)
            again = Fold(Market(fold.market.terms, b""))
            again.go_on_from(read_state(body), body.hashes)
            is_same = again.carried().digest == fold.carried().digest
        except UnknownState:
            is_same = False
        if not is_same:
            self.difference = f"the state after {kept.records} records is not what they come to"


def _rows(journal: SqliteJournal, fold: Fold, states: _States) -> Iterator[tuple[str, Row]]:
    for record in journal.records(fold.journaled):
        yield from rows_of(fold.apply(decode_event(record)))
        states.look(fold)


def _difference(records: SqliteRecords, table: str, row: Row) -> str | None:
    where = " AND ".join(f"{key} = ?" for key in KEYS[table])
    cursor = records.database.execute(f"SELECT * FROM {table} WHERE {where}", _key(records, table, row))
    names = [column[0] for column in cursor.description]
    stored = cursor.fetchone()
    label = ", ".join(f"{key}={row[names.index(key)]!s}" for key in KEYS[table])
    if stored is None:
        return f"{table} {label}: the records do not hold it"
    for name, ours, theirs in zip(names, row, stored, strict=True):
        if ours != theirs:
            return f"{table} {label}: {name} is {theirs!r} in the records, the journal gives {ours!r}"
    return None


def _key(records: SqliteRecords, table: str, row: Row) -> Row:
    names = [column[1] for column in records.database.execute(f"PRAGMA table_info({table})")]
    return tuple(row[names.index(key)] for key in KEYS[table])


def _surplus(records: SqliteRecords, counts: Counter[str], erased: int) -> str | None:
    if expiry.is_left(records, erased):
        return None  # rows of erased records are still being removed
    for table, keys in KEYS.items():
        since = f" WHERE position >= {erased}" if "position" in keys else ""
        stored = records.database.execute(f"SELECT COUNT(*) FROM {table}{since}").fetchone()[0]
        if stored != counts[table]:
            return f"{table}: the records hold {stored} rows, the journal gives {counts[table]}"
    return None
