"""Forward contracts, flexibility auctions and ancillary calls on random cases, unit by unit where it matters."""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

from benchmarks.invariants.check import Check, Judged, not_whole
from broker.clearing.book import Step
from broker.contracts import baseline
from broker.contracts.ancillary import ReserveOffer, called, reserved, standby_pay
from broker.contracts.flexibility import Procured, procure, verify
from broker.contracts.forward import ContractState, Event, ForwardContract, Refused, after, standings

NAMES = "abcd"
SLOTS = ("s0", "s1", "s2")
SIZES = (1, 4, 40, 10**9, 10**21)


def checks() -> list[Check]:
    """The checks of agreements beside the slot auction."""
    return [
        Check("forward_contract", _forward),
        Check("flexibility_auction", _flexibility),
        Check("ancillary_call", _ancillary),
    ]


def _forward(rng: random.Random) -> Judged:
    """Some contracts, each with its own random history of signatures, refusals, gates and deliveries."""
    size, contracts, agreed, found = rng.choice(SIZES), [], [], list[str]()
    for i in range(rng.randint(0, 6)):
        seller, buyer = rng.sample(NAMES, 2)
        slots = sorted(rng.sample(SLOTS, rng.randint(1, 3)))
        contract = ForwardContract(
            id=f"c{i}",
            seller=seller,
            buyer=buyer,
            price=rng.randint(-size, size),
            profile=tuple((slot, rng.randint(1, size)) for slot in slots),
        )
        events = [
            (rng.choice((Event.SIGN, Event.SIGN, Event.SIGN, *Event)), rng.choice((seller, buyer, "z")))
            for _ in range(rng.randint(0, 6))
        ]
        contract, said = _history(contract, events)
        found += said
        contracts.append(contract)
        if _is_agreed(seller, buyer, events):
            agreed.append(contract)
    for slot in SLOTS:
        held = standings(contracts, slot)
        expected = _positions(agreed, slot)
        if {name: tuple(standing) for name, standing in held.items()} != expected:
            found.append(f"{slot}: positions {held}, the agreed contracts make {expected}")
        if any(sum(column) for column in zip(*held.values(), strict=True)):
            found.append(f"{slot}: positions do not sum to zero")
        if standings(rng.sample(contracts, len(contracts)), slot) != held:
            found.append("the order of the contracts matters")
    return Judged(found, bool(agreed), contracts)


def _history(contract: ForwardContract, events: Sequence[tuple[Event, str]]) -> tuple[ForwardContract, list[str]]:
    found = []
    for event, member in events:
        by = member if event in {Event.SIGN, Event.DECLINE} else None
        following = after(contract, event, by)
        if isinstance(following, Refused):
            continue
        if by == "z":
            found.append(f"a stranger may {event}")
        contract = following
    if contract.gives_positions != (contract.state in {ContractState.AGREED, ContractState.DELIVERED}):
        found.append(f"{contract.state} and positions: {contract.gives_positions}")
    return contract, found


def _is_agreed(seller: str, buyer: str, events: Sequence[tuple[Event, str]]) -> bool:
    """Both have signed before anything ended the proposal."""
    signed: set[str] = set()
    for event, member in events:
        if event is Event.SIGN and member in {seller, buyer}:
            signed.add(member)
        if signed == {seller, buyer}:
            return True
        if event is Event.GATE or (event is Event.DECLINE and member in {seller, buyer}):
            return False
    return False


def _positions(contracts: Sequence[ForwardContract], slot: str) -> dict[str, tuple[int, int]]:
    totals: dict[str, tuple[int, int]] = {}
    for contract in contracts:
        for _, wh in (row for row in contract.profile if row[0] == slot):
            for name, sign in ((contract.buyer, 1), (contract.seller, -1)):
                had = totals.get(name, (0, 0))
                totals[name] = (had[0] + sign * wh, had[1] + sign * wh * contract.price)
    return dict(sorted(totals.items()))


def _offers(rng: random.Random, size: int) -> list[Step]:
    price = rng.choice((3, 60))
    return [
        Step(rng.choice(NAMES), rng.randint(-price, price), rng.choice((0, rng.randint(1, size))))
        for _ in range(rng.randint(0, 8))
    ]


def _flexibility(rng: random.Random) -> Judged:
    size = rng.choice(SIZES)
    offers, request, reserve = _offers(rng, size), rng.randint(0, 3 * size), rng.randint(-5, 60)
    bought = procure(request, reserve, offers)
    found = list(_cheapest(bought, request, [s for s in offers if s.price <= reserve]))
    if procure(request, reserve, rng.sample(offers, len(offers))) != bought:
        found.append("the order of the offers matters")
    penalty, is_increase = rng.randint(0, 60), rng.random() < 0.5
    for name, wh in bought.awarded.items():
        assert bought.price is not None, "somebody is awarded"
        expected, metered = rng.randint(-size, size), rng.randint(-size, size)
        pay = verify(wh, bought.price, penalty, expected, metered, is_increase=is_increase)
        done = metered - expected if is_increase else expected - metered
        part = max(0, min(done, wh))
        if (pay.delivered, pay.payment) != (done, part * bought.price - (wh - part) * penalty):
            found.append(f"{name} did {done} of {wh} Wh: {pay}")
    found += _baseline(rng)
    return Judged(found, bool(bought.awarded), (offers, request, reserve))


