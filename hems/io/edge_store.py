"""The edge's SQLite file: measurements, plans, setpoints, market results, and the meter's outbox.

One file per process, WAL with synchronous FULL for the outbox (what was promised must survive a power cut) and
batched writes for records (an SD card must live long). The schema is migrated by version and documented in
docs/records.md.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from hems.control.history import SlotMeans
from hems.control.house_view.spent import SpentSlot
from hems.control.household.household import NotStoredError
from hems.control.household.outcome import Entry
from hems.control.weather_watch import KEEP_S as KEEP_WEATHER_S
from hems.io.retention import deletions
from wire.slots import Slot

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE slot_means (slot_s INTEGER PRIMARY KEY, base_kw REAL NOT NULL, pv_kw REAL NOT NULL);
    CREATE TABLE readings (at_s INTEGER PRIMARY KEY, power_w INTEGER, import_wh INTEGER, export_wh INTEGER,
        quality TEXT NOT NULL);
    CREATE TABLE decisions (slot_s INTEGER NOT NULL, device TEXT NOT NULL, at_s INTEGER NOT NULL, rung TEXT NOT NULL,
        power_kw REAL NOT NULL, code TEXT NOT NULL, price_per_kwh REAL NOT NULL, worth_per_h REAL NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (slot_s, device, at_s));
    CREATE TABLE plans (slot_s INTEGER PRIMARY KEY, status TEXT NOT NULL, objective REAL NOT NULL,
        net_wh TEXT NOT NULL, detail TEXT NOT NULL);
    CREATE TABLE market (slot TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (slot, kind));
    CREATE TABLE health (at_s INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL);
    CREATE TABLE outbox (kind TEXT NOT NULL, slot TEXT NOT NULL, sequence INTEGER NOT NULL, payload BLOB NOT NULL,
        answered INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, slot));
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    """,
    """
    CREATE TABLE problems (slot_s INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, document BLOB NOT NULL);
    """,
    """
    CREATE TABLE forecasts (slot_s INTEGER PRIMARY KEY, paths BLOB NOT NULL);
    """,
    """
    CREATE TABLE weather (issued_s INTEGER PRIMARY KEY, start_s INTEGER NOT NULL, step_s INTEGER NOT NULL,
        said BLOB NOT NULL);
    """,
    """
    CREATE TABLE signals (slot_s INTEGER NOT NULL, name TEXT NOT NULL, value REAL NOT NULL,
        PRIMARY KEY (slot_s, name)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE household_log (number INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, who TEXT NOT NULL,
        what TEXT NOT NULL, device TEXT, before TEXT NOT NULL, after TEXT NOT NULL);
    """,
    """
    CREATE TABLE spent (slot_s INTEGER PRIMARY KEY, import_kwh REAL NOT NULL, export_kwh REAL NOT NULL,
        cost REAL NOT NULL);
    """,
)
KEEP_ANSWERED = 2_000
KEEP_PROBLEMS_S = 8 * 86_400
KEEP_FORECASTS_S = 29 * 86_400
KEEP_SIGNALS_S = 211 * 86_400
KEEP_HOUSEHOLD_LOG = 10_000
HOUSEHOLD = "household"


class StoreError(Exception):
    """The store cannot be used: the message names the file and says what to do."""


class _Connection(sqlite3.Connection):
    """A connection whose failures say what to do, and are told to whoever has to stop then."""

    path = Path()
    told: Callable[[StoreError], None] | None = None

    def execute(self, *given: Any) -> sqlite3.Cursor:
        """As SQLite's. Raises: StoreError when the disk is full, read-only or broken."""
        with self._explained():
            return super().execute(*given)

    def executemany(self, *given: Any) -> sqlite3.Cursor:
        """As SQLite's. Raises: StoreError when the disk is full, read-only or broken."""
        with self._explained():
            return super().executemany(*given)

    def __exit__(self, *given: Any) -> Literal[False]:
        with self._explained():
            return super().__exit__(*given)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            is_busy = "locked" in str(error)
            remedy = "another process uses it: stop that" if is_busy else "free disk space or make it writable"
            failure = StoreError(f"{self.path}: {error}; {remedy}, then start again")
            if self.told is not None:
                self.told(failure)
            raise failure from None


