"""A random network with losses between its zones, and the places that they make of the orders of a book."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.invariants.orders import Orders
from broker.clearing.book import Step
from broker.network.grid import MILLION, Envelope, Grid

PPM = (0, 0, 1, 10_000, 50_000, 123_457, 500_000, 999_999)

Pair = tuple[str, str]


def random_losses(rng: random.Random, zones: Sequence[str]) -> dict[Pair, int]:
    """Losses of most pairs of zones, also inside a zone: none, small, nearly all [ppm]."""
    kinds = rng.choice((PPM, PPM, (0,), (10_000, 50_000)))
    return {
        (a, b): rng.choice((rng.choice(kinds), rng.randint(0, max(kinds))))
        for a in zones
        for b in zones
        if rng.random() < 0.8
    }


@dataclass(frozen=True, slots=True)
class Places:
    """The steps that can trade by place, best first, and what arrives between places [ppm of what is sent].

    A place is all zones that losses do not tell apart; `sells_at` and `buys_at` name it for each participant.
    """

    offers: Mapping[str, list[Step]]
    bids: Mapping[str, list[Step]]
    arrives: Mapping[Pair, int]
    sells_at: Mapping[str, str]
    buys_at: Mapping[str, str]


def places(orders: Orders, grid: Grid) -> Places:
    """The market of a book; who stands in no zone is left out."""
    offers, bids = _limited(orders.offers, 1, grid), _limited(orders.bids, -1, grid)
    sellers, buyers = ({grid.zones[step.key]: "" for step in steps} for steps in (offers, bids))

    def left(a: str, b: str) -> int:
        return MILLION - grid.losses.get((a, b), 0)

    for zone in sellers:
        sellers[zone] = min(a for a in sellers if all(left(a, b) == left(zone, b) for b in buyers))
    for zone in buyers:
        buyers[zone] = min(b for b in buyers if all(left(a, b) == left(a, zone) for a in sellers))
    sells_at, buys_at = (
        {key: at[zone] for key, zone in grid.zones.items() if zone in at} for at in (sellers, buyers)
    )
    return Places(
        {a: [step for step in offers if sells_at[step.key] == a] for a in sellers.values()},
        {b: [step for step in bids if buys_at[step.key] == b] for b in buyers.values()},
        {(a, b): left(a, b) for a in sellers.values() for b in buyers.values()},
        sells_at,
        buys_at,
    )


def _limited(steps: Sequence[Step], sign: int, grid: Grid) -> list[Step]:
    """The best steps of everybody in a zone up to its limit, best first; `sign` 1 offers, -1 bids."""
    kept, room = list[Step](), dict[str, int]()
    for step in sorted(steps, key=lambda step: sign * step.price):
        envelope = grid.envelopes.get(step.key, Envelope())
        limit = envelope.export_wh if sign > 0 else envelope.import_wh
        if step.key in grid.zones and limit is not None:
            step = step._replace(quantity=min(step.quantity, room.setdefault(step.key, limit)))  # noqa: PLW2901
            room[step.key] -= step.quantity
        if step.key in grid.zones and step.quantity:
            kept.append(step)
    return kept
