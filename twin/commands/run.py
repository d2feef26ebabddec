"""`twin run`: a whole community in virtual time."""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryFile

from twin.commands.progress import progress
from twin.commands.table import summary
from twin.errors import InputError

EXAMPLES = """examples:
  twin run --scenario scenarios/summer-week --output out/
  twin run --scenario scenarios/summer-week --foresight perfect --seed 7 --output out/
  twin run --households homes.csv.gz --homes 6 --days 2 --timezone America/Los_Angeles --output out/
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "run",
        help="run a community in virtual time",
        description="Runs a community of measured homes in virtual time with the production code of every part.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_world_options(parser, required=True)
    parser.add_argument("--mechanism", default="uniform_price_k_double_auction", help="market mechanism")
    parser.add_argument(
        "--futures",
        type=int,
        default=0,
        metavar="N",
        help="plan over N ways in which the day may go on [0: the expected one]",
    )
    parser.add_argument("--shuffle", type=int, metavar="SEED", help="shuffle messages and deliver 30 %% twice")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where results and report go")
    parser.add_argument("--json", action="store_true", help="print the results as JSON, nothing else")
    parser.set_defaults(handler=run)


def add_world_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Adds the options that name a community and say what its homes know; `required`: one has to be named."""
    source = parser.add_mutually_exclusive_group(required=required)
    source.add_argument("--scenario", type=Path, metavar="DIR", help="a scenario folder")
    source.add_argument("--households", type=Path, metavar="CSV.GZ", help="measured homes; assets are drawn by seed")
    parser.add_argument("--prices", type=Path, metavar="CSV.GZ", help="import and export prices (with --households)")
    parser.add_argument("--start", metavar="DATE", help="first counted day (with --households), from local midnight")
    parser.add_argument("--days", type=int, help="counted days (with --households) [7]")
    parser.add_argument("--homes", metavar="N|all", help="how many homes (with --households) [all]")
    parser.add_argument("--timezone", metavar="ZONE", help="where the homes are (with --households) [UTC]")
    parser.add_argument("--foresight", choices=("real", "perfect"), default="real", help="what homes expect [real]")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything drawn [1]")
    parser.add_argument("--processes", type=int, default=2, help="processes to compute on [2]")


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when done, 2 for bad input, and nothing is written then."""
    from broker.mechanisms.catalogue import LIVE
    from twin.output import write_run
    from twin.run import RunOptions, stages
    from twin.run import run as run_world
    from twin.shared_storage import SHARED_STORAGE, with_storage
    from twin.source import chosen_world

    known = sorted([*LIVE, SHARED_STORAGE])
    if args.mechanism not in known:
        print(f"--mechanism {args.mechanism}: unknown; use one of {', '.join(known)}", file=sys.stderr)
        return 2
    if not 0 <= args.futures <= 20:
        print("--futures has to be 0 to 20", file=sys.stderr)
        return 2
    if args.processes < 1 or (args.days is not None and args.days < 1):
        print("--processes and --days have to be at least 1", file=sys.stderr)
        return 2
    try:
        world = chosen_world(args)
        world = with_storage(world) if args.mechanism == SHARED_STORAGE else world
        make_folder(args.output)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"--output {args.output}: {error.strerror}; name a folder that can be written", file=sys.stderr)
        return 2
    options = RunOptions(
        foresight=args.foresight,
        mechanism=args.mechanism,
        seed=args.seed,
        processes=args.processes,
        futures=args.futures,
        shuffle_seed=args.shuffle,
    )
    if args.households is not None and not args.json:
        print("\n".join([world.tariff_note, *(f"{twin.name}: {twin.note}" for twin in world.homes), ""]))
    with progress(stages(world, options), quiet=args.json) as tick:
        done = run_world(world, options, tick)
    write_run(args.output, world, done)
    if args.json:
        print(json.dumps(done.results))
    else:
        print(summary(done.results, world.currency))
        print(f"\n{args.output / 'results.json'}\n{args.output / 'report.html'}")
    return 0


def make_folder(folder: Path) -> None:
    """Makes the folder and tries it. Raises: OSError when nothing could be written there at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass
