"""What dishonest orders gain under every auction. `scripts/bench strategic`."""

import argparse
import sys
from typing import Any

from benchmarks.machine import table, write
from twin.commands.strategies import measured

WHAT = """\
* **Number:** what the liar gains per slot beyond what it gains by honesty, in thousandths of the currency, and half
  of the 95 % interval over seeds. **Bold:** above 0 with its whole interval: the lie pays.
* One member lies (two when they collude), drawn by seed; all others state what energy is worth to them. Gains are
  counted at true values; what is bought beyond a want is sold at feed-in, what is sold beyond the means is bought at
  retail. [docs/strategic-bidding.md](../../docs/strategic-bidding.md) describes the behaviours.
* **Generated:** value curves drawn over the band 0.07 to 0.30. **Community:** the orders of the shipped homes on one
  day in quarter hours, each home's order taken as its truth."""


def cell(gain: dict[str, Any]) -> str:
    """A gain with its interval."""
    text = f"{1000 * gain['mean']:+.2f} ± {1000 * gain['half']:.2f}"
    return f"**{text}**" if gain["pays"] else text


def section(found: dict[str, Any]) -> list[str]:
    """Heading and tables of one kind of books: gains, then what the best lie does to all others."""
    title = f"## {found['books'].capitalize()} books"
    how = f"{found['slots']} slots, {found['members']} members, {found['seeds']} seeds of {found['rounds']} slots."
    behaviours = [gain["behaviour"] for gain in next(iter(found["mechanisms"].values()))]
    rows = [[name, *map(cell, gains)] for name, gains in found["mechanisms"].items()]
    best = [
        [name, top["behaviour"], cell(top), share(top), f"{1000 * top['others']:+.2f}"]
        for name, gains in found["mechanisms"].items()
        for top in [max(gains, key=lambda gain: gain["mean"])]
    ]
    head = ("mechanism", "best lie", "gain", "of the honest gain", "all others")
    return [title, how, table(("mechanism", *behaviours), rows), "Best lie per mechanism:", table(head, best)]


def share(gain: dict[str, Any]) -> str:
    """The gain as a share of the honest one."""
    return "-" if gain["share"] is None else f"{100 * gain['share']:+.1f} %"


def main() -> None:
    """Plays all auctions and writes the tables."""
    from broker.mechanisms.catalogue import LIVE

    parser = argparse.ArgumentParser(prog="scripts/bench strategic", description=__doc__)
    parser.add_argument("--books", nargs="+", choices=("generated", "community"), default=["generated", "community"])
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="auctions to leave out: slow ones")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=24)
    args = parser.parse_args()
    names = tuple(name for name in LIVE if name not in args.without)
    parts = [WHAT]
    for books in args.books:
        found = measured(names, argparse.Namespace(**{**vars(args), "books": books}))
        parts += section(found)
    how = "means over seeds, nothing here is a time"
    print(write("strategic", how, parts, " ".join(["strategic", *sys.argv[1:]])))


if __name__ == "__main__":
    main()
