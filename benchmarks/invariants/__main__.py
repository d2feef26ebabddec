"""Every mechanism of the catalogue on random cases: does it keep what it declares?"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import Pool

from benchmarks.invariants.catalogue import all_checks
from benchmarks.invariants.check import Check
from benchmarks.machine import table, write

PART = 500  # cases at a time
WHAT = """Which promises a judge asks for follows from the catalogue (`community-broker mechanisms`); no judge calls
the code that it judges. A case is drawn from the name of the check and its number, so it can be made again.

* **Orders:** up to 8 steps a side; many ties and equal steps, several steps of a participant, members that buy and
  sell, negative prices, empty sides, equal unit orders, up to 10^9 Wh, numbers beyond 64 bits; random networks
  (limits, zones, full lines, charges, losses from none to nearly all, participants without a zone) and wishes
  (qualities, partners, premiums).
* **Auctions:** what is bought is sold and is the volume; nobody gets more than its orders, limits and lines allow, or
  trades with itself or with whom it does not take; every number is whole; budget balance and individual rationality
  as declared, premiums included; where it is to be maximal the welfare (in networks the volume too) of an exact
  cheapest flow or a merit order; the inputs shuffled give the equal outcome (arrivals kept).
* **With losses:** what is sold can become what is bought (whole flows of an own program up to 100,000 Wh, beyond it
  to 10^-11); in each place the best orders trade, at one whole price of its sellers and one amount per Wh of its
  buyers; the welfare is not above a bound of prices in rational numbers (but where sellers pay to be rid of less than
  one Wh for each pair), and below it by at most 3 Wh and the logarithm of what is offered, for each pair in use.
* **In questions:** the same of what members answer, with silent members and early ends; welfare when all answered.
* **Sharing:** all energy and money of a slot is accounted for, nobody pays more than outside, the paper's formula to
  a whole unit; kernel and smaller excesses for the nucleolus, balanced weights for the core test, the exact value by
  counting for the sampled Shapley value and its bound; one and several tariffs, feed-in negative or above retail.
* **The others:** every choice of blocks of small days; contracts after random histories; the cheapest energy and
  reserve, baselines; storage shares and accounts with losses; settlement formulas, also of lost energy; the
  offline market with losses by a linear program."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some cases of one check: how many were busy, the processor time, the first broken promise if there is any."""

    name: str
    busy: int
    cpu_s: float
    broken: str = ""


def judged_part(job: tuple[str, int, int]) -> Part:
    """The cases first..first+count-1 of the check of a name."""
    name, first, count = job
    check = next(check for check in all_checks() if check.name == name)
    began, busy = time.process_time(), 0
    for number in range(first, first + count):
        judged = check.judge(random.Random(f"{name} {number}"))
        if judged.findings:
            broken = f"{name}, case {number}: {'; '.join(judged.findings)}\n{judged.case}"
            return Part(name, busy, time.process_time() - began, broken)
        busy += judged.is_busy
    return Part(name, busy, time.process_time() - began)


def measured(checks: Sequence[Check], cases: int, first: int, processes: int) -> Iterator[list[str]]:
    """The rows of the table, check by check.

    Raises: SystemExit with the case and what it breaks.
    """
    places = range(first, first + cases, PART)
    jobs = [(check.name, place, min(PART, first + cases - place)) for check in checks for place in places]
    with Pool(processes) as pool:
        for name, parts in groupby(pool.imap(judged_part, jobs), key=lambda part: part.name):
            busy, cpu_s = 0, 0.0
            for part in parts:
                if part.broken:
                    raise SystemExit(part.broken)
                busy, cpu_s = busy + part.busy, cpu_s + part.cpu_s
            yield [name, f"{cases:,}", f"{busy / cases:.0%}", "0", f"{cpu_s:.0f}"]


def main() -> None:
    """Runs all checks, or those of one mechanism, and writes the table of a full run."""
    parser = argparse.ArgumentParser(prog="scripts/bench market_invariants", description=__doc__)
    parser.add_argument("--books", type=int, default=100_000, help="random cases per check [100000]")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case [0]")
    parser.add_argument("--mechanism", help="check this one only and write nothing")
    parser.add_argument("--processes", type=int, default=2, help="processes to compute on [2]")
    args = parser.parse_args()
    checks = [check for check in all_checks() if args.mechanism in (None, check.mechanism)]
    if not checks:
        parser.error(f"no mechanism {args.mechanism!r}: community-broker mechanisms lists them")
    rows = []
    for row in measured(checks, args.books, args.first, args.processes):
        rows.append(row)
        print(*row, flush=True)
    if args.mechanism is None:
        made = table(("mechanism", "cases", "with trades", "broken promises", "processor s"), rows)
        print(write("market_invariants", f"{args.books:,} random cases per check", [WHAT, made]))


if __name__ == "__main__":
    main()
