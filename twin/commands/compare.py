"""`twin compare`: the same community under several mechanisms, side by side."""

import argparse
import json
import sys
from pathlib import Path

from twin.commands.comparison_table import table
from twin.commands.progress import progress
from twin.commands.run import add_world_options, make_folder
from twin.errors import InputError

EXAMPLES = """examples:
  twin compare --mechanisms all --output out/compare
  twin compare --mechanisms uniform_price_k_double_auction,mid_market_rate --homes 5 --output out/compare
  twin compare --mechanisms all --scenario scenarios/summer-week --foresight perfect --output out/compare
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "compare",
        help="one community under several mechanisms",
        description="Runs the same community under each mechanism and compares cost, fairness, efficiency and peaks."
        " Without --scenario or --households it takes the homes that are shipped.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mechanisms", required=True, metavar="A,B,..|all", help="live mechanisms, or all of them")
    add_world_options(parser, required=False)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where compare.json and .html go")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON, nothing else")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when done, 2 for bad input, and nothing is written then."""
    from twin.comparison import comparison
    from twin.output import write_comparison
    from twin.run import RunOptions, run_each, stages
    from twin.source import compared_world

    try:
        mechanisms = chosen(args.mechanisms)
        if args.processes < 1 or (args.days is not None and args.days < 1):
            raise InputError("--processes, --days", "", "have to be at least 1")
        world = compared_world(args)
        make_folder(args.output)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"--output {args.output}: {error.strerror}; name a folder that can be written", file=sys.stderr)
        return 2
    options = RunOptions(foresight=args.foresight, seed=args.seed, processes=args.processes)
    with progress(stages(world, options, len(mechanisms)), quiet=args.json) as tick:
        runs = run_each(world, options, mechanisms, tick)
    found = comparison(world, runs)
    write_comparison(args.output, found)
    if args.json:
        print(json.dumps(found))
    else:
        print(f"{table(found)}\n\n{args.output / 'compare.json'}\n{args.output / 'compare.html'}")
    return 0


def chosen(text: str) -> tuple[str, ...]:
    """The live mechanisms that are named, each once. Raises: InputError with the names there are."""
    from broker.mechanisms.catalogue import LIVE

    if text == "all":
        return tuple(LIVE)
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in LIVE]
    if unknown or not names:
        what = f"{', '.join(unknown)} cannot run a community" if unknown else "names nothing"
        raise InputError("--mechanisms", "", f"{what}; use all, or some of {', '.join(sorted(LIVE))}")
    return names
