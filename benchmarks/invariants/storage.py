"""Shared storage on random cases: its capacity is shared by auction and by reputation, its energy by accounts."""

import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from benchmarks.invariants.check import Check, Judged, not_whole
from benchmarks.invariants.orders import Orders, best_value, max_welfare
from broker.clearing.book import Step
from broker.clearing.outcome import Rules
from broker.contracts.storage_account import Operated, Storage, after_new_shares, operate, reconciled
from broker.contracts.storage_shares import auctioned, by_reputation, scores_after
from broker.offline.storage import solve

NAMES = "abcdef"
SIZES = (1, 5, 60, 10**9, 10**21)
SLOTS = 3


def checks() -> list[Check]:
    """The checks of a storage."""
    return [
        Check("shared_storage", _auction, "auction"),
        Check("shared_storage", _reputation, "reputation"),
        Check("shared_storage", _given, "given shares"),
        Check("shared_storage", _accounts, "accounts"),
    ]


def _amounts(rng: random.Random, most: int) -> dict[str, int]:
    return {name: rng.choice((0, rng.randint(0, most))) for name in NAMES if rng.random() < 0.8}


def _auction(rng: random.Random) -> Judged:
    size, price = rng.choice(SIZES), rng.choice((3, 60))
    bids = [
        Step(rng.choice(NAMES), rng.randint(-price, price), rng.randint(1, size)) for _ in range(rng.randint(0, 8))
    ]
    capacity, reserve = rng.randint(1, 3 * size), rng.randint(-price, price)
    outcome = auctioned(capacity, reserve, bids, "owner", Rules())
    found = not_whole([*outcome.bought.values(), *outcome.payments().values()])
    if sum(outcome.bought.values()) != outcome.volume or outcome.volume > capacity or outcome.surplus():
        found.append(f"{outcome.bought} of {capacity}, surplus {outcome.surplus()}")
    if outcome.welfare != max_welfare(Orders(bids, [Step("owner", reserve, capacity)])):
        found.append(f"welfare {outcome.welfare} is not the largest")
    for name, wh in outcome.bought.items():
        value = best_value(bids, name, wh, 1)
        if value is None or outcome.payment_of(name) > value:
            found.append(f"{name} pays {outcome.payment_of(name)} for what is worth {value} to it")
    if outcome.buyer_price is not None and outcome.buyer_price < reserve:
        found.append(f"the price {outcome.buyer_price} is below the reserve {reserve}")
    if auctioned(capacity, reserve, rng.sample(bids, len(bids)), "owner", Rules()) != outcome:
        found.append("the order of the bids matters")
    return Judged(found, bool(outcome.volume), (bids, capacity, reserve))


def _reputation(rng: random.Random) -> Judged:
    size, decay = rng.choice(SIZES), Fraction(rng.randint(0, 10), 10)
    old, new, requests = _amounts(rng, size), _amounts(rng, size), _amounts(rng, size)
    scores, capacity = scores_after(old, new, decay), rng.randint(0, 3 * size)
    found = [
        f"the score of {name} is {scores.get(name)}"
        for name in {*old, *new}
        if scores.get(name) != old.get(name, 0) * decay // 1 + new.get(name, 0)
    ]
    shares = by_reputation(capacity, scores, requests)
    found += _water(capacity, scores, requests, shares)
    turned = dict(rng.sample(list(requests.items()), len(requests)))
    if by_reputation(capacity, scores, turned) != shares:
        found.append("the order of the requests matters")
    return Judged(found, any(shares.values()), (capacity, scores, requests))


def _given(rng: random.Random) -> Judged:
    """A document with shares that somebody has decided: they are taken as they are, or refused as too much."""
    size = rng.choice(SIZES[:-1])
    shares, capacity = _amounts(rng, size), rng.randint(0, 3 * size)
    document = {
        "capacity": Decimal(capacity) / 1000,
        "allocation": {"by": "shares", "shares": {name: Decimal(wh) / 1000 for name, wh in shares.items()}},
    }
    solved = solve(document)
    if sum(shares.values()) > capacity:
        is_refused = isinstance(solved, list) and bool(solved)
        return Judged([] if is_refused else [f"{shares} is more than {capacity}: {solved}"], False, document)
    is_kept = isinstance(solved, dict) and solved["shares"] == {name: wh / 1000 for name, wh in shares.items()}
    return Judged([] if is_kept else [f"{shares} became {solved}"], any(shares.values()), document)


