"""Settlement of trades against what was metered: penalties, two prices, first in first out, on random trades."""

import random
from collections.abc import Sequence
from fractions import Fraction

from benchmarks.invariants.check import Check, Judged, not_whole
from broker.ledger.transfer import LOSSES, MARKET, OUTSIDE
from broker.settlement import balancing, fifo, penalties
from broker.settlement.as_delivered import as_delivered
from broker.settlement.slot import Position, Traded, settle

NAMES = "abcd"
SIZES = (1, 4, 60, 10**9, 10**21)


def checks() -> list[Check]:
    """The checks of the settlement formulas."""
    return [
        Check("settlement", _penalties),
        Check("settlement_balancing", _balancing),
        Check("settlement_fifo", _fifo),
        Check("settlement_fifo", _whole_slot, "of a slot"),
    ]


def _penalties(rng: random.Random) -> Judged:
    size, rate = rng.choice(SIZES), rng.randint(0, 60)
    rows = [
        penalties.Metered(*rng.sample(NAMES, 2), rng.randint(0, size), rng.randint(-60, 60), *_two(rng, size))
        for _ in range(rng.randint(0, 6))
    ]
    owed, expected = penalties.penalties(rows, rate), dict[str, int]()
    for row in rows:
        for name, missed in ((row.buyer, row.consumed - row.traded), (row.seller, row.traded - row.produced)):
            expected[name] = expected.get(name, 0) + (rate * missed if missed > 0 else 0)
    found = not_whole(owed.values())
    if owed != expected:
        found.append(f"owed {owed}, by the formula {expected}")
    if penalties.trade_value(rows) != sum(row.traded * row.price for row in rows):
        found.append("the value of the trades is wrong")
    if penalties.penalties(rng.sample(rows, len(rows)), rate) != owed:
        found.append("the order of the trades matters")
    return Judged(found, any(owed.values()), (rows, rate))


def _two(rng: random.Random, size: int) -> tuple[int, int]:
    return rng.randint(0, 2 * size), rng.randint(0, 2 * size)


def _balancing(rng: random.Random) -> Judged:
    size = rng.choice(SIZES)
    rows = [
        balancing.MeterEnergy(rng.choice(NAMES), *_two(rng, size), *_two(rng, size)) for _ in range(rng.randint(0, 6))
    ]
    long_price, short_price = rng.randint(-60, 60), rng.randint(-60, 60)
    energy, found = balancing.balancing(rows), list[str]()
    for name in {row.meter for row in rows}:
        own = [row for row in rows if row.meter == name]
        delivered = sum(row.metered_out - row.metered_in for row in own)
        beyond = delivered - sum(row.sold - row.bought for row in own)
        charge = balancing.balancing_charge(energy[name], long_price, short_price)
        if energy[name] != beyond or charge != abs(beyond) * (long_price if beyond > 0 else short_price):
            found.append(f"{name} is off by {beyond} Wh, charged {charge} for {energy[name]}")
        found += not_whole([energy[name], charge])
    if sum(energy.values()) != sum(r.metered_out - r.metered_in - r.sold + r.bought for r in rows):
        found.append("the energies do not add up")
    if balancing.balancing(rng.sample(rows, len(rows))) != energy:
        found.append("the order of the meters matters")
    return Judged(found, any(energy.values()), (rows, long_price, short_price))


def _fifo(rng: random.Random) -> Judged:
    """The n-th Wh delivered goes to the trade in whose part of the queue it falls."""
    size = rng.choice(SIZES)
    trades = [
        fifo.Promised(rng.choice("xyz"), rng.randint(0, size), rng.randint(-60, 60)) for _ in range(rng.randint(0, 6))
    ]
    actual = rng.choice((0, rng.randint(0, 4 * size)))
    allocated = fifo.allocate(trades, actual)
    final: dict[str, int] = {}
    value, promised = 0, sum(trade.quantity for trade in trades)
    for trade, met in zip(trades, _met([trade.quantity for trade in trades], actual), strict=True):
        final[trade.id] = final.get(trade.id, 0) + met
        value += met * trade.price
    found = not_whole([*allocated.final.values(), allocated.value, allocated.shortfall, allocated.unsold])
    if (allocated.final, allocated.value) != (final, value):
        found.append(f"{allocated}, in order {final} worth {value}")
    if (allocated.shortfall, allocated.unsold) != (max(0, promised - actual), max(0, actual - promised)):
        found.append(f"{allocated} of {actual} delivered and {promised} promised")
    return Judged(found, any(final.values()), (trades, actual))


def _met(quantities: Sequence[int], actual: int) -> list[int]:
    """What falls into each part of the queue when so much comes."""
    ends = [sum(quantities[: i + 1]) for i in range(len(quantities))]
    return [max(0, min(actual, end) - (end - wh)) for end, wh in zip(ends, quantities, strict=True)]


