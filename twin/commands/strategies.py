"""`twin strategies`: what members that misstate their orders gain under each auction."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twin.commands.compare import chosen
from twin.errors import InputError

EXAMPLES = """examples:
  twin strategies --mechanisms all
  twin strategies --mechanisms uniform_price_k_double_auction,vcg_double_auction --members 6 --seeds 30
  twin strategies --mechanisms all --books community --json
"""
COMMUNITY_HOMES = 10


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "strategies",
        help="what dishonest orders gain under each auction",
        description="Lets one member (or a pair) overbid, underbid, shade, withhold, spoof, collude or learn while"
        " all others bid what energy is worth to them, and reports the gain against honesty with 95 %% intervals.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mechanisms", required=True, metavar="A,B,..|all", help="live auctions, or all of them")
    parser.add_argument(
        "--books",
        choices=("generated", "community"),
        default="generated",
        help="drawn value curves, or the orders of a day of the shipped homes, which is run first [generated]",
    )
    parser.add_argument("--members", type=int, default=10, help="members of a slot [10, at most the shipped homes]")
    parser.add_argument("--seeds", type=int, default=12, help="repetitions, each with other liars and slots [12]")
    parser.add_argument("--rounds", type=int, default=24, help="slots of each repetition [24]")
    parser.add_argument("--json", action="store_true", help="print JSON, nothing else")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the JSON to a file")
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when done, 2 for bad input."""
    try:
        names = chosen(args.mechanisms)
        _check(args)
        found = measured(names, args)
        if args.output is not None:
            args.output.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"--output {args.output}: {error.strerror}; name a file that can be written", file=sys.stderr)
        return 2
    print(json.dumps(found) if args.json else table(found))
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.members < 2 or (args.books == "community" and args.members > COMMUNITY_HOMES):
        raise InputError("--members", "", f"has to be at least 2, and at most {COMMUNITY_HOMES} shipped homes")
    if args.seeds < 2 or args.rounds < 2:
        raise InputError("--seeds, --rounds", "", "have to be at least 2")


def measured(names: tuple[str, ...], args: argparse.Namespace) -> dict[str, Any]:
    """The gains per auction and behaviour; rules without orders are named apart. Tells standard error of progress."""
    from twin.results import is_auction
    from twin.strategic.books import community_slots, generated_slots
    from twin.strategic.tournament import gains

    if args.books == "community":
        slots = community_slots(args.members)
    else:
        slots = generated_slots(1, 4 * args.rounds, args.members)
    played = {}
    for name in filter(is_auction, names):
        print(name, file=sys.stderr, flush=True)
        found = gains(name, slots, seeds=args.seeds, rounds=args.rounds)
        played[name] = [{**asdict(gain), "pays": gain.pays} for gain in found]
    return {
        "books": args.books,
        "slots": len(slots),
        "members": args.members,
        "seeds": args.seeds,
        "rounds": args.rounds,
        "without_orders": [name for name in names if not is_auction(name)],
        "mechanisms": played,
    }


def table(found: dict[str, Any]) -> str:
    """One line per auction, one column per behaviour: gain in thousandths of the currency per slot."""
    lines = [
        f"gain beyond honesty per slot in thousandths of the currency, 95 % interval; * pays "
        f"({found['seeds']} seeds of {found['rounds']} slots, {found['members']} members, {found['books']} books)"
    ]
    for name, gains in found["mechanisms"].items():
        lines.append(f"\n{name}")
        lines += [_line(gain) for gain in gains]
    if found["without_orders"]:
        lines.append(f"\nno orders, nothing to misstate: {', '.join(found['without_orders'])}")
    return "\n".join(lines)


def _line(gain: dict[str, Any]) -> str:
    share = "" if gain["share"] is None else f"{gain['share']:+8.1%} of the honest gain"
    mark = "*" if gain["pays"] else " "
    others = f"others {1000 * gain['others']:+8.2f}"
    return (
        f"{mark} {gain['behaviour']:<18} {1000 * gain['mean']:+8.2f} ± {1000 * gain['half']:6.2f}  {share}  {others}"
    )
