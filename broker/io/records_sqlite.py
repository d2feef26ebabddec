"""What the broker sent, as tables for people, dashboards and statements; documented in docs/records.md.

Nothing here is a source of truth: the file can be deleted, `community-broker run` fills it again from the journal.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from broker.control.ports import StorageFailed
from broker.io.record_rows import rows_of
from broker.io.sqlite_file import Migration, open_database, shrink
from broker.market.outgoing import Outgoing

MIGRATIONS: tuple[Migration, ...] = (
    (
        "CREATE TABLE clearing (slot TEXT PRIMARY KEY, stage TEXT NOT NULL, mechanism TEXT NOT NULL,"
        " outcome TEXT NOT NULL, price_micro_per_kwh INTEGER, price_low_micro_per_kwh INTEGER,"
        " price_high_micro_per_kwh INTEGER, volume_wh INTEGER NOT NULL, orders INTEGER NOT NULL,"
        " orders_root TEXT NOT NULL, payload BLOB NOT NULL) STRICT",
        "CREATE TABLE award (slot TEXT NOT NULL, meter TEXT NOT NULL, sequence INTEGER NOT NULL,"
        " bought_wh INTEGER NOT NULL, sold_wh INTEGER NOT NULL, price_micro_per_kwh INTEGER, reason TEXT NOT NULL,"
        " payload BLOB NOT NULL, PRIMARY KEY (slot, meter)) STRICT",
        "CREATE TABLE settlement (meter TEXT NOT NULL, slot TEXT NOT NULL, quality TEXT NOT NULL,"
        " award_wh INTEGER NOT NULL, metered_wh INTEGER NOT NULL, total_nano INTEGER NOT NULL,"
        " log_index INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (meter, slot)) STRICT",
        "CREATE INDEX settlement_slot ON settlement (slot)",
        "CREATE TABLE rejection (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, meter TEXT NOT NULL,"
        " message TEXT NOT NULL, code TEXT NOT NULL, field TEXT, detail TEXT NOT NULL, slot TEXT,"
        " payload BLOB NOT NULL, PRIMARY KEY (position, ordinal)) STRICT",
        "CREATE TABLE checkpoint (size INTEGER NOT NULL, slot TEXT NOT NULL, root TEXT NOT NULL,"
        " payload BLOB NOT NULL, PRIMARY KEY (size, slot)) STRICT",
        "CREATE TABLE health (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    ),
    (
        "CREATE TABLE settlement_2 (meter TEXT NOT NULL, slot TEXT NOT NULL, quality TEXT NOT NULL,"
        " award_wh INTEGER NOT NULL, metered_wh INTEGER NOT NULL, total_nano INTEGER NOT NULL,"
        " log_index INTEGER NOT NULL, corrects INTEGER, payload BLOB NOT NULL,"
        " PRIMARY KEY (meter, slot, log_index)) STRICT",
        "INSERT INTO settlement_2 SELECT meter, slot, quality, award_wh, metered_wh, total_nano, log_index, NULL,"
        " payload FROM settlement",
        "DROP TABLE settlement",
        "ALTER TABLE settlement_2 RENAME TO settlement",
        "CREATE INDEX settlement_slot ON settlement (slot)",
    ),
    (  # sessions: several clearings and awards of a slot; the start fills the new tables from the journal
        "DROP TABLE clearing",
        "DROP TABLE award",
        "CREATE TABLE clearing (slot TEXT NOT NULL, stage TEXT NOT NULL, round INTEGER NOT NULL,"
        " mechanism TEXT NOT NULL, outcome TEXT NOT NULL, price_micro_per_kwh INTEGER,"
        " price_low_micro_per_kwh INTEGER, price_high_micro_per_kwh INTEGER, volume_wh INTEGER NOT NULL,"
        " orders INTEGER NOT NULL, orders_root TEXT NOT NULL, payload BLOB NOT NULL,"
        " PRIMARY KEY (slot, stage, round)) STRICT",
        "CREATE TABLE award (slot TEXT NOT NULL, stage TEXT NOT NULL, round INTEGER NOT NULL, meter TEXT NOT NULL,"
        " sequence INTEGER NOT NULL, bought_wh INTEGER NOT NULL, sold_wh INTEGER NOT NULL,"
        " position_wh INTEGER NOT NULL, price_micro_per_kwh INTEGER, reason TEXT NOT NULL, payload BLOB NOT NULL,"
        " PRIMARY KEY (slot, stage, round, meter)) STRICT",
        "DELETE FROM health",
    ),
    (  # what was public, in order; the start fills it from the journal
        "CREATE TABLE public (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL,"
        " payload BLOB NOT NULL, PRIMARY KEY (position, ordinal)) STRICT",
        "DELETE FROM health WHERE name = 'journal_covered'",
    ),
    (  # what the rules noted; the start fills it from the journal
        "ALTER TABLE settlement ADD COLUMN note TEXT",
        "DELETE FROM health WHERE name = 'journal_covered'",
    ),
    (  # the shared storage; the start fills it from the journal
        "CREATE TABLE storage_bid (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, meter TEXT NOT NULL,"
        " period TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (position, ordinal)) STRICT",
        "CREATE TABLE storage_share (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, meter TEXT NOT NULL,"
        " period TEXT NOT NULL, share_wh INTEGER NOT NULL, price_micro_per_kwh INTEGER, amount_nano INTEGER NOT NULL,"
        " payload BLOB NOT NULL, PRIMARY KEY (position, ordinal)) STRICT",
        "CREATE TABLE storage_grant (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, meter TEXT NOT NULL,"
        " slot TEXT NOT NULL, requested_wh INTEGER NOT NULL, granted_wh INTEGER NOT NULL, handed_wh INTEGER NOT NULL,"
        " losses_wh INTEGER NOT NULL, level_wh INTEGER NOT NULL, share_wh INTEGER NOT NULL, payload BLOB NOT NULL,"
        " PRIMARY KEY (position, ordinal)) STRICT",
        "CREATE TABLE storage_flow (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, meter TEXT NOT NULL,"
        " slot TEXT NOT NULL, flow_wh INTEGER NOT NULL, charge_wh INTEGER NOT NULL, payload BLOB NOT NULL,"
        " PRIMARY KEY (position, ordinal)) STRICT",
        "CREATE INDEX storage_bid_period ON storage_bid (period)",
        "CREATE INDEX storage_share_period ON storage_share (period)",
        "CREATE INDEX storage_grant_slot ON storage_grant (slot)",
        "CREATE INDEX storage_grant_meter ON storage_grant (meter, slot)",
        "CREATE INDEX storage_flow_slot ON storage_flow (slot)",
        "DELETE FROM health WHERE name = 'journal_covered'",
    ),
)
COVERED, SENT = "journal_covered", "journal_sent"


class SqliteRecords:
    """Implements the Recorder port on `path`, and keeps how far the journal was recorded and sent."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self.database = open_database(path, MIGRATIONS, synchronous="NORMAL", read_only=read_only)
        self._covered = self.health(COVERED)

    def record(self, sent: Sequence[tuple[int, Outgoing]], *, through: int) -> None:
        """Stores messages and the number of journal records they cover; repeating changes nothing.

        A group without a message that is kept (receipts only) costs no transaction: the next one covers it too.

        Raises: StorageFailed when the file cannot be written; the journal is not affected.
        """
        rows = list(rows_of(sent))
        if not rows and self._covered:
            return
        try:
            with self.database:
                self.database.execute("BEGIN IMMEDIATE")
                for table, row in rows:
                    marks = ", ".join("?" * len(row))
                    self.database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)
                self._set(COVERED, through)
            self._covered = through
        except sqlite3.Error as error:
            remedy = "free disk space or make the directory writable, then start again: records follow the journal"
            raise StorageFailed(f"{self._path} cannot be written: {error}; {remedy}") from None

    def set_health(self, name: str, value: int) -> None:
        """Stores a figure about the service itself, such as how far the journal's messages were sent."""
        try:
            self._set(name, value)
        except sqlite3.Error as error:
            raise StorageFailed(
                f"{self._path} cannot be written: {error}; free disk space, then start again"
            ) from None

    def _set(self, name: str, value: int) -> None:
        self.database.execute("INSERT OR REPLACE INTO health VALUES (?, ?)", (name, value))

    def health(self, name: str) -> int:
        """A figure about the service, 0 when it was never stored."""
        row = self.database.execute("SELECT value FROM health WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def shrink(self) -> None:
        """Writes the file anew without the room that was freed; for records that nobody else uses.

        Raises: StorageFailed when there is no room for it; everything is as before then.
        """
        shrink(self.database, self._path)

    def close(self) -> None:
        """Closes the file."""
        self.database.close()
