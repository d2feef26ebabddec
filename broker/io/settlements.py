"""Reading a member's settlements out of the records."""

from pathlib import Path

from broker.io import expiry
from broker.io.carried_states import journal_terms
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.market.terms import Terms
from wire.messages import Settlement
from wire.slots import format_utc


def settlements_of(state_dir: Path, meter: str, start: str | None, end: str | None) -> list[Settlement]:
    """The settlements of a meter with start <= slot < end (RFC 3339 prefixes; None: no bound).

    Oldest slot first, in a slot the settlement before its corrections.

    Raises: StorageFailed when the records cannot be read, LookupError when they hold nothing of this meter at all.
    """
    records = SqliteRecords(StateDir(state_dir).records, read_only=True)
    try:
        query = "SELECT payload FROM settlement WHERE meter = ? AND slot >= ? AND slot < ? ORDER BY slot, log_index"
        rows = records.database.execute(query, (meter, start or "", end or "9")).fetchall()
        known = "SELECT 1 FROM settlement WHERE meter = ? LIMIT 1"
        if not rows and records.database.execute(known, (meter,)).fetchone() is None:
            raise LookupError(f"nothing was settled for {meter!r}; 'community-broker members' lists the meters")
        return [Settlement.model_validate_json(payload) for (payload,) in rows]
    finally:
        records.close()


def begins(state_dir: Path, start: str | None) -> str:
    """That earlier records are erased, as a sentence; "" where nothing is, or nothing from `start` on.

    Raises: StorageFailed when the records cannot be read.
    """
    records = SqliteRecords(StateDir(state_dir).records, read_only=True)
    try:
        said, before_s = expiry.begins(records), records.health(expiry.BEFORE_S)
        return said if said is not None and (start or "") < format_utc(before_s) else ""
    finally:
        records.close()


def terms_of(state_dir: Path) -> Terms:
    """The community's terms, as its journal states them.

    Raises: StorageFailed when the journal cannot be read, NoTerms or UnknownRecord when it holds none that are known.
    """
    journal = SqliteJournal(StateDir(state_dir).journal, read_only=True)
    try:
        return journal_terms(journal)
    finally:
        journal.close()