def _whole_slot(rng: random.Random) -> Judged:
    positions = _positions(rng)
    after = as_delivered(positions)
    found = []
    for pool in {part.pool for p in positions for part in p.parts}:
        if (counted := _sides(after, pool)) != (both := _met_by_both(positions, pool)):
            found.append(f"of the pool {pool} count {counted} Wh bought and sold, both sides met {both}")
    for before, now in zip(positions, after, strict=True):
        found += _of_member(before, now)
    by_meter = {p.meter: p for p in as_delivered(rng.sample(positions, len(positions)))}
    if by_meter != {p.meter: p for p in after}:
        found.append("the order of the members matters")
    if all(p.metered_wh == p.award_wh for p in positions) and after != positions:
        found.append("all kept their word, and something changed")
    found += [] if found else _unsettled(after)
    return Judged(found, after != positions, positions)


def _sides(positions: Sequence[Position], pool: str) -> tuple[int, int]:
    """What the trades of a pool buy and sell [Wh]."""
    energies = [part.energy_wh for p in positions for part in p.parts if part.pool == pool]
    return sum(wh for wh in energies if wh > 0), -sum(wh for wh in energies if wh < 0)


def _met_by_both(positions: Sequence[Position], pool: str) -> tuple[int, int]:
    """The smaller share of what its buyers used and its sellers had, of both sides [Wh, rounded down].

    Each member's trades are met in their order.
    """
    met = {1: 0, -1: 0}
    for p in positions:
        bought, sold = (sum(max(0, sign * part.energy_wh) for part in p.parts) for sign in (1, -1))
        for sign, actual in ((1, max(0, p.metered_wh) + sold), (-1, max(0, -p.metered_wh) + bought)):
            own = [part for part in p.parts if sign * part.energy_wh > 0]
            fulfilled = _met([abs(part.energy_wh) for part in own], actual)
            met[sign] += sum(wh for part, wh in zip(own, fulfilled, strict=True) if part.pool == pool)
    bought, sold = _sides(positions, pool)
    share = min(Fraction(met[1], bought), Fraction(met[-1], sold))
    return int(share * bought), int(share * sold)


def _unsettled(positions: Sequence[Position]) -> list[str]:
    """What is wrong with the transfers of positions of which a part is lost on the way."""
    lost, metered = -sum(p.award_wh for p in positions), sum(p.metered_wh for p in positions)
    energy, money = dict[str, int](), dict[str, int]()
    for transfer in settle(positions, lost_wh=lost).transfers:
        for name, sign in ((transfer.payer, 1), (transfer.payee, -1)):
            energy[name] = energy.get(name, 0) + sign * transfer.energy_wh
            money[name] = money.get(name, 0) + sign * transfer.amount_nano
    found = not_whole([*energy.values(), *money.values()])
    for name, drawn in ((MARKET, 0), (LOSSES, lost), (OUTSIDE, -metered - lost)):
        if energy.get(name, 0) != drawn or (name != OUTSIDE and money.get(name, 0)):
            found.append(f"{name} has {energy.get(name, 0)} Wh, not {drawn}, and pays {money.get(name, 0)}")
    return found


def _positions(rng: random.Random) -> list[Position]:
    """Members with trades of one or two pools, metered near to what they traded or anything.

    Pools balance, or sell more than they buy where a part is lost on the way.
    """
    size, price = rng.choice((1, 4, 60, 10**9)), rng.randint(-60, 60)
    names = NAMES[: rng.randint(2, 4)]
    parts: dict[str, list[Traded]] = {name: [] for name in names}
    for pool in ("auction", "contract")[: rng.randint(1, 2)]:
        is_lossy = rng.random() < 0.5
        for _ in range(rng.randint(1, 3)):
            wh, (buyer, seller) = rng.randint(1, size), rng.sample(names, 2)
            sold = wh + is_lossy * rng.randint(0, size)
            parts[buyer].append(Traded(wh, wh * price, price, pool=pool))
            parts[seller].append(Traded(-sold, -wh * price, price if sold == wh else None, pool=pool))
    return [_position(rng, name, tuple(parts[name]), size) for name in names]


def _position(rng: random.Random, name: str, parts: tuple[Traded, ...], size: int) -> Position:
    award = sum(part.energy_wh for part in parts)
    return Position(
        meter=name,
        award_wh=award,
        award_nano=sum(part.amount_nano for part in parts),
        metered_wh=award + rng.choice((0, 0, rng.randint(-2 * size, 2 * size))),
        retail_micro=300,
        feed_in_micro=80,
        parts=parts,
    )


def _of_member(before: Position, now: Position) -> Sequence[str]:
    """No trade grows or turns, its money follows its energy, and the sums are those of the parts."""
    found = not_whole([now.award_wh, now.award_nano])
    for was, is_ in zip(before.parts, now.parts, strict=True):
        if not 0 <= is_.energy_wh * (1 if was.energy_wh > 0 else -1) <= abs(was.energy_wh):
            found.append(f"{before.meter}: {was} became {is_}")
        if is_.price_micro is not None and is_.amount_nano != is_.energy_wh * is_.price_micro:
            found.append(f"{before.meter}: {is_} is not energy times price")
    if (now.award_wh, now.award_nano) != tuple(sum(p[i] for p in now.parts) for i in (0, 1)):
        found.append(f"{before.meter}: the parts do not make {now.award_wh} Wh")
    return found
