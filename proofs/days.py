"""Proof days: the production broker, meters and settlement on drawn orders with every kind of trouble.

`scripts/prove days --days 10000` runs the promises R1, R2, R4, R5, R6 and R14; a violation names its seed.
"""

import argparse
import gc
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass

from proofs.checks import violations
from proofs.community import ProofCommunity
from proofs.drawn_day import drawn_day
from proofs.remembered import remembered_reading

COLLECT_AFTER = 50_000  # objects


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """What one day showed: promises broken, receipts held by meters, slots, broker restarts, clocks that were off."""

    seed: int
    mechanism: str
    broken: tuple[str, ...]
    receipts: int
    slots: int
    crashes: int
    wrong_clocks: int
    noticed: int


def prove_day(seed: int, mechanism: str | None = None) -> DayResult:
    """Runs and judges the day of a seed."""
    day = drawn_day(seed, mechanism)
    with remembered_reading():
        community = ProofCommunity(day)
        community.run()
        broken = tuple(violations(community))
    return DayResult(
        seed=seed,
        mechanism=day.terms.mechanism,
        broken=broken,
        receipts=len(community.receipts),
        slots=len(day.slots),
        crashes=community.crashes,
        wrong_clocks=len(day.wrong_clocks),
        noticed=sum(member.noticed for member in community.members.values()),
    )


def main(argv: list[str] | None = None) -> int:
    """Runs days in parallel; 0 when none broke a promise."""
    parser = argparse.ArgumentParser(prog="scripts/prove days", description=__doc__)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--mechanism", help="one mechanism for all days (drawn per day)")
    args = parser.parse_args(argv)
    begin = time.monotonic()
    seeds = [(seed, args.mechanism) for seed in range(args.first_seed, args.first_seed + args.days)]
    totals: Counter[str] = Counter()
    bad: list[DayResult] = []
    with multiprocessing.get_context("spawn").Pool(args.processes, initializer=_spare_the_collector) as pool:
        for result in pool.imap_unordered(_prove, seeds, chunksize=4):
            totals.update(receipts=result.receipts, slots=result.slots, crashes=result.crashes)
            totals.update(wrong_clocks=result.wrong_clocks, noticed=result.noticed)
            if result.broken:
                bad.append(result)
                print(f"seed {result.seed} ({result.mechanism}): {result.broken[0]}", file=sys.stderr)
    print(
        f"{args.days - len(bad)} of {args.days} days hold: {totals['slots']} slots, {totals['receipts']} receipts, "
        f"{totals['crashes']} broker crashes, {totals['noticed']} of {totals['wrong_clocks']} wrong clocks noticed, "
        f"{time.monotonic() - begin:.0f} s"
    )
    return 1 if bad else 0


def _spare_the_collector() -> None:
    """Modules and what they hold stay: only what a day leaves is looked through, and more seldom."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _prove(work: tuple[int, str | None]) -> DayResult:
    return prove_day(*work)


if __name__ == "__main__":
    sys.exit(main())