def _cheapest(bought: Procured, request: int, offers: Sequence[Step]) -> Iterator[str]:
    """The cheapest energy first; at the margin pro rata to less than a Wh; the price is that of the dearest."""
    left, price, least = request, None, dict.fromkeys(NAMES, Fraction(0))
    for level in sorted({step.price for step in offers if step.quantity}):
        here = [step for step in offers if step.price == level]
        total = sum(step.quantity for step in here)
        if left <= 0:
            break
        part, price = min(left, total), level
        for step in here:
            least[step.key] += Fraction(part * step.quantity, total)
        left -= part
    yield from not_whole([*bought.awarded.values(), bought.short])
    if (bought.price, bought.short) != (price, max(left, 0)):
        yield f"price and shortfall {bought.price}, {bought.short}, the cheapest way has {price}, {left}"
    for name, exact in least.items():
        if abs(bought.awarded.get(name, 0) - exact) >= 1:
            yield f"{name} is to deliver {bought.awarded.get(name, 0)} Wh, its part is {exact}"
    if sum(bought.awarded.values()) != request - max(left, 0):
        yield f"{bought.awarded} does not make {request} less {left}"


def _baseline(rng: random.Random) -> Iterator[str]:
    """The highest and the middle days: sorted by hand, the mean rounded half to even."""
    days = [[rng.randint(-20, 90) for _ in range(4)] for _ in range(rng.randint(1, 8))]
    y, call = rng.randint(1, 9), sorted(rng.sample(range(4), 2))
    x = rng.randint(1, y)
    recent = list(reversed(days[-y:]))  # the more recent of equal days first: sorting keeps that
    ranked = sorted(recent, key=lambda day: -(day[call[0]] + day[call[1]]))
    highest = baseline.high_x_of_y(days, call, x, y)
    if highest != _mean(ranked[:x]):
        yield f"{x} of {y} highest of {days}: {highest}"
    out = max(0, len(ranked) - x)
    middle = ranked[out // 2 : len(ranked) - (out - out // 2)]
    if baseline.middle_x_of_y(days, call, x, y) != _mean(middle):
        yield f"{x} of {y} middle of {days}: {baseline.middle_x_of_y(days, call, x, y)}"


def _mean(days: Sequence[Sequence[int]]) -> list[int]:
    return [round(Fraction(sum(slot), len(days))) for slot in zip(*days, strict=True)]


def _ancillary(rng: random.Random) -> Judged:
    size = rng.choice(SIZES)
    offers = [ReserveOffer(step.key, step.quantity, step.price, rng.randint(-9, 60)) for step in _offers(rng, size)]
    request, reserve_price = rng.randint(0, 3 * size), rng.randint(-5, 60)
    standing_by = reserved(request, reserve_price, offers)
    eligible = [
        Step(o.key, o.availability_price, o.quantity) for o in offers if o.availability_price <= reserve_price
    ]
    found = list(_cheapest(standing_by, request, eligible))
    call = rng.randint(0, max(1, sum(standing_by.awarded.values())))
    activated = called(call, standing_by.awarded, offers)
    steps = []
    for name, wh in standing_by.awarded.items():
        left = wh  # its cheapest activation up to what it has reserved
        for offer in sorted((o for o in offers if o.key == name), key=lambda o: o.activation_price):
            steps.append(Step(name, offer.activation_price, min(left, offer.quantity)))
            left -= steps[-1].quantity
    found += _cheapest(activated, call, steps)
    if any(wh > standing_by.awarded.get(name, 0) for name, wh in activated.awarded.items()):
        found.append(f"called {activated.awarded} of {standing_by.awarded}")
    for name, wh in activated.awarded.items():
        held, done = standing_by.awarded.get(name, 0), rng.randint(-size, 2 * size)
        availability, activation, penalty = standing_by.price or 0, activated.price or 0, rng.randint(0, 60)
        pay = standby_pay(held, wh, done, availability, activation, penalty=penalty)
        missing = wh - max(0, min(done, wh))
        if pay.payment != (held - missing) * availability + (wh - missing) * activation - missing * penalty:
            found.append(f"{name} did {done} of {wh} called Wh: {pay}")
    shuffled = rng.sample(offers, len(offers))
    if (reserved(request, reserve_price, shuffled), called(call, standing_by.awarded, shuffled)) != (
        standing_by,
        activated,
    ):
        found.append("the order of the offers matters")
    return Judged(found, bool(activated.awarded), (offers, request, reserve_price, call))
