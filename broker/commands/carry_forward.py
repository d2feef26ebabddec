"""`community-broker carry-forward`: writes down what the past came to, and erases what is older than a day."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE, FAILED

if TYPE_CHECKING:
    from broker.io.carry_forward import Prepared
    from broker.io.journal_sqlite import SqliteJournal
    from broker.io.records_sqlite import SqliteRecords
    from broker.io.state_dir import StateDir

EXAMPLES = """examples:
  community-broker carry-forward state --before 2026-11-01
  community-broker carry-forward state

For a broker that does not run; one that runs does it by itself every day with [privacy] records_kept_days = 400.
Orders, reports, awards and settlements of before the day (UTC) are erased from journal.db and records.db. Members,
terms, open slots, contracts, balances and the leaves' hashes of the log are carried forward: the broker goes on
exactly as it would have. Export the books of the time first, where the law asks for them. Without --before nothing
is erased, only the next start is quick.

Erased bytes are overwritten. An SSD may keep copies that no program reaches, and backups made before hold everything.

exit status: 0 done, 1 not (the reason is printed, the state directory is as before), 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--before", metavar="DAY", help="the first day (UTC) that is kept, such as 2026-11-01")


def run(args: argparse.Namespace) -> int:
    """The exit status after carrying forward."""
    from broker.control.ports import StorageFailed
    from broker.io.carried_states import NoTerms
    from broker.io.state_dir import StateDir, exclusive
    from broker.market.events import UnknownRecord

    state = StateDir(args.state_dir)
    if not state.journal.is_file():
        print(f"STATE_DIR: {args.state_dir} holds no journal; name the state directory of a broker", file=sys.stderr)
        return BAD_INPUT
    try:
        before_s = None if args.before is None else _day_s(args.before)
    except ValueError:
        print(f"--before {args.before}: is no day; write 2026-11-01", file=sys.stderr)
        return BAD_INPUT
    try:
        with exclusive(state):
            return _carried(state, before_s)
    except (NoTerms, UnknownRecord) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except StorageFailed as error:
        print(error, file=sys.stderr)
        return FAILED


def _day_s(text: str) -> int:
    from wire.slots import parse_utc

    return parse_utc(f"{date.fromisoformat(text).isoformat()}T00:00:00Z")


def _carried(state: "StateDir", before_s: int | None) -> int:
    from broker.io.carried_states import journal_terms
    from broker.io.carry_forward import prepared
    from broker.io.journal_sqlite import SqliteJournal
    from broker.io.records_sqlite import SqliteRecords
    from wire.slots import format_utc

    journal = SqliteJournal(state.journal)
    try:
        records = SqliteRecords(state.records)
        try:
            least_days = journal_terms(journal).least_kept_days
            made = prepared(journal, state.read_secret(), before_s)
            latest_s = (made.newest.last_s // 86_400 - least_days) * 86_400
            if before_s is not None and before_s > latest_s:
                print(
                    f"--before: the last {least_days} days may still be corrected; the latest day is"
                    f" {format_utc(latest_s)[:10]}",
                    file=sys.stderr,
                )
                return BAD_INPUT
            return _written(made, journal, records, state)
        finally:
            records.close()
    finally:
        journal.close()


def _written(made: "Prepared", journal: "SqliteJournal", records: "SqliteRecords", state: "StateDir") -> int:
    """Commits, then erases the bytes; a second run finishes what a full disk kept from it."""
    from broker.commands.act_file import user
    from broker.io.carry_forward import commit, sweep_all
    from wire.slots import format_utc

    began = journal.first
    commit(made, journal, lambda events, keep: keep(_encoded(events)), at_s=made.newest.last_s, by=user())
    sweep_all(journal, records)
    if made.beginning is not None:
        journal.shrink()
        records.shrink()
        print(f"{made.beginning.records - began} records of before {format_utc(made.before_s)[:10]} are erased")
    elif made.before_s:
        print(f"nothing is older than {format_utc(made.before_s)[:10]}")
    print(f"carried forward: the next start goes on after record {made.newest.records}; {_sizes(state)}")
    return DONE


def _encoded(events: object) -> list[bytes]:
    from broker.market.events import encode_event

    return [encode_event(event) for event in events]  # type: ignore[attr-defined]


def _sizes(state: "StateDir") -> str:
    return ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in (state.journal, state.records))