def _water(
    capacity: int, scores: Mapping[str, int], requests: Mapping[str, int], shares: Mapping[str, int]
) -> Iterator[str]:
    """Each gets the same part of its score or, when that is less, its request: found by trying every level."""
    yield from not_whole(shares.values())
    merit = {name: scores.get(name, 0) for name in requests if scores.get(name, 0) and requests[name]}
    total = min(capacity, sum(requests[name] for name in merit))
    if sum(shares.values()) != total:
        yield f"{shares} sums to {sum(shares.values())} of {total}"
    if any(not 0 <= wh <= requests.get(name, 0) or (wh and name not in merit) for name, wh in shares.items()):
        yield f"{shares} goes beyond {requests}, or to members without a score"
    level = Fraction(0)
    for name in sorted(merit, key=lambda name: Fraction(requests[name], merit[name])):
        full = [n for n in merit if Fraction(requests[n], merit[n]) < Fraction(requests[name], merit[name])]
        left = capacity - sum(requests[n] for n in full)
        level = Fraction(max(left, 0), sum(merit[n] for n in merit if n not in full))
        if level <= Fraction(requests[name], merit[name]):
            break
    for name, score in merit.items():
        exact = min(Fraction(requests[name]), level * score)
        if abs(shares[name] - exact) >= len(merit):
            yield f"{name} gets {shares[name]}, its part is {exact}"


def _accounts(rng: random.Random) -> Judged:
    size = rng.choice(SIZES)
    storage = Storage(
        charge_max=rng.randint(0, 2 * size),
        discharge_max=rng.randint(0, 2 * size),
        charge_efficiency=Fraction(rng.randint(5, 20), 20),
        discharge_efficiency=Fraction(rng.randint(5, 20), 20),
        standing_loss=Fraction(rng.choice((0, 0, 1, 5)), 20),
    )
    shares = {name: rng.randint(0, size) for name in NAMES[: rng.randint(1, 6)]}
    levels = {name: rng.choice((0, most, rng.randint(0, most))) for name, most in shares.items()}
    case, found, is_busy = (storage, shares, dict(levels)), list[str](), False
    for _ in range(SLOTS):
        requests = {name: rng.randint(-size, size) for name in (*shares, "stranger") if rng.random() < 0.8}
        done = operate(storage, shares, levels, requests)
        found += _operated(storage, shares, levels, requests, done)
        levels, is_busy = dict(done.levels), is_busy or any(done.granted.values())
    found += _moved(rng, shares, levels, size)
    return Judged(found, is_busy, case)


def _operated(
    storage: Storage,
    shares: Mapping[str, int],
    levels: Mapping[str, int],
    requests: Mapping[str, int],
    done: Operated,
) -> Iterator[str]:
    """The accounts sum to what is in the storage after its losses, and nobody leaves its share or its request."""
    yield from not_whole([done.flow, *done.levels.values(), *done.granted.values(), *done.losses.values()])
    before = sum(levels.values())
    inside = before - before * storage.standing_loss // 1
    if done.flow > 0:
        inside += done.flow * storage.charge_efficiency // 1
    else:
        inside -= -(done.flow / storage.discharge_efficiency // 1)
    if sum(done.levels.values()) != inside:
        yield f"the accounts hold {sum(done.levels.values())}, the storage {inside}"
    if done.flow != sum(done.granted.values()) or not -storage.discharge_max <= done.flow <= storage.charge_max:
        yield f"{done.flow} Wh flow, {done.granted} is granted"
    for name, wh in done.granted.items():
        asked = requests.get(name, 0) if name in shares else 0
        if not min(asked, 0) <= wh <= max(asked, 0):
            yield f"{name} asks for {asked} and gets {wh}"
        if not 0 <= done.levels[name] <= shares.get(name, 0) or done.losses[name] < 0:
            yield f"{name} has {done.levels[name]} of {shares.get(name, 0)}, losses {done.losses[name]}"
        if done.levels[name] != levels.get(name, 0) + wh - done.losses[name]:
            yield f"the account of {name} does not add up"


def _moved(rng: random.Random, shares: Mapping[str, int], levels: Mapping[str, int], size: int) -> Iterator[str]:
    """A measured charge and new shares move what has to be moved and nothing else."""
    measured = rng.randint(0, sum(shares.values()))
    found = reconciled(shares, levels, measured)
    if sum(found.values()) != measured or any(not 0 <= wh <= shares[name] for name, wh in found.items()):
        yield f"{measured} Wh measured, accounts {found} of {shares}"
    new = {name: rng.randint(0, size) for name in NAMES if rng.random() < 0.8}
    after = after_new_shares(new, levels)
    if sum(after.values()) != sum(levels.values()):
        yield f"new shares make {after} of {levels}"
    for name, wh in after.items():
        had, most = levels.get(name, 0), new.get(name, 0)
        if not min(had, most) <= wh <= max(had, most):
            yield f"{name} had {had}, may have {most} and has {wh}"
    is_full = all(wh >= new.get(name, 0) for name, wh in after.items())
    if not is_full and any(wh > new.get(name, 0) for name, wh in after.items()):
        yield f"{after} is beyond {new}, and others have room"
