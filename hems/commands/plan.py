"""`hems plan`: plan one site once from a case file."""

import argparse
import json
import sys
import time
from typing import Any

from hems.io.case_file import plan_document, read_case, write_plan
from hems.planning.planner import Planner
from hems.planning.problem import problem_from_case
from hems.site.finding import CaseError

EPILOG = """examples:
  hems plan case.json --output plan.json
  hems plan case.json --json --gap 0.0005 --time-limit-s 10

exit status: 0 planned; 2 the case or an argument is wrong, nothing was written; 1 an internal failure"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "plan",
        help="plan one site once from a case file",
        description="Plan one site once: read a case file, write the least-cost plan.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", metavar="CASE.json", help="the site, its tariff, load and devices")
    parser.add_argument("--output", metavar="PLAN.json", help="write the plan to this file")
    parser.add_argument("--gap", type=_gap, default=1e-3, metavar="G", help="relative gap to stop at (default 0.001)")
    parser.add_argument(
        "--time-limit-s", type=_seconds, default=60.0, metavar="S", help="stop with the best plan so far (default 60)"
    )
    parser.add_argument("--json", action="store_true", help="print the plan on standard output, and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    try:
        case = read_case(args.case)
    except CaseError as error:
        print(error, file=sys.stderr)
        return 2
    plan = Planner(time.perf_counter).plan(problem_from_case(case), gap=args.gap, time_limit_s=args.time_limit_s)
    document = plan_document(case, plan)
    if args.output is not None:
        try:
            write_plan(args.output, document)
        except OSError as error:
            print(f"{args.output}: cannot be written ({error.strerror}); choose another place", file=sys.stderr)
            return 2
    if args.json:
        print(json.dumps(document, allow_nan=False))
    else:
        print(_summary(document))
    return 0


def _summary(document: dict[str, Any]) -> str:
    lines = [f"{document['status']}: cost {document['objective']:.4f}, solved in {document['solve_s']:.3f} s"]
    lines += [
        f"broken: {v['device']} {v['wish']} slot {v['slot']} by {v['amount']:.3g} {v['unit']}"
        for v in document["violations"][:20]
    ]
    more = len(document["violations"]) - 20
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


def _gap(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not in 0..1; give for instance 0.001")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def main(argv: list[str] | None = None) -> int:
    """Run this command on its own."""
    parser = argparse.ArgumentParser(prog="hems")
    subparsers = parser.add_subparsers(required=True)
    add_parser(subparsers)
    words = sys.argv[1:] if argv is None else argv
    args = parser.parse_args(["plan", *words])
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
