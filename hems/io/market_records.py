"""What the meter's process has stored of its market, read beside it: rounds, own orders, settlements, findings."""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from hems.control.house_view.market_day import OwnOrder, RoundView, market_rounds
from hems.control.house_view.money import SettledPart, settled_part
from hems.control.market_clock import FACT as CLOCK_FACT
from hems.io.edge_store import MIGRATIONS
from wire.messages import Award, Clearing, Order, Reveal, Settlement
from wire.slots import format_utc, parse_utc

AUDIT = "market audit: "
FINDINGS_MAX = 20
ORDERS_MAX = 400


@dataclass(slots=True)
class MarketRecords:
    """The records of one meter process, never written to; `update` takes what is new since the last time.

    `failure` says why they cannot be read, "" when they can (or nothing is there yet). `number` rises with every
    change, so that a reader can tell whether there is something new to draw.
    """

    path: Path
    failure: str = ""
    number: int = 0
    parts: dict[tuple[str, str], SettledPart] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    clock_off_s: int | None = None  # how far ahead of the market's clock (+) or behind (-); None: it agrees
    _db: sqlite3.Connection | None = None
    _version: int = -1
    _last_row: int = 0
    _clearings: dict[str, Clearing] = field(default_factory=dict)
    _awards: dict[tuple[str, str, int], Award] = field(default_factory=dict)
    _orders: dict[str, OwnOrder] = field(default_factory=dict)

    def update(self, *, month_s: int, day_s: int) -> None:
        """Reads on: settlements of slots from `month_s` on, rounds of slots from `day_s` on [s since 1970]."""
        try:
            if self._db is None:
                self._open()
            if self._db is not None and self._has_changed(self._db):
                self._read(self._db, month_s, day_s)
                self.number += 1
            self.failure = "" if self._db is not None else self.failure
        except sqlite3.Error as error:
            self.failure = f"{self.path.name}: {error}. Run “hems doctor”."
            self.close()
        self._forget(month_s, day_s)

    def rounds(self) -> tuple[RoundView, ...]:
        """The rounds that are kept, oldest first."""
        return market_rounds(list(self._clearings.values()), self._awards, self._orders)

    def close(self) -> None:
        """Ends the connection."""
        if self._db is not None:
            self._db.close()
        self._db, self._version = None, -1

    def _open(self) -> None:
        if not self.path.exists():
            return
        db = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.2)
        (schema,) = db.execute("PRAGMA user_version").fetchone()
        if schema != len(MIGRATIONS):
            db.close()
            self.failure = f"{self.path.name} is of another release. Restart “hems meter” with this one."
            return
        self._db = db

    def _has_changed(self, db: sqlite3.Connection) -> bool:
        (version,) = db.execute("PRAGMA data_version").fetchone()
        changed = version != self._version
        self._version = version
        return bool(changed)

    def _read(self, db: sqlite3.Connection, month_s: int, day_s: int) -> None:
        month, day = format_utc(month_s), format_utc(day_s)
        query = "SELECT rowid, slot, kind, message FROM market WHERE rowid > ? AND slot >= ? ORDER BY rowid"
        for row, slot, kind, text in db.execute(query, (self._last_row, month)):
            self._last_row = max(self._last_row, row)
            if slot >= day or kind not in (Clearing.kind, Award.kind):
                self._take(slot, kind, text)
        orders = "SELECT kind, payload FROM outbox WHERE kind IN (?, ?) AND slot >= ? ORDER BY slot DESC LIMIT ?"
        for kind, payload in db.execute(orders, (Order.kind, Reveal.kind, day, ORDERS_MAX)):
            self._take_order(kind, bytes(payload))
        findings = "SELECT DISTINCT value FROM health WHERE value LIKE ? AND at_s >= ? ORDER BY at_s DESC LIMIT ?"
        rows = db.execute(findings, (f"{AUDIT}%", month_s, FINDINGS_MAX)).fetchall()
        clock = db.execute("SELECT value FROM facts WHERE name = ?", (CLOCK_FACT,)).fetchone()
        self.clock_off_s = None if clock is None else json.loads(clock[0])
        self.findings = tuple(str(value).removeprefix(AUDIT) for (value,) in rows)

    def _take(self, slot: str, kind: str, text: str) -> None:
        try:
            if kind == Clearing.kind:
                self._clearings[slot] = Clearing.model_validate_json(text)
            elif kind == Award.kind:
                award = Award.model_validate_json(text)
                self._awards[award.slot, award.stage, award.round] = award
            elif kind == Settlement.kind or kind.startswith("correction-"):
                self.parts[slot, kind] = settled_part(Settlement.model_validate_json(text))
        except ValidationError:
            return  # of an earlier release: it is not shown

    def _take_order(self, kind: str, payload: bytes) -> None:
        try:
            model = Order if kind == Order.kind else Reveal
            message = model.model_validate_json(payload)
        except ValidationError:
            return
        self._orders[message.slot] = OwnOrder(stage=message.stage, steps=message.steps)

    def _forget(self, month_s: int, day_s: int) -> None:
        """Lets go of what is over, so that a process of many months does not grow."""
        self.parts = {key: part for key, part in self.parts.items() if part.start_s >= month_s}
        self._clearings = {slot: one for slot, one in self._clearings.items() if parse_utc(slot) >= day_s}
        self._awards = {key: one for key, one in self._awards.items() if parse_utc(key[0]) >= day_s}
        self._orders = {slot: one for slot, one in self._orders.items() if parse_utc(slot) >= day_s}
