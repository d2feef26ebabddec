"""`community-broker schemas`: writes the JSON Schemas of all messages and the AsyncAPI document."""

import argparse
import json
from pathlib import Path

from broker.commands.exit_status import DONE

EXAMPLES = """examples:
  community-broker schemas docs/protocol"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("directory", type=Path, metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """The exit status after writing the files."""
    from wire.schemas import documents

    for name, document in documents().items():
        path: Path = args.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return DONE
