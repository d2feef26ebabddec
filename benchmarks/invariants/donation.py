"""Energy donation on random slots: who may give and receive, in which order, at which price."""

import random
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.invariants.check import Check, Judged
from benchmarks.invariants.sharing import DONATION, random_needs, unaccounted
from broker.clearing.outcome import Role, Rules
from broker.sharing import donation
from broker.sharing.shares import Need


def checks() -> list[Check]:
    """The check of gifts."""
    return [Check(DONATION, _judge)]


def _judge(rng: random.Random) -> Judged:
    needs = random_needs(rng)
    roles = {
        n.meter: Role(is_donor=rng.random() < 0.6, rank=rng.choice((None, 1, 1, 2)))
        for n in needs
        if rng.random() < 0.8
    }
    prices = [price for need in needs for price in need[2:]]
    price = rng.choice((0, rng.randint(min(prices, default=0), max(prices, default=0))))
    rules = Rules(roles=roles if rng.random() < 0.7 else {}, solidarity_micro=price)
    shares = donation.share(needs, rules)
    given = {line.meter: line.energy_wh for line in shares.lines if not line.is_outside}
    found = [*unaccounted(needs, shares), *_gifts(needs, rules, given)]
    if any(line.amount_nano != line.energy_wh * price for line in shares.lines if not line.is_outside):
        found.append("a gift is not at the solidarity price")
    if donation.share(rng.sample(needs, len(needs)), rules) != shares:
        found.append("the order of the members matters")
    accounts = donation.with_gifts({}, needs, shares).values()
    if sum(a.given_wh for a in accounts) != sum(a.received_wh for a in accounts) or any(
        a.saved_nano < 0 for a in accounts
    ):
        found.append("the donation accounts do not balance, or somebody saves less than nothing")
    return Judged(found, bool(given), (needs, rules))


def _gifts(needs: Sequence[Need], rules: Rules, given: Mapping[str, int]) -> Iterator[str]:
    """As much as can be given; ranks in order, within a rank and among donors pro rata to less than a Wh."""
    roles = {n.meter: rules.roles.get(n.meter, Role()) if rules.roles else Role(True, 1) for n in needs}
    givers = {n.meter: -n.energy_wh for n in needs if n.energy_wh < 0 and roles[n.meter].is_donor}
    takers = {
        n.meter: n.energy_wh
        for n in needs
        if n.energy_wh > 0 and roles[n.meter].rank is not None and n.retail_micro >= rules.solidarity_micro
    }
    total = min(sum(givers.values()), sum(takers.values()))
    if sum(wh for wh in given.values() if wh > 0) != total:
        yield f"{given} is given of {total} Wh"
    if wrong := {m for m, wh in given.items() if wh and m not in (takers if wh > 0 else givers)}:
        yield f"{wrong} give or receive without being asked"
        return
    yield from _pro_rata({m: -given.get(m, 0) for m in givers}, givers, total)
    for rank in sorted({roles[m].rank or 0 for m in takers}):
        wants = {m: wh for m, wh in takers.items() if (roles[m].rank or 0) == rank}
        part = min(total, sum(wants.values()))
        yield from _pro_rata({m: given.get(m, 0) for m in wants}, wants, part)
        total -= part


def _pro_rata(got: Mapping[str, int], weights: Mapping[str, int], total: int) -> Iterator[str]:
    if sum(got.values()) != total:
        yield f"{dict(got)} sums to {sum(got.values())}, not {total}"
    whole = sum(weights.values())
    for name, wh in got.items():
        if abs(wh * whole - weights[name] * total) >= whole:
            yield f"{name} gets {wh} of {total}, its part is {weights[name]}/{whole}"