class EdgeStore:
    """The store of one process. Raises StoreError when the file is of a newer version or broken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, factory=_Connection)
            self._db.path = path
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: {error}; restore a backup or move the file away to start anew") from None

    def _migrate(self) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")  # two processes may open a new file at the same moment
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise StoreError(f"{self._path}: written by a newer release (schema {version}); upgrade this one")
            for number in range(version, len(MIGRATIONS)):
                for statement in MIGRATIONS[number].split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={number + 1}")

    def when_it_fails(self, told: Callable[[StoreError], None]) -> None:
        """Tells every failure to `told`, beside raising it: who goes on without records would go on blindly."""
        self._db.told = told

    def close(self) -> None:
        """Ends the connection."""
        self._db.close()

    def slot_means(self, minutes: int) -> Iterator[SlotMeans]:
        """All stored slot means, oldest first, one at a time: months of them together take 15 MB."""
        rows = self._db.execute("SELECT slot_s, base_kw, pv_kw FROM slot_means ORDER BY slot_s")
        for slot_s, base, pv in rows:
            yield SlotMeans(Slot(slot_s, minutes), base, pv)

    def add_slot_means(self, rows: Iterable[SlotMeans]) -> None:
        """Stores slot means in one transaction."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT OR REPLACE INTO slot_means VALUES (?, ?, ?)",
                [(row.slot.start_s, row.base_kw, row.pv_kw) for row in rows],
            )

    def add(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Stores records of one table in one transaction; a record with a known key replaces it."""
        if not rows:
            return
        marks = ", ".join("?" * len(rows[0]))
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)

    def add_problem(self, slot_s: int, at_s: int, document: bytes) -> None:
        """Stores the problem of the plan from a slot on, and forgets those older than some days."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("INSERT OR REPLACE INTO problems VALUES (?, ?, ?)", (slot_s, at_s, document))
            self._db.execute("DELETE FROM problems WHERE slot_s < ?", (slot_s - KEEP_PROBLEMS_S,))

    def add_forecast(self, slot_s: int, paths: bytes) -> None:
        """Stores the load and generation expected from a slot on, and forgets those older than some weeks."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("INSERT OR REPLACE INTO forecasts VALUES (?, ?)", (slot_s, paths))
            self._db.execute("DELETE FROM forecasts WHERE slot_s < ?", (slot_s - KEEP_FORECASTS_S,))

    def add_weather(self, issued_s: int, start_s: int, step_s: int, values: bytes) -> None:
        """Stores a weather forecast as it was issued, and forgets those issued more than a month before it."""
        with self._db:
            self._db.execute("BEGIN")
            row = (issued_s, start_s, step_s, values)
            self._db.execute("INSERT OR REPLACE INTO weather VALUES (?, ?, ?, ?)", row)
            self._db.execute("DELETE FROM weather WHERE issued_s < ?", (issued_s - KEEP_WEATHER_S,))

    def add_signals(self, rows: list[tuple[int, str, float]]) -> None:
        """Stores what sensors showed in a slot that ended, and forgets what is older than 211 days."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO signals VALUES (?, ?, ?)", rows)
            self._db.execute("DELETE FROM signals WHERE slot_s < ?", (max(row[0] for row in rows) - KEEP_SIGNALS_S,))

    def add_spent(self, slot: SpentSlot) -> None:
        """Stores what the energy of a slot cost by the tariff."""
        self.add("spent", [(slot.start_s, slot.import_kwh, slot.export_kwh, slot.cost)])

    def spent(self, from_s: int) -> list[SpentSlot]:
        """What was stored of the slots from a moment on, oldest first."""
        query = "SELECT slot_s, import_kwh, export_kwh, cost FROM spent WHERE slot_s >= ? ORDER BY slot_s"
        return [
            SpentSlot(start_s=start_s, import_kwh=taken, export_kwh=given, cost=cost)
            for start_s, taken, given, cost in self._db.execute(query, (from_s,))
        ]

    def forget_old(self, now_s: int) -> None:
        """Removes a little of what is older than its table keeps; call it now and then."""
        for query, parameters in deletions(now_s):
            self._db.execute(query, parameters)

    def count(self, table: str) -> int:
        """How many records a table holds."""
        (number,) = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(number)

    def rows(self, table: str, columns: str, order: str) -> list[tuple[Any, ...]]:
        """All records of a table, some columns of them, in an order."""
        return self._db.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()

    def market_messages(self, kind: str, count: int) -> list[str]:
        """The newest messages of a kind that were recorded, oldest first, as JSON."""
        query = "SELECT message FROM market WHERE kind = ? ORDER BY slot DESC LIMIT ?"
        return [row[0] for row in self._db.execute(query, (kind, count))][::-1]

    def fact(self, name: str) -> Any:
        """A stored fact, or None."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set_fact(self, name: str, value: Any) -> None:
        """Stores a fact durably."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    # The household's store: what people have set, and the log of who changed it.

    def household(self) -> Any:
        """The settings and overrides that were stored last, or None."""
        return self.fact(HOUSEHOLD)

    def save_household(self, document: Any, entries: Sequence[Entry]) -> None:
        """Stores settings, overrides and their log entries in one transaction.

        Raises: NotStoredError when nothing was stored, for instance because the disk is full.
        """
        rows = [(e.at_s, e.by, e.what, e.device, json.dumps(e.before), json.dumps(e.after)) for e in entries]
        columns = "at_s, who, what, device, before, after"
        try:
            with self._db:
                self._db.execute("BEGIN")
                self._db.executemany(f"INSERT INTO household_log ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
                self._db.execute(
                    "DELETE FROM household_log WHERE number <= (SELECT max(number) FROM household_log) - ?",
                    (KEEP_HOUSEHOLD_LOG,),
                )
                self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (HOUSEHOLD, json.dumps(document)))
        except (sqlite3.Error, StoreError) as error:
            raise NotStoredError(f"{self._path.name}: {error}") from None

    def household_entries(self, most: int) -> list[Entry]:
        """The newest log entries, newest first."""
        query = "SELECT at_s, who, what, device, before, after FROM household_log ORDER BY number DESC LIMIT ?"
        return [
            Entry(at_s=at_s, by=who, what=what, device=device, before=json.loads(before), after=json.loads(after))
            for at_s, who, what, device, before, after in self._db.execute(query, (most,))
        ]

    # The outbox port of the transactive meter.

    def put(self, kind: str, slot: str, sequence: int, payload: bytes) -> None:
        """Stores a payload durably until it is answered."""
        self._db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, 0)", (kind, slot, sequence, payload))

    def settle(self, kind: str, slot: str) -> None:
        """Marks a payload as answered; the newest answered ones stay for their sequence."""
        self._db.execute("UPDATE outbox SET answered = 1 WHERE kind = ? AND slot = ? AND answered = 0", (kind, slot))
        self._db.execute(
            "DELETE FROM outbox WHERE answered = 1 AND rowid <= (SELECT max(rowid) FROM outbox) - ?", (KEEP_ANSWERED,)
        )

    def unanswered(self) -> list[tuple[str, str, int, bytes]]:
        """Everything not answered, oldest slot first."""
        rows = self._db.execute("SELECT kind, slot, sequence, payload FROM outbox WHERE answered = 0 ORDER BY slot")
        return [(kind, slot, sequence, bytes(payload)) for kind, slot, sequence, payload in rows]

    def last_sequence(self, kind: str, slot: str) -> int:
        """The highest sequence used for a kind and slot."""
        query = "SELECT sequence FROM outbox WHERE kind = ? AND slot = ?"
        row = self._db.execute(query, (kind, slot)).fetchone()
        return 0 if row is None else int(row[0])
