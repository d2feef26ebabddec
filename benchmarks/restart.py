"""How long a broker takes to start after days of trading, with and without what it carried forward.

`scripts/bench restart` lets homes trade and report for some days of 15-minute slots on the production market, journal
and records, then starts it again and again: folding all records, from a carried state, and after the past is erased.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from benchmarks.machine import table, write
from broker.control.service import Inbound, MarketService
from broker.io.carried_states import newest
from broker.io.carry_forward import Prepared, State, commit, prepared, swept
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.market.events import Enrolled, encode_event
from broker.market.market import Market
from broker.market.terms import OutsidePrices, Terms
from wire.codec import encode
from wire.messages import Message, MeterReport, Order, OrderStep, Side
from wire.signing import key_from_seed, seal
from wire.slots import Slot, format_utc

T = TypeVar("T")
COMMUNITY, START_S, DAY_S, STEPS = "elm", 1_800_057_600, 86_400, 8
TERMS = Terms(community=COMMUNITY)


class _Prices:
    """The same outside prices in every slot."""

    def prices(self, _slot: Slot) -> OutsidePrices:
        """Retail and feed-in."""
        return OutsidePrices(300_000, 80_000)


@dataclass(slots=True)
class _Home:
    """A meter with its key and registers [Wh]."""

    number: int
    imported_wh: int = 0
    exported_wh: int = 0

    @property
    def meter(self) -> str:
        """Its id."""
        return f"home-{self.number}"

    def sealed(self, message: Message) -> Inbound:
        """A message in the home's frame."""
        key = key_from_seed(self.number.to_bytes(32, "big"))
        return Inbound(message.kind, self.meter, seal(key, message.kind, COMMUNITY, encode(message)))

    def order(self, slot: Slot, rng: Random) -> Inbound:
        """An order with eight steps on one side, as a home's value curve has."""
        side = rng.choice((Side.BUY, Side.SELL))
        prices = sorted(rng.sample(range(80_000, 300_000), STEPS), reverse=side is Side.BUY)
        steps = tuple(OrderStep(side=side, price_micro_per_kwh=p, energy_wh=rng.randint(10, 200)) for p in prices)
        order = Order(
            community=COMMUNITY,
            meter=self.meter,
            stage="intraday",
            slot=slot.label,
            sequence=1,
            steps=steps,
            sent_at=format_utc(slot.start_s - 120),
        )
        return self.sealed(order)

    def report(self, slot: Slot, rng: Random) -> Inbound:
        """What the registers say of a slot."""
        before = self.imported_wh, self.exported_wh
        self.imported_wh += rng.randint(0, 900)
        self.exported_wh += rng.randint(0, 600)
        report = MeterReport(
            community=COMMUNITY,
            meter=self.meter,
            slot=slot.label,
            sequence=1,
            import_from_wh=before[0],
            import_to_wh=self.imported_wh,
            export_from_wh=before[1],
            export_to_wh=self.exported_wh,
            quality="measured",
            replaces=None,
        )
        return self.sealed(report)


def _enrolled(home: _Home) -> Enrolled:
    return Enrolled(
        at_s=START_S,
        meter=home.meter,
        public_key=key_from_seed(home.number.to_bytes(32, "big")).public_hex,
        nameplate_import_w=11_000,
        nameplate_export_w=11_000,
    )


