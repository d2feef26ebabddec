"""The command line `community-broker`: one module per command, loaded only when it is the one that is asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

COMMANDS = {
    "run": "serve a community's market",
    "clear": "clear one market from a file",
    "mechanisms": "list the market mechanisms",
    "call": "ask the members for flexibility, or to stand by",
    "activate": "call the members that stand by",
    "replay": "recompute everything from the journal and compare it with the records",
    "verify": "check a market from its published messages",
    "export": "write what was published as signed frames, or all postings as CSV",
    "telemetry": "carry what was recorded to InfluxDB",
    "statement": "what a member pays and receives",
    "page": "serve the operator's page",
    "rounds": "the latest cleared slots",
    "storage": "the shares and accounts of the storage that members share",
    "members": "the enrolled meters, and who they belong to",
    "add-member": "enrol a meter: key, QR and configuration of the home",
    "revoke": "suspend a member at once",
    "readmit": "take a revoked member back",
    "forget-member": "erase who a revoked member was",
    "carry-forward": "erase the journal and the records of before a day",
    "pause": "stop trading at once",
    "resume": "let trading go on",
    "audit": "who changed what, and when",
    "backup": "copy a state directory, also while its broker runs",
    "restore": "put a backup into a new state directory",
    "doctor": "check a community's broker and say what to do",
    "certificate": "let members connect to the MQTT server, and end that",
    "acl": "the access list of the MQTT server",
    "schemas": "write the message schemas and the AsyncAPI document",
}


class _Version(argparse.Action):
    """Prints the installed version, read only when asked for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(nargs=0, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"{parser.prog} {version('hearthgrid')}")
        raise SystemExit(0)


def _module(command: str) -> Any:
    return importlib.import_module(f"broker.commands.{command.replace('-', '_')}")


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="community-broker", description="The community energy market.")
    parser.add_argument("--version", action=_Version, help="print the version and leave")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        wanted = name in argv
        module = _module(name) if wanted else None
        sub = commands.add_parser(
            name,
            help=summary,
            description=(module.__doc__ or "").strip() if module else None,
            epilog=module.EXAMPLES if module else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module is not None:
            module.add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status of a command: 0 done, 1 failed, 2 bad input."""
    given = list(sys.argv[1:] if argv is None else argv)
    args = _parser(given).parse_args(given)
    try:
        status: int = _module(args.command).run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (head, less): point stdout elsewhere so that closing it does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PermissionError as error:
        print(f"{error.filename}: {error.strerror}; run this as the broker's user", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    raise SystemExit(main())
