"""Reading what the page shows from `records.db`, beside the broker that writes it."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from broker.audit.archive import Archive
from broker.io import expiry
from broker.io.page.facts import AwardLine, LogLine, Market, MemberLine, RoundFacts, RoundLine, StorageFacts
from broker.io.page.storage_reading import storage_facts
from broker.io.records_sqlite import SqliteRecords
from broker.market.day_rules import read_pages
from broker.market.storage_terms import StorageTerms
from broker.network.grid import UNLIMITED, Grid
from wire import audit
from wire.codec import decode
from wire.commitments import RoundName
from wire.messages import BY_KIND, Book, Calendar, Clearing, Conditions, DayRules, Gate, Message, Trading
from wire.slots import format_utc, parse_utc

ROUNDS_SHOWN = 96
WINDOW_S = 86_400
OF_A_ROUND = ("gate", "book", "clearing", "conditions", "blocks", "question", "convergence", "replies")
OF_A_DAY = ("rules", "roster")
M = TypeVar("M", bound=Message)


class MarketRecords:
    """The records of one broker, opened for reading; `meters` are those of the configuration.

    `storage` is what is agreed on the storage that the members share, None where they share none.
    """

    def __init__(
        self, path: Path, calendar: Calendar, meters: Sequence[str], storage: StorageTerms | None = None
    ) -> None:
        """Raises: StorageFailed when the file is missing or of another release."""
        self._records = SqliteRecords(path, read_only=True)
        self._db: sqlite3.Connection = self._records.database
        self._calendar = calendar
        self._meters = meters
        self._storage = storage

    def close(self) -> None:
        """Closes the file."""
        self._records.close()

    def version(self) -> int:
        """A number that changes when the broker has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def market(self) -> Market:
        """The market now. The window is the day up to the newest settled slot, by the market's own clock."""
        since = self._since()
        return Market(
            calendar=self._calendar,
            since=since,
            rounds=self._rounds(),
            members=self._members(since),
            rejections=self._rejections(since),
            log=self._log(),
            trading=self._last(Trading),
            begins=expiry.begins(self._records),
            storage=self._shared_storage(),
        )

    def round(self, name: RoundName) -> RoundFacts | None:
        """All of one round, None when it is not recorded."""
        row = self._db.execute(
            "SELECT payload FROM clearing WHERE slot = ? AND stage = ? AND round = ?",
            (name.slot, name.stage, name.round),
        ).fetchone()
        if row is None:
            return None
        published = self._published(name)
        gate = next((message for message in published if isinstance(message, Gate)), None)
        pages = [message for message in published if isinstance(message, Book)]
        grid = self._grid(gate)
        return RoundFacts(
            clearing=decode(Clearing, bytes(row[0])),
            gate=gate,
            book=audit.complete_book(pages) if pages else None,
            awards=self._awards(name, grid),
            lines=grid.lines,
        )

    def archive(self, name: RoundName) -> Archive:
        """What was published that a round is cleared again from; block orders need the whole day of its stage."""
        found = self._published(name)
        if any(isinstance(message, Gate) and message.blocks for message in found):
            found = self._published(name, whole_day=True)
        day = audit.day_of(name.slot)
        found += self._of_kinds(OF_A_DAY, "day", day)
        archive = Archive(self._calendar.community, bytes.fromhex(self._calendar.broker_key))
        archive.messages = [self._calendar, *found]
        return archive

    def _published(self, name: RoundName, *, whole_day: bool = False) -> list[Message]:
        """Messages of a round (or of its stage and day), and the conditions of its slots."""
        day = audit.day_of(name.slot)
        found = self._of_kinds(OF_A_ROUND, "slot", name.slot) if not whole_day else self._day_of_stage(day)
        return [
            message
            for message in found
            if isinstance(message, Conditions)
            or (
                getattr(message, "stage", "") == name.stage
                and (whole_day or getattr(message, "round", -1) == name.round)
            )
        ]

    def _of_kinds(self, kinds: Sequence[str], key: str, value: str) -> list[Message]:
        marks = ", ".join("?" * len(kinds))
        rows = self._db.execute(
            f"SELECT kind, payload FROM public WHERE kind IN ({marks})"
            f" AND json_extract(CAST(payload AS TEXT), '$.{key}') = ? ORDER BY position, ordinal",
            (*kinds, value),
        )
        return [decode(BY_KIND[kind], bytes(payload)) for kind, payload in rows]

    def _day_of_stage(self, day: str) -> list[Message]:
        marks = ", ".join("?" * len(OF_A_ROUND))
        rows = self._db.execute(
            f"SELECT kind, payload FROM public WHERE kind IN ({marks}) ORDER BY position, ordinal", OF_A_ROUND
        )
        found = [decode(BY_KIND[kind], bytes(payload)) for kind, payload in rows]
        return [m for m in found if day in (getattr(m, "day", ""), audit.day_of(getattr(m, "slot", day)))]

    def _since(self) -> str:
        row = self._db.execute("SELECT max(slot) FROM settlement").fetchone()
        return "" if row[0] is None else format_utc(parse_utc(row[0]) - WINDOW_S)

    def _rounds(self) -> tuple[RoundLine, ...]:
        rows = self._db.execute(
            "SELECT slot, stage, round, mechanism, outcome, price_micro_per_kwh, volume_wh, orders FROM clearing"
            " ORDER BY slot DESC, rowid DESC LIMIT ?",
            (ROUNDS_SHOWN,),
        )
        return tuple(
            RoundLine(
                slot=slot,
                stage=stage,
                round=number,
                mechanism=mechanism,
                outcome=outcome,
                price_micro=price,
                volume_wh=volume,
                orders=orders,
            )
            for slot, stage, number, mechanism, outcome, price, volume, orders in rows
        )

    def _grid(self, gate: Gate | None) -> Grid:
        """The network that a round was cleared by, from the rules that its gate names."""
        if gate is None or not gate.rules:
            return Grid()
        told = self._of_kinds((DayRules.kind,), "day", audit.day_of(gate.slot))
        pages = [page for page in told if isinstance(page, DayRules) and page.revision == gate.rules]
        held = read_pages(pages)
        return Grid() if held is None else held.grid(self._calendar.slot_minutes)

    def _awards(self, name: RoundName, grid: Grid) -> tuple[AwardLine, ...]:
        rows = self._db.execute(
            "SELECT meter, bought_wh, sold_wh, price_micro_per_kwh, reason,"
            " json_extract(CAST(payload AS TEXT), '$.pseudonym') FROM award"
            " WHERE slot = ? AND stage = ? AND round = ? ORDER BY meter",
            (name.slot, name.stage, name.round),
        )
        return tuple(
            AwardLine(
                meter=meter,
                bought_wh=bought,
                sold_wh=sold,
                price_micro=price,
                reason=reason,
                limits=grid.envelopes.get(pseudonym, UNLIMITED),
            )
            for meter, bought, sold, price, reason, pseudonym in rows
        )

    def _members(self, since: str) -> tuple[MemberLine, ...]:
        sums: dict[str, tuple[int, ...]] = {}
        for meter, *found in self._db.execute(
            "SELECT meter, sum(quality = 'estimated' AND corrects IS NULL),"
            " sum(CASE WHEN corrects IS NULL AND metered_wh > 0 THEN metered_wh ELSE 0 END),"
            " sum(CASE WHEN corrects IS NULL AND metered_wh < 0 THEN -metered_wh ELSE 0 END),"
            " sum(CASE WHEN corrects IS NULL THEN abs(award_wh) ELSE 0 END), sum(total_nano)"
            " FROM settlement WHERE slot > ? GROUP BY meter",
            (since,),
        ):
            sums[meter] = tuple(found)
        last = dict(
            self._db.execute("SELECT meter, max(slot) FROM settlement WHERE quality = 'measured' GROUP BY meter")
        )
        refused: dict[str, list[str]] = defaultdict(list)
        for meter, code in self._db.execute(
            "SELECT meter, code FROM rejection WHERE slot IS NULL OR slot > ? ORDER BY position", (since,)
        ):
            refused[meter].append(code)
        return tuple(
            _member(meter, last.get(meter), sums.get(meter, (0, 0, 0, 0, 0)), refused.get(meter, []))
            for meter in sorted({*self._meters, *sums})
        )

    def _rejections(self, since: str) -> tuple[tuple[str, int], ...]:
        rows = self._db.execute(
            "SELECT code, count(*) FROM rejection WHERE slot IS NULL OR slot > ? GROUP BY code ORDER BY 2 DESC, 1",
            (since,),
        )
        return tuple((code, number) for code, number in rows)

    def _log(self) -> LogLine | None:
        row = self._db.execute(
            "SELECT size, root, slot FROM checkpoint ORDER BY size DESC, slot DESC LIMIT 1"
        ).fetchone()
        return None if row is None else LogLine(size=row[0], root=row[1], slot=row[2])

    def _shared_storage(self) -> StorageFacts | None:
        if self._storage is None:
            return None
        gate = self._last(Gate)
        now_s = None if gate is None else parse_utc(gate.closed_at)
        return storage_facts(self._db, self._storage, self._meters, now_s)

    def _last(self, model: type[M]) -> M | None:
        row = self._db.execute(
            "SELECT payload FROM public WHERE kind = ? ORDER BY position DESC, ordinal DESC LIMIT 1", (model.kind,)
        ).fetchone()
        return None if row is None else decode(model, bytes(row[0]))


def _member(meter: str, last_slot: str | None, sums: Sequence[int], refused: Sequence[str]) -> MemberLine:
    estimated, drawn, fed_in, traded, paid = sums
    return MemberLine(
        meter=meter,
        last_slot=last_slot,
        estimated=estimated,
        drawn_wh=drawn,
        fed_in_wh=fed_in,
        traded_wh=traded,
        paid_nano=paid,
        rejected=len(refused),
        last_rejection=refused[-1] if refused else None,
    )
