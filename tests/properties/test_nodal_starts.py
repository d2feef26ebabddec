"""The nodal optimum does not depend on where the search starts: from one price, or from a linear program."""

import random

from pytest import MonkeyPatch

from broker.clearing.book import Step
from broker.clearing.nodal import duals
from broker.clearing.nodal.allocation import allocate
from broker.clearing.nodal.curves import Arc, NodalMarket, Node, bid_curve, offer_curve


def market(rng: random.Random) -> NodalMarket:
    count = rng.randint(1, 12)

    def steps() -> list[Step]:
        names = "abcdefgh"
        return [Step(rng.choice(names), rng.randint(-5, 15), rng.randint(1, 9)) for _ in range(rng.randint(0, 5))]

    ends = [(rng.randrange(count), rng.randrange(count)) for _ in range(rng.randint(0, 3 * count))]
    arcs = [Arc(a, b, rng.choice([0, 0, 1, 3]), rng.choice([None, 0, 1, 3, 10])) for a, b in ends if a != b]
    return NodalMarket([Node(bid_curve(steps()), offer_curve(steps())) for _ in range(count)], arcs)


def test_every_start_ends_in_the_same_welfare_volume_and_prices(monkeypatch: MonkeyPatch) -> None:
    rng = random.Random(7)
    for _ in range(150):
        given = market(rng)
        found = []
        for few in (0, 1_000):
            monkeypatch.setattr(duals, "FEW_NODES", few)
            best = allocate(given)
            found.append((best.welfare, best.volume, best.intervals))
        assert found[0] == found[1]


def test_a_start_far_from_the_optimum_only_takes_longer(monkeypatch: MonkeyPatch) -> None:
    rng = random.Random(8)
    for _ in range(50):
        given = market(rng)
        expected = allocate(given)
        wrong = [rng.randint(-(10**6), 10**6)] * len(given.nodes)
        monkeypatch.setattr(duals, "_start", lambda _, wrong=wrong: list(wrong))
        best = allocate(given)
        monkeypatch.undo()
        assert (best.welfare, best.volume, best.intervals) == (expected.welfare, expected.volume, expected.intervals)
