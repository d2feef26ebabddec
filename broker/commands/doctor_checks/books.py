"""Journal, ledger and records of a community."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from broker.commands.doctor_checks.community_place import CommunityPlace, journal_size, kept_records
from broker.control.ports import StorageFailed
from broker.io.journal_sqlite import RESTORE, SqliteJournal
from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.files import read_only
from wire.slots import parse_utc

CHAIN_RECORDS_MAX = 2_000_000
UNSENT_MAX = 600
SILENT_SLOTS = 8
REFUSED_SHARE = 0.2
Row = tuple[Any, ...]


def chain_holds(place: CommunityPlace) -> Finding:
    """Whether every record of the journal fits its hash chain."""
    path = place.state.journal
    if not path.is_file():
        return skipped("no journal yet: the first start makes it", str(path))
    records = kept_records(place.state)
    if records > CHAIN_RECORDS_MAX:
        return skipped(f"{records} records: run 'community-broker replay {place.state.root}'", str(path))
    try:
        journal = SqliteJournal(path, read_only=True)
        try:
            return _walked(journal)
        finally:
            journal.close()
    except StorageFailed as error:
        return fail(str(error), remedy=RESTORE)


def _walked(journal: SqliteJournal) -> Finding:
    """The finding of a walk through the records that were there when it was opened; more may come meanwhile."""
    known, seen = len(journal), journal.first
    for _ in journal.records():
        seen += 1
        if seen == known:
            break
    if seen < known:
        return fail(f"{seen} of {known} records", remedy=RESTORE)
    erased = f", the first {journal.first} of them erased" if journal.first else ""
    return ok(f"{known} records{erased}")


def ledger_sums_to_zero(place: CommunityPlace) -> Finding:
    """Whether all accounts together hold nothing: money is never made nor lost."""
    found = place.replayed.get()
    if isinstance(found, str):
        return skipped(found)
    if found.ledger_sum_nano:
        remedy = "stop the broker, keep the state directory as it is, and report it"
        return fail(f"the accounts sum to {found.ledger_sum_nano} nano", remedy=remedy)
    return ok(f"{found.ledger_entries} postings sum to zero")


def replay_is_identical(place: CommunityPlace) -> Finding:
    """Whether the journal gives exactly what was recorded as sent."""
    found = place.replayed.get()
    if isinstance(found, str):
        return skipped(found)
    if found.difference is not None:
        remedy = "stop the broker, move records.db away and start it: it fills the records again from the journal"
        return fail(found.difference, remedy=remedy)
    return ok(f"{sum(found.rows.values())} rows, log of {found.log_size} leaves")


def clearing_is_recent(place: CommunityPlace) -> Finding:
    """Whether the newest cleared slot is of now."""
    if place.config is None:
        return skipped("no configuration that could be read")
    slot_s = 60 * place.config.market.slot_minutes

    def look(rows: Sequence[Row]) -> Finding:
        slot, outcome = rows[0] if rows else (None, None)
        if slot is None:
            return skipped("nothing was cleared yet")
        if place.now_s - parse_utc(slot) > 3 * slot_s:
            return fail(f"the newest cleared slot is {slot}", remedy="start the broker; see its log when it runs")
        return ok(f"slot {slot}: {outcome}")

    return asked(place, "SELECT slot, outcome FROM clearing ORDER BY slot DESC LIMIT 1", look)


def settlement_is_recent(place: CommunityPlace) -> Finding:
    """Whether delivered slots are settled in time."""
    if place.config is None:
        return skipped("no configuration that could be read")
    market = place.config.market
    late_s = 60 * market.slot_minutes * 3 + market.report_within_s

    def look(rows: Sequence[Row]) -> Finding:
        if not rows or rows[0][0] is None:
            return skipped("nothing was settled yet")
        if place.now_s - parse_utc(rows[0][0]) > late_s:
            return fail(
                f"the newest settled slot is {rows[0][0]}", remedy="start the broker; see its log when it runs"
            )
        return ok(f"slot {rows[0][0]}")

    return asked(place, "SELECT max(slot) FROM settlement", look)


def members_report(place: CommunityPlace) -> Finding:
    """Which members have been settled on estimates for some slots in a row: their meters are silent."""

    def look(rows: Sequence[Row]) -> Finding:
        if not rows:
            return skipped("nothing was settled yet")
        silent = [meter for meter, estimated, slots in rows if estimated == slots and slots >= SILENT_SLOTS // 2]
        if silent:
            what = f"silent for hours: {', '.join(silent[:10])}{' ..' if len(silent) > 10 else ''}"
            return warn(
                what, remedy="ask these members to run 'hems doctor'; their slots are corrected when they report"
            )
        return ok(f"{len(rows)} members report")

    query = (
        "SELECT meter, sum(quality = 'estimated'), count(*) FROM settlement WHERE corrects IS NULL AND slot IN"
        f" (SELECT DISTINCT slot FROM settlement ORDER BY slot DESC LIMIT {SILENT_SLOTS})"
        " GROUP BY meter ORDER BY meter"
    )
    return asked(place, query, look, timely=False)


def little_is_refused(place: CommunityPlace) -> Finding:
    """Whether messages of members are refused more than now and then, and why."""

    def look(rows: Sequence[Row]) -> Finding:
        if not rows:
            return ok("nothing was refused")
        meter, code, count = rows[0]
        total = sum(row[2] for row in rows)
        what = f"{total} of late, most from {meter}: {code} ({count} times)"
        return warn(what, remedy="tell the member the hint of its rejection") if total > 100 else ok(what)

    query = (
        "SELECT meter, code, count(*) AS n FROM rejection WHERE position >"
        " (SELECT coalesce(max(position), 0) - 20000 FROM rejection) GROUP BY meter, code ORDER BY n DESC"
    )
    return asked(place, query, look, timely=False)


def all_was_sent(place: CommunityPlace) -> Finding:
    """Whether what the journal caused has been recorded, and acknowledged by the MQTT server."""

    def look(rows: Sequence[Row]) -> Finding:
        told: dict[str, int] = dict(rows)
        size = journal_size(place.state)
        unsent = size - int(told.get("journal_sent", 0))
        if unsent > UNSENT_MAX:
            what = f"messages of {unsent} journal records wait for the MQTT server"
            return warn(what, remedy="see MQTT server; they are sent when it is back")
        return ok(f"{unsent} journal records not yet marked as sent")

    return asked(place, "SELECT name, value FROM health", look, timely=False)


def asked(
    place: CommunityPlace, query: str, look: Callable[[Sequence[Row]], Finding], *, timely: bool = True
) -> Finding:
    """What `look` finds in the rows of a query; `timely` checks say nothing about a broker in announced time."""
    path: Path = place.state.records
    if not path.is_file():
        return skipped("no records yet", str(path))
    if timely and place.is_driven:
        return skipped("a driven clock: the records are not of now")
    try:
        with read_only(path) as connection:
            return look(connection.execute(query).fetchall())
    except sqlite3.Error as error:
        return fail(f"cannot be read: {error}", where=str(path), remedy="see the check of this database")
