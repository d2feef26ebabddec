"""`community-broker forget-member`: erases who a revoked member was; what is left names a meter, not a person."""

import argparse
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT

EXAMPLES = """examples:
  community-broker revoke state --meter home-7 --reason "moved away"
  community-broker forget-member state --meter home-7 --config broker.toml

Erased: name and contact (people.json), and with --config the [[members]] entry. Not erased, because accounts and the
public log rest on it: journal and records of the meter under its id, its public key, leaves under pseudonyms. Erase
by hand: the certificate ('certificate revoke'), and backups made before now (docs/operating.md tells how).

exit status: 0 done, 1 refused (the reason is printed), 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("state_dir", type=Path, metavar="STATE_DIR")
    parser.add_argument("--meter", required=True)
    parser.add_argument("--config", type=Path, metavar="broker.toml", help="take the [[members]] entry out of it too")


def run(args: argparse.Namespace) -> int:
    """The exit status after the name is gone."""
    from broker.commands.act_file import act
    from broker.commands.member_list import is_revoked
    from broker.control.ports import StorageFailed
    from broker.io.member_entries import EntryFailed, without_member
    from broker.io.people import forget
    from broker.io.state_dir import StateDir

    state = StateDir(args.state_dir)
    try:
        if not is_revoked(state, args.meter):
            print(f"{args.meter}: is no revoked member; run 'community-broker revoke' first", file=sys.stderr)
            return BAD_INPUT
        if args.config is not None:
            without_member(args.config, args.meter)
        was_known = forget(state.people, args.meter)
    except (StorageFailed, EntryFailed) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    said = f"who {args.meter} was is erased" if was_known else f"nobody was known behind {args.meter}"
    return act(args.state_dir, said, act="forget", meter=args.meter)
