"""What an auction can be asked beside the orders: a random network, random wishes, and what they allow.

The judge puts them into one network of places: a seller's energy leaves its steps, passes its export limit and its
zone, crosses lines or pays a charge or is liked by a buyer, passes an import limit and ends in the steps of bids.
Where energy is lost between zones that is no flow that keeps its size: `lossy_judge` judges it.
"""

import random
from collections.abc import Iterator
from fractions import Fraction

from benchmarks.invariants.flow_judge import NO_LIMIT, Best, FlowJudge
from benchmarks.invariants.lossy_places import random_losses
from benchmarks.invariants.orders import Orders
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.preferences import Preference
from broker.mechanisms.mechanism import Asked, Mechanism
from broker.network.grid import Envelope, Grid, Line

ZONES = ("W", "X", "Y", "Z")
LEVELS = {"any": 0, "grey": 0, "local": 1, "green": 2}
KS = (Fraction(1, 2), Fraction(0), Fraction(1), Fraction(1, 3))


def random_rules(rng: random.Random, mechanism: Mechanism, orders: Orders) -> Rules:
    """The rules of a slot: a place of the price, a seed, and now and then what the mechanism asks for."""
    is_asked = rng.random() < 0.85
    return Rules(
        k=rng.choice(KS),
        seed=rng.randbytes(8),
        network=_grid(rng, mechanism, orders) if is_asked and mechanism.asks - {Asked.PREFERENCES} else None,
        preferences=_wishes(rng, orders) if is_asked and Asked.PREFERENCES in mechanism.asks else {},
    )


def _grid(rng: random.Random, mechanism: Mechanism, orders: Orders) -> Grid:
    """Zones for most participants, lines that are often full, charges up to the size of the prices."""
    asks, names = mechanism.asks, orders.names
    energies = [step.quantity for step in (*orders.bids, *orders.offers)]
    most = max(energies, default=1)
    lines = [
        Line(*rng.sample(ZONES, 2), rng.choice((0, rng.randint(0, most), 2 * most))) for _ in range(rng.randint(0, 5))
    ]
    charge = max((abs(step.price) for step in (*orders.bids, *orders.offers)), default=1) // 2
    charges = {(a, b): rng.choice((0, rng.randint(0, charge))) for a in ZONES for b in ZONES if rng.random() < 0.8}
    return Grid(
        envelopes={
            name: Envelope(*(rng.choice((None, 0, rng.randint(0, most), 3 * most)) for _ in range(2)))
            for name in (names if Asked.ENVELOPES in asks else ())
            if rng.random() < 0.6
        },
        zones={n: rng.choice(ZONES) for n in (names if Asked.ZONES in asks else ()) if rng.random() < 0.95},
        lines=tuple(lines) if Asked.LINES in asks else (),
        charges=charges if Asked.CHARGES in asks else {},
        losses=random_losses(rng, ZONES) if Asked.LOSSES in asks else {},
    )


def _wishes(rng: random.Random, orders: Orders) -> dict[str, Preference]:
    """Qualities, partners and premiums of some participants."""
    names = orders.names
    premium = max((abs(step.price) for step in (*orders.bids, *orders.offers)), default=1) // 2 + 1

    def wish(name: str) -> Preference:
        others = [other for other in names if other != name]
        liked = rng.sample(("local", "green", *others), min(2, len(others)))
        return Preference(
            quality=rng.choice(tuple(LEVELS)),
            min_quality=rng.choice(("any", "any", "local", "green")),
            partners=frozenset(rng.sample(others, min(3, len(others)))) if rng.random() < 0.3 else None,
            premiums={key: rng.randint(0, premium) for key in liked},
        )

    return {name: wish(name) for name in names if rng.random() < 0.7}


def premium(rules: Rules, buyer: str, seller: str) -> int | None:
    """What a buyer adds to its bid for a seller's energy [micro/kWh], None when it does not take it."""
    wants = rules.preferences.get(buyer, Preference())
    level = LEVELS[rules.preferences.get(seller, Preference()).quality]
    if buyer == seller or level < LEVELS[wants.min_quality]:
        return None
    if wants.partners is not None and seller not in wants.partners:
        return None
    reached = [micro for name, micro in wants.premiums.items() if name in LEVELS and LEVELS[name] <= level]
    return max(reached, default=0) + wants.premiums.get(seller, 0)


