"""Cheating operators: each run plays two honest slots and one with a drawn trick, and looks who finds it.

`scripts/prove cheats --runs 1000`: every run has to be silent while the operator is honest, and to find the trick
with the named check within one slot. What cannot be found, and who finds what, stands in docs/honesty.md.
"""

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass

from broker.market.terms import Terms
from proofs.tricks.asked import asked_terms
from proofs.tricks.catalogue import CHEATS
from proofs.tricks.network import MEMBERS_MAX, terms_of
from proofs.tricks.plot import Plot, dishonest
from proofs.tricks.stored import GATE_LEAD_S, stored_terms
from proofs.watched_community import COMMUNITY, WatchedCommunity, slot
from wire.audit import Check, Violation
from wire.messages import PAIR_QUESTIONS_MAX

DRAWS_MAX = 50
HONEST = "honest"
HONEST_SLOTS, CHEATED_SLOT = (1, 3), 5
BEFORE_ORDERS = ("late_order", "listed_puppet", "counted_puppet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed. `live` and `offline` are the checks that failed in the meters and in the verification."""

    seed: int
    cheat: str
    sealed: bool
    false_alarms: tuple[Violation, ...]
    live: frozenset[Check]
    offline: frozenset[Check]

    @property
    def holds(self) -> bool:
        """True when the honest part was silent and the trick was found by its check, or there was none."""
        found = self.live | self.offline
        wanted = not found if self.cheat == HONEST else bool(found & CHEATS[self.cheat].found_by)
        return wanted and not self.false_alarms


def run(seed: int, cheat: str | None = None) -> Run:
    """The run of a seed; the trick is drawn, or given by name (`honest`: none). A trick without effect is redrawn."""
    names = sorted(CHEATS)
    name = cheat or names[seed % len(names)]
    for draw in range(DRAWS_MAX):
        result = _attempt(seed, name, random.Random(f"cheats/{seed}/{name}/{draw}"))
        if result is not None:
            return result
    raise AssertionError(f"seed {seed}: {name} had no effect in {DRAWS_MAX} draws")


def _attempt(seed: int, name: str, rng: random.Random) -> Run | None:
    kind = rng.choice(sorted(CHEATS)) if name == HONEST else name
    sealed = kind == "lost_reveal" or rng.random() < 0.3
    members = rng.randint(3, MEMBERS_MAX.get(kind, 9))
    own = {"sealed": sealed, "reveal_within_s": 20, **terms_of(kind, members), **asked_terms(kind, members)}
    own |= stored_terms(kind, members)
    terms = Terms(community=COMMUNITY, horizon_slots=4, group_min=2, **own)
    community = WatchedCommunity(members=members, terms=terms)
    for number in HONEST_SLOTS:
        play(community, rng, number)
    false_alarms = [*community.live_findings(), *community.verified().violations]
    plot = Plot(community, slot(CHEATED_SLOT), rng)
    if name == HONEST:
        play(community, rng, CHEATED_SLOT)
    else:
        trick = CHEATS[name].trick
        replaced = trick(plot) if name in BEFORE_ORDERS else {}
        community.order(rng, plot.slot, plot.slot.start_s - 300)
        replaced = replaced if name in BEFORE_ORDERS else trick(plot)
        with dishonest(replaced):
            _clear_and_deliver(community, rng, CHEATED_SLOT)
        if not plot.done:
            return None
    return Run(
        seed=seed,
        cheat=name,
        sealed=terms.sealed,
        false_alarms=tuple(false_alarms),
        live=frozenset(violation.check for violation in community.live_findings()),
        offline=frozenset(violation.check for violation in community.verified().violations),
    )


def play(community: WatchedCommunity, rng: random.Random, number: int) -> None:
    """One slot from the orders to the settlement."""
    community.order(rng, slot(number), slot(number).start_s - 300)
    _clear_and_deliver(community, rng, number)


def _clear_and_deliver(community: WatchedCommunity, rng: random.Random, number: int) -> None:
    at, terms = slot(number), community.terms
    if terms.storage:
        community.wish(rng, at, at.start_s - 300)
        community.step(at.start_s - GATE_LEAD_S)
    for _ in range(1 + PAIR_QUESTIONS_MAX if terms.trading[0].in_rounds else 1):
        community.step(terms.gate_s(at))
    community.step(terms.clearing_s(terms.gates(at)[-1]))
    community.step(at.start_s)
    community.report(rng, at)


def main(argv: list[str] | None = None) -> int:
    """Runs seeds one after the other; 0 when all hold."""
    parser = argparse.ArgumentParser(prog="scripts/prove cheats", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--cheat", choices=[*sorted(CHEATS), HONEST], help="one trick for all runs")
    args = parser.parse_args(argv)
    begin, bad = time.monotonic(), 0
    tried: Counter[str] = Counter()
    live: Counter[str] = Counter()
    for seed in range(args.first_seed, args.first_seed + args.runs):
        result = run(seed, args.cheat)
        tried[result.cheat] += 1
        live[result.cheat] += bool(result.live)
        if not result.holds:
            bad += 1
            print(f"seed {seed} ({result.cheat}): NOT caught, or a false alarm: {result}", file=sys.stderr)
    for name in sorted(tried):
        print(f"{name}: {tried[name]} runs, found live by a meter in {live[name]}")
    print(f"{args.runs - bad} of {args.runs} runs hold, {time.monotonic() - begin:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
