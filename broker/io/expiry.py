"""What `records.db` shows ends where the journal begins: rows that erased records caused go too."""

import sqlite3

from broker.control.ports import StorageFailed
from broker.io.records_sqlite import SqliteRecords
from wire.slots import format_utc

PLACED = ("rejection", "storage_bid", "storage_share", "storage_grant", "storage_flow")  # go by their position alone
POSITION, LEAVES, BEFORE_S = "erased_records", "erased_leaves", "erased_before_s"
# The last word on whether the market is open stays: it holds until the next one.
SAYS_NOTHING = "(kind <> 'trading' OR position < (SELECT max(position) FROM public WHERE kind = 'trading'))"
MESSAGES = "SELECT payload FROM public WHERE position < :position AND kind = "


def limit_of(records: SqliteRecords) -> int:
    """How many journal records are erased, as far as the records know."""
    return records.health(POSITION)


def set_limit(records: SqliteRecords, position: int, leaves: int, before_s: int) -> None:
    """Says what is to go: what the first `position` journal records caused, in which the log had so many `leaves`.

    Raises: StorageFailed when it cannot be written.
    """
    for name, value in ((LEAVES, leaves), (BEFORE_S, before_s), (POSITION, position)):
        records.set_health(name, value)


def begins(records: SqliteRecords) -> str | None:
    """From when on there are records, as a sentence for people; None when nothing was erased."""
    before_s = records.health(BEFORE_S)
    return f"carried forward on {format_utc(before_s)}: what was before is erased" if before_s else None


def is_left(records: SqliteRecords, position: int) -> bool:
    """Whether rows of erased records wait to be removed."""
    query = f"SELECT 1 FROM public WHERE position < ? AND {SAYS_NOTHING} LIMIT 1"
    return records.database.execute(query, (position,)).fetchone() is not None


def swept(records: SqliteRecords, rows: int) -> bool:
    """Overwrites and removes the next piece of about so many rows; whether nothing was left.

    Raises: StorageFailed when the file cannot be written; what is left goes another time.
    """
    database, limit = records.database, limit_of(records)
    try:
        database.execute("PRAGMA secure_delete = ON")
        position, is_last = _piece(database, limit, rows)
        with database:
            database.execute("BEGIN IMMEDIATE")
            settled = database.execute(
                "DELETE FROM settlement WHERE rowid IN (SELECT rowid FROM settlement WHERE log_index < ? LIMIT ?)",
                (records.health(LEAVES), rows),
            ).rowcount
            _erase(database, position)
        if is_last and settled < rows:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return True
    except sqlite3.Error as error:
        raise StorageFailed(f"the records cannot be written: {error}; free disk space, then start again") from None
    return False


def _piece(database: sqlite3.Connection, limit: int, rows: int) -> tuple[int, bool]:
    """The position before which the next piece lies, and whether nothing is left then."""
    ends = [
        database.execute(
            f"SELECT position FROM {table} WHERE position < ? ORDER BY position LIMIT 1 OFFSET ?", (limit, rows)
        ).fetchone()
        for table in ("public", *PLACED)
    ]
    found = [int(row[0]) for row in ends if row is not None]
    return (min(found) + 1, False) if found else (limit, True)


def _erase(database: sqlite3.Connection, position: int) -> None:
    """Removes what the records before a position caused. A clearing is public and comes with its awards."""
    where = {"position": position}
    cleared = f"SELECT slot, stage, round FROM clearing WHERE payload IN ({MESSAGES}'clearing')"
    database.execute(f"DELETE FROM award WHERE (slot, stage, round) IN ({cleared})", where)
    for table in ("clearing", "checkpoint"):
        database.execute(f"DELETE FROM {table} WHERE payload IN ({MESSAGES}'{table}')", where)
    for table in PLACED:
        database.execute(f"DELETE FROM {table} WHERE position < :position", where)
    database.execute(f"DELETE FROM public WHERE position < :position AND {SAYS_NOTHING}", where)