def best(mechanism: Mechanism, orders: Orders, rules: Rules) -> Best:
    """The largest welfare that the terms allow."""
    judge, envelopes = FlowJudge(), {} if rules.network is None else rules.network.envelopes
    for step in orders.offers:
        judge.arc(judge.SOURCE, ("sells", step.key), step.quantity, step.price)
    for step in orders.bids:
        judge.arc(("buys", step.key), judge.SINK, step.quantity, -step.price)
    sellers, buyers = {s.key for s in orders.offers}, {s.key for s in orders.bids}
    if Asked.PREFERENCES in mechanism.asks:
        for seller in sellers:
            for buyer in buyers:
                if (added := premium(rules, buyer, seller)) is not None:
                    judge.arc(("sells", seller), ("buys", buyer), cost=-added)
        return judge.best()
    for seller in sellers:
        limit = envelopes.get(seller, Envelope()).export_wh
        if (place := _place(rules, mechanism, seller)) is not None:
            judge.arc(("sells", seller), ("from", place), NO_LIMIT if limit is None else limit)
    for buyer in buyers:
        limit = envelopes.get(buyer, Envelope()).import_wh
        if (place := _place(rules, mechanism, buyer)) is not None:
            judge.arc(("to", place), ("buys", buyer), NO_LIMIT if limit is None else limit)
    _ways(judge, rules, mechanism)
    return judge.best()


def _place(rules: Rules, mechanism: Mechanism, name: str) -> str | None:
    """The zone of a participant, "" where all are in one, None when it is left out."""
    return rules.network.zones.get(name) if rules.network is not None and _has_zones(rules, mechanism) else ""


def _has_zones(rules: Rules, mechanism: Mechanism) -> bool:
    grid = rules.network
    if Asked.LOSSES in mechanism.asks:
        return has_losses(mechanism, rules)
    return grid is not None and bool(grid.charges if Asked.CHARGES in mechanism.asks else grid.zones)


def has_losses(mechanism: Mechanism, rules: Rules) -> bool:
    """Whether a mechanism has to count what is lost between zones."""
    return Asked.LOSSES in mechanism.asks and rules.network is not None and bool(rules.network.losses)


def _ways(judge: FlowJudge, rules: Rules, mechanism: Mechanism) -> None:
    """Where energy can go between the zones, and what that costs."""
    grid = rules.network
    if grid is None or not _has_zones(rules, mechanism):
        judge.arc(("from", ""), ("to", ""))
    elif Asked.CHARGES in mechanism.asks:
        for a in ZONES:
            for b in ZONES:
                judge.arc(("from", a), ("to", b), cost=grid.charges.get((a, b), 0))
    else:
        for zone in ZONES:
            judge.arc(("from", zone), ("to", zone))
        for line in grid.lines:
            judge.arc(("from", line.start), ("from", line.end), line.capacity_wh)
            judge.arc(("from", line.end), ("from", line.start), line.capacity_wh)


def findings(mechanism: Mechanism, outcome: Outcome, rules: Rules) -> Iterator[str]:
    """What the terms do not allow of an outcome, and what they make of its money."""
    if rules.network is not None:
        for key, limits in rules.network.envelopes.items():
            for kind, awards, limit in zip(("export", "import"), (outcome.sold, outcome.bought), limits, strict=True):
                if limit is not None and awards.get(key, 0) > limit:
                    yield f"{key} is awarded {awards[key]} Wh, its {kind} limit is {limit}"
        if _has_zones(rules, mechanism):
            yield from _in_zones(mechanism, outcome, rules.network)
    for trade in outcome.trades:
        if premium(rules, trade.buyer, trade.seller) is None:
            yield f"{trade.buyer} buys from {trade.seller}, which it does not take"


def _in_zones(mechanism: Mechanism, outcome: Outcome, grid: Grid) -> Iterator[str]:
    traders = {*outcome.bought, *outcome.sold}
    if strangers := sorted(traders - grid.zones.keys()):
        yield f"{strangers} stand in no zone and trade"
        return
    if Asked.CHARGES in mechanism.asks:
        charges = sum(
            t.quantity * grid.charges.get((grid.zones[t.seller], grid.zones[t.buyer]), 0) for t in outcome.trades
        )
        if outcome.surplus() != charges:
            yield f"surplus {outcome.surplus()}, charges {charges}"
        return
    if Asked.LOSSES in mechanism.asks:
        return
    judge = FlowJudge()
    for awards, ends in ((outcome.sold, True), (outcome.bought, False)):
        for key, energy in awards.items():
            place = ("zone", grid.zones[key])
            judge.arc(*((judge.SOURCE, place) if ends else (place, judge.SINK)), energy)
    for line in grid.lines:
        judge.arc(("zone", line.start), ("zone", line.end), line.capacity_wh)
        judge.arc(("zone", line.end), ("zone", line.start), line.capacity_wh)
    if (carried := judge.best().volume) != outcome.volume:
        yield f"the lines carry {carried} Wh of {outcome.volume}"
