"""`community-broker verify`: checks a market from its published messages; needs nothing of the operator."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE, FAILED

if TYPE_CHECKING:
    from broker.audit.report import Report

EXAMPLES = """examples:
  mosquitto_sub -t 'hearthgrid/v1/elm-street/public/+' -F '%t %p' >> heard.txt
  community-broker verify heard.txt
  community-broker verify heard.txt --members 120 --checkpoint neighbour.note
  community-broker export state > published.txt && community-broker verify published.txt --json
  community-broker export state | community-broker verify -

What a member heard privately (receipts, awards, settlements, own orders) may stand in the same file. With the
settlements of all members of a slot (community-broker export --settlements) the slot is checked as a whole.

exit status: 0 nothing found, 1 violations (each with the name of its check), 2 no archive"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument(
        "archive", type=Path, metavar="ARCHIVE", help="one '<topic> <frame>' per line; - is standard input"
    )
    parser.add_argument("--broker-key", metavar="HEX", help="the broker's public key; else that of the calendar")
    parser.add_argument("--members", type=int, metavar="N", help="how many members the community really has")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint that another saw: the note, or a frame with it",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after the verification."""
    from broker.audit.archive import NoArchive, read_archive
    from broker.audit.verify import verify

    try:
        key = None if args.broker_key is None else _key(args.broker_key)
        lines = _text(args.archive).splitlines()
        notes = [_note(path.read_text(encoding="utf-8")) for path in args.checkpoint]
        archive = read_archive(lines, key)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; name a readable file", file=sys.stderr)
        return BAD_INPUT
    except UnicodeDecodeError:
        print(f"{args.archive}: is no UTF-8 text; record it with -F '%t %p'", file=sys.stderr)
        return BAD_INPUT
    except NoArchive as error:
        print(f"{args.archive}: {error}", file=sys.stderr)
        return BAD_INPUT
    except ValueError as error:
        print(f"--broker-key: {error}; give 64 hexadecimal digits", file=sys.stderr)
        return BAD_INPUT
    report = verify(archive, members=args.members, notes=notes)
    if args.json:
        print(json.dumps({"community": archive.community, **report.as_record()}))
    else:
        _print(archive.community, archive.broker_key, report)
    return FAILED if report.violations else DONE


def _text(archive: Path) -> str:
    return sys.stdin.buffer.read().decode() if str(archive) == "-" else archive.read_text(encoding="utf-8")


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError(f"{len(key)} bytes")
    return key


def _note(text: str) -> str:
    """The note of a checkpoint: the file holds it as it is, or a frame or payload of a `checkpoint` or `witness`."""
    start = text.find("{")
    try:
        return str(json.loads(text[start:])["note"]) if start >= 0 else text
    except (ValueError, KeyError, TypeError):
        return text


def _print(community: str, broker_key: bytes, report: "Report") -> None:
    print(f"{community}, signed by {broker_key.hex()}")
    print(
        f"cleared again: {report.rounds} rounds with {report.orders} orders, {report.blocks} block orders and"
        f" {report.replies} replies;"
        f" log: {report.checkpoints} checkpoints over {report.leaves} leaves;"
        f" opened: {report.awards} awards, {report.settlements} settlements, {report.settled_slots} slots as a whole"
    )
    for text in report.own_rules:
        print(f"published: {text}")
    for text in report.changes:
        print(f"changed: {text}")
    for text in report.unchecked:
        print(f"not checked: {text}")
    for violation in report.violations:
        print(f"VIOLATION {violation}")
    if not report.violations:
        print("nothing found")
