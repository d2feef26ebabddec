"""`community-broker storage`: the shared storage now: who has which share of it, and what is in the accounts."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.market.market import Market

EXAMPLES = """examples:
  community-broker storage state
  community-broker storage state --json

It folds the journal, so it also answers while the broker runs or is stopped.

exit status: 0 printed, 2 not a state directory, or a community without a storage"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--json", action="store_true", help="print the accounts as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the accounts."""
    from broker.control.ports import StorageFailed
    from broker.io.carried_states import NoTerms
    from broker.market.events import UnknownRecord

    try:
        market = _market(args.state_dir)
    except UnknownRecord as error:
        print(f"{args.state_dir}: {error}; install the release that wrote it, or a newer one", file=sys.stderr)
        return BAD_INPUT
    except (StorageFailed, NoTerms) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    found = _found(market)
    if found is None:
        print(
            f"{args.state_dir}: this community shares no storage; [storage] in broker.toml adds one", file=sys.stderr
        )
        return BAD_INPUT
    if args.json:
        print(json.dumps(found))
    else:
        _print(found)
    return DONE


def _market(state_dir: Path) -> "Market":
    """The market after all records of a journal."""
    from broker.io.carried_states import journal_terms, newest
    from broker.io.journal_sqlite import SqliteJournal
    from broker.io.state_dir import StateDir
    from broker.market.events import decode_event
    from broker.market.market import Market

    state = StateDir(state_dir)
    journal = SqliteJournal(state.journal, read_only=True)
    try:
        terms, secret = journal_terms(journal), state.read_secret()
        fold = newest(journal, lambda: Market(terms, secret))
        for record in journal.records(fold.journaled):
            fold.apply(decode_event(record))
        return fold.market
    finally:
        journal.close()


def _found(market: "Market") -> dict[str, Any] | None:
    """What the storage holds for whom; None without one."""
    from wire.slots import format_utc

    agreed, state = market.terms.shared_storage, market.storage.state
    if agreed is None:
        return None
    meters = sorted({*state.shares, *state.coming, *state.levels, *state.scores})
    return {
        "meter": agreed.meter,
        "allocation": agreed.allocation,
        "capacity_wh": agreed.capacity_wh,
        "charge_wh": state.charge_wh,
        "next_slot": None if state.next_slot_s is None else format_utc(state.next_slot_s),
        "next_allocation": None if state.next_period_s is None else format_utc(state.next_period_s),
        "accounts": [
            {
                "meter": meter,
                "share_wh": state.shares.get(meter, 0),
                "level_wh": state.levels.get(meter, 0),
                "next_share_wh": None if state.coming_s is None else state.coming.get(meter, 0),
                "score_wh": state.scores.get(meter),
            }
            for meter in meters
        ],
    }


def _print(found: dict[str, Any]) -> None:
    charge, capacity = found["charge_wh"] / 1000, found["capacity_wh"] / 1000
    print(f"{found['meter']}: {charge:.3f} of {capacity:.3f} kWh in the accounts, shared by {found['allocation']}")
    if found["next_slot"] is None:
        print(f"nothing is shared yet; the period from {found['next_allocation']} on is the first")
        return
    print(f"told until {found['next_slot']}, shared until {found['next_allocation']}")
    for row in found["accounts"]:
        coming = "" if row["next_share_wh"] is None else f"  then {row['next_share_wh'] / 1000:.3f} kWh"
        score = "" if row["score_wh"] is None else f"  score {row['score_wh'] / 1000:.3f}"
        print(
            f"  {row['meter']:<24} {row['level_wh'] / 1000:>9.3f} of {row['share_wh'] / 1000:.3f} kWh{coming}{score}"
        )
