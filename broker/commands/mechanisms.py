"""`community-broker mechanisms`: what can clear a market here, what it promises and where it comes from."""

import argparse
import json

from broker.commands.exit_status import DONE

EXAMPLES = """examples:
  community-broker mechanisms
  community-broker mechanisms --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--json", action="store_true", help="print the table as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the table."""
    from broker.mechanisms.catalogue import MECHANISMS

    rows = [
        {
            "name": m.name,
            "title": m.title,
            "budget_balance": m.budget_balance,
            "individual_rationality": m.individual_rationality,
            "truthfulness": m.truthfulness,
            "welfare": m.welfare,
            "source": m.source,
            "complexity": m.complexity,
            "assumes": m.assumes,
            "fallback": m.fallback,
            "live": m.is_offered,
        }
        for m in MECHANISMS.values()
    ]
    if args.json:
        print(json.dumps(rows))
        return DONE
    for row in rows:
        print(row["name"])
        for key, value in row.items():
            if key != "name":
                shown = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
                print(f"  {key.replace('_', ' '):<22} {shown}")
    return DONE