def lived(state: StateDir, homes: int, days: int) -> int:
    """The journal records after so many days of a community in a new state directory."""
    state.create()
    rng, members = Random(7), [_Home(number) for number in range(1, homes + 1)]
    journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
    for file in (journal._db, records.database):
        file.execute("PRAGMA synchronous = OFF")  # the days that are lived through are not what is measured
    market = Market(TERMS, state.read_secret())
    service = MarketService(market, journal=journal, prices=_Prices(), recorder=records, record_from=0)
    service.agree([_enrolled(home) for home in members], START_S)
    for slot in (Slot(START_S + 900 * k, 15) for k in range(1, 96 * days + 1)):
        service.step(slot.start_s - 120)
        service.handle([home.order(slot, rng) for home in members], slot.start_s - 120)
        service.step(slot.start_s - 60)
        service.step(slot.end_s)
        service.handle([home.report(slot, rng) for home in members], slot.end_s + 5)
        service.step(slot.end_s + 5)
    journal.close()
    records.close()
    return service.journaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A start as it was measured."""

    after: str
    seconds: float
    folded: int
    journal_mb: float
    records_mb: float


def started(state: StateDir, after: str) -> tuple[Start, MarketService, SqliteJournal]:
    """The time until a broker's market stands; the journal stays open."""
    began = time.perf_counter()
    journal = SqliteJournal(state.journal)
    fold = newest(journal, lambda: Market(TERMS, state.read_secret()))
    records = SqliteRecords(state.records, read_only=True)
    service = MarketService(fold, journal=journal, prices=_Prices(), recorder=records)
    seconds = time.perf_counter() - began
    records.close()
    sizes = [path.stat().st_size / 1e6 for path in (state.journal, state.records)]
    start = Start(after=after, seconds=seconds, folded=service.folded, journal_mb=sizes[0], records_mb=sizes[1])
    return start, service, journal


def measured(state: StateDir, kept_days: int) -> tuple[list[Start], list[tuple[str, float]]]:
    """Starts: of all records, of a carried state, after all but some days are erased; and the steps between [s]."""
    steps: list[tuple[str, float]] = []

    def timed(what: str, do: Callable[[], T]) -> T:
        began = time.perf_counter()
        done = do()
        steps.append((what, time.perf_counter() - began))
        return done

    whole, service, journal = started(state, "folding all records")
    timed("writing down the state of now, in the broker", lambda: _commit(Prepared(State.of(service.fold)), journal))
    journal.close()
    carried = _closed(started(state, "from the carried state"))
    journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
    before_s = service.last_s // DAY_S * DAY_S - kept_days * DAY_S
    made = timed("folding to the day, in another process", lambda: prepared(journal, state.read_secret(), before_s))
    timed("the transaction, in the broker", lambda: _commit(made, journal))
    pieces = timed("overwriting what was erased, in the broker, in pieces", lambda: _swept(journal, records))
    steps.append(("the longest of them", max(pieces)))
    journal.shrink()
    records.shrink()
    journal.close()
    records.close()
    return [whole, carried, _closed(started(state, f"all but {kept_days} days erased"))], steps


def _swept(journal: SqliteJournal, records: SqliteRecords) -> list[float]:
    """The time of each piece [s]."""
    pieces, is_done = [], False
    while not is_done:
        began = time.perf_counter()
        is_done = swept(journal, records)
        pieces.append(time.perf_counter() - began)
    return pieces


def _commit(made: Prepared, journal: SqliteJournal) -> None:
    commit(made, journal, lambda events, keep: keep([encode_event(e) for e in events]), at_s=0, by="benchmark")


def _closed(found: tuple[Start, MarketService, SqliteJournal]) -> Start:
    found[2].close()
    return found[0]


def main() -> None:
    """Measures, prints and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=10)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--kept", type=int, default=7, help="days that are kept when the rest is erased (7)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        state = StateDir(Path(directory) / "state")
        records = lived(state, args.homes, args.days)
        rows, steps = measured(state, args.kept)
    shown = [
        (s.after, f"{s.seconds:.2f} s", f"{s.folded:,}", f"{s.journal_mb:.1f} MB", f"{s.records_mb:.1f} MB")
        for s in rows
    ]
    head = f"{args.homes} homes, {args.days} days of 15-minute slots, {records:,} journal records."
    per_s = rows[0].folded / rows[0].seconds
    year = f"A start folds {per_s:,.0f} records/s: {records / args.days * 365 / per_s:,.0f} s for a year of them."
    parts = [
        f"{head} {year}",
        table(("start", "time", "records folded", "journal.db", "records.db"), shown),
        table(("step", "time"), [(what, f"{seconds:.2f} s") for what, seconds in steps]),
    ]
    print(
        write(
            "restart", "one run; the market until it stands, without Python's own start and MQTT", parts
        ).read_text()
    )


if __name__ == "__main__":
    main()
