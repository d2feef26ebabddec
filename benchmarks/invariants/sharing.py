"""Sharing rules on random slots: every Wh and nano is accounted for, promises are kept, formulas are the papers'."""

import random
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.invariants import sharing_formulas as formulas
from benchmarks.invariants.check import Check, Judged, not_whole, promised
from broker.clearing.outcome import Rules
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Mechanism
from broker.sharing.shares import Need, Share, Shares

PERMUTED_MAX = 5  # members of whom all orders can be walked
DONATION = "energy_donation"


def checks() -> list[Check]:
    """One check for each rule that divides a slot; donation has its own."""
    rules = [m for m in MECHANISMS.values() if m.share is not None and m.name != DONATION]
    return [Check(m.name, partial(_judge, m)) for m in rules]


def random_needs(rng: random.Random, members_max: int = 7) -> list[Need]:
    """Members with many equal energies; one tariff or several, feed-in now and then negative or above retail."""
    price, energy = rng.choice((3, 40, 10**6)), rng.choice((3, 3, 4_000, 10**6, 10**22))
    low, high = sorted(rng.randint(rng.choice((0, -price)), price) for _ in range(2))
    kind = rng.random()

    def prices() -> tuple[int, int]:
        if kind < 0.7:
            return high, low
        if kind < 0.9:  # tariffs differ, feed-in stays below all retail
            return high + rng.randint(0, price), low - rng.randint(0, price)
        return rng.randint(-price, price), rng.randint(-price, price)

    count = rng.randint(0, members_max)
    return [Need(f"home-{i}", rng.randint(-energy, energy), *prices()) for i in range(count)]


def _judge(mechanism: Mechanism, rng: random.Random) -> Judged:
    needs = random_needs(rng, PERMUTED_MAX if mechanism.name == "shapley" else 7)
    rules = Rules(seed=rng.randbytes(8))
    found, shares = broken(mechanism, needs, rules, rng)
    return Judged(found, any(not line.is_outside for line in shares.lines), (needs, rules))


def broken(mechanism: Mechanism, needs: Sequence[Need], rules: Rules, rng: random.Random) -> tuple[list[str], Shares]:
    """What a rule breaks on a slot, and what it made of the slot."""
    assert mechanism.share is not None, "only sharing rules divide slots"
    shares = mechanism.share(needs, rules)
    found = [*unaccounted(needs, shares), *_promises(mechanism.name, needs, shares)]
    found += not_whole(number for line in shares.lines for number in line[1:3])
    if mechanism.share(rng.sample(needs, len(needs)), rules) != shares:
        found.append("the order of the members matters")
    if is_inside(needs) and is_one_tariff(needs) and not shares.note and mechanism.name in formulas.FORMULAS:
        found += _against_formula(mechanism.name, needs, shares)
    return found, shares


def is_inside(needs: Sequence[Need]) -> bool:
    """Whether no member is paid more outside than another pays."""
    return bool(needs) and max(n.feed_in_micro for n in needs) <= min(n.retail_micro for n in needs)


def is_one_tariff(needs: Sequence[Need]) -> bool:
    """Whether all members have the same outside prices."""
    return len({n[2:] for n in needs}) == 1


def bill(lines: Sequence[Share], meter: str) -> int:
    """What a member pays in all its lines [nano]."""
    return sum(line.amount_nano for line in lines if line.meter == meter)


def unaccounted(needs: Sequence[Need], shares: Shares) -> Iterator[str]:
    """The energy of a member's lines is its need, inside lines balance, outside lines are at the member's prices."""
    lines, own = shares.lines, {need.meter: need for need in needs}
    if strangers := {line.meter for line in lines} - own.keys():
        yield f"{strangers} are no members"
        return
    for need in needs:
        energy = sum(line.energy_wh for line in lines if line.meter == need.meter)
        if energy != need.energy_wh:
            yield f"{need.meter} has lines of {energy} Wh"
    inside = [line for line in lines if not line.is_outside]
    if left := sum(line.energy_wh for line in inside):
        yield f"{left} Wh are left inside"
    for line in lines:
        need = own[line.meter]
        price = need.retail_micro if line.energy_wh > 0 else need.feed_in_micro
        if line.is_outside and line.amount_nano != line.energy_wh * price:
            yield f"{line} is outside and not at the outside price"
        if line.price_micro is not None and line.amount_nano != line.energy_wh * line.price_micro:
            yield f"{line} is not energy times price"
        if need.energy_wh * line.energy_wh < 0:
            yield f"{line} has the wrong direction"


def _promises(name: str, needs: Sequence[Need], shares: Shares) -> Iterator[str]:
    inside = sum(line.amount_nano for line in shares.lines if not line.is_outside)
    if not is_inside(needs):
        if any(not line.is_outside for line in shares.lines) or (needs and not shares.note):
            yield "feed-in is above retail, and not all settle outside with a note"
    elif promised(name, "budget_balance", "strong") and (inside < 0 or (inside and is_one_tariff(needs))):
        yield f"budget balance is strong, the inside lines leave {inside}"
    if promised(name, "individual_rationality", "yes"):
        for need in needs:
            if (paid := bill(shares.lines, need.meter)) > need.alone_nano:
                yield f"{need.meter} pays {paid}, alone {need.alone_nano}"


def _against_formula(name: str, needs: Sequence[Need], shares: Shares) -> Iterator[str]:
    """Whole nano are within one of the exact bill; mid-market moves whole Wh between inside and outside instead."""
    slot = formulas.slot_of(needs)
    if not slot.energy or not (slot.drawn and slot.delivered):
        return
    unit = max(1, slot.b - slot.s) if name == "mid_market_rate" else 1
    for meter, exact in formulas.FORMULAS[name](slot).items():
        if abs(bill(shares.lines, meter) - exact) >= unit + (name == "mid_market_rate"):
            yield f"{meter} pays {bill(shares.lines, meter)}, the formula says {exact}"
