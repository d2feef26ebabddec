"""Recomputing everything from the journal and comparing it with the records, bit for bit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from broker.io.journal_sqlite import SqliteJournal
from broker.io.record_rows import Row, rows_of
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.ledger.transfer import COMMUNITY
from broker.market.events import TermsAgreed, UnknownRecord, decode_event
from broker.market.market import Market
from broker.market.terms import Terms, terms_from_record

KEYS = {
    "clearing": ("slot", "stage", "round"),
    "award": ("slot", "stage", "round", "meter"),
    "settlement": ("meter", "slot", "log_index"),
    "rejection": ("position", "ordinal"),
    "checkpoint": ("size", "slot"),
    "public": ("position", "ordinal"),
}


class NoTerms(Exception):
    """The journal does not start with the community's terms: it is empty or was not written by the broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the journal gives, and the first difference from the records (None: they are identical)."""

    journal_records: int
    rows: dict[str, int]
    log_size: int
    log_head: str
    ledger_entries: int
    ledger_sum_nano: int
    community_nano: int
    difference: str | None


def journal_terms(journal: SqliteJournal) -> Terms:
    """The community's terms as the journal states them.

    Raises: NoTerms when it does not; StorageFailed when it is damaged.
    """
    for record in journal.records():
        event = decode_event(record)
        if isinstance(event, TermsAgreed):
            try:
                return terms_from_record(event.terms)
            except ValueError as error:
                raise UnknownRecord(str(error)) from None
        break
    raise NoTerms("the journal does not start with the community's terms; name a broker's state directory")


def verify(state: StateDir) -> Verification:
    """The comparison of a state directory's journal and records.

    Raises: StorageFailed when a file is missing or damaged, NoTerms when the journal is not the broker's.
    """
    journal, records = SqliteJournal(state.journal, read_only=True), SqliteRecords(state.records, read_only=True)
    try:
        market = Market(journal_terms(journal), state.read_secret())
        counts: Counter[str] = Counter()
        difference = None
        for table, row in _rows(journal, market):
            counts[table] += 1
            difference = difference or _difference(records, table, row)
        return Verification(
            journal_records=len(journal),
            rows={table: counts[table] for table in KEYS},
            log_size=len(market.log),
            log_head=market.log.head(),
            ledger_entries=market.accounts.entries,
            ledger_sum_nano=market.accounts.sum_nano(),
            community_nano=market.accounts.balance(COMMUNITY),
            difference=difference or _surplus(records, counts),
        )
    finally:
        journal.close()
        records.close()


def _rows(journal: SqliteJournal, market: Market) -> Iterator[tuple[str, Row]]:
    for position, record in enumerate(journal.records()):
        yield from rows_of((position, out) for out in market.apply(decode_event(record)))


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


def _surplus(records: SqliteRecords, counts: Counter[str]) -> str | None:
    for table in KEYS:
        stored = records.database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        if stored != counts[table]:
            return f"{table}: the records hold {stored} rows, the journal gives {counts[table]}"
    return None
