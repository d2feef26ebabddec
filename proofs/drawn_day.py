"""What is drawn for one proof day: the community, its prices, its trouble, and what every meter wants and uses."""

import random
from dataclasses import dataclass, replace

from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import LIVE
from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy
from proofs.drawn_network import DrawnLimits, drawn_network
from proofs.drawn_storage import METER, SECOND_PERIOD_S, DrawnStorage, drawn_storage
from proofs.lossy_link import Trouble
from wire.slots import Slot, slot_at

COMMUNITY = "proof"
START_S = 1_800_000_000 // 86_400 * 86_400
NAMEPLATE_W = 11_000
CALM = Trouble()
ASKING_S = 8  # for all questions of a market that is cleared in rounds
CLOCK_OFF_S = (300, 86_400 * 3)  # how far a wrong clock is off, at least and at most
CLOCK_SHARE = 0.5  # of the days


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongClock:
    """A member's clock that is off by `off_s` [s, + ahead] from `from_s` until it is set right at `until_s`."""

    meter: str
    off_s: int
    from_s: int
    until_s: int

    def is_off(self, now_s: int) -> bool:
        """Whether it is off at a moment."""
        return self.from_s <= now_s < self.until_s


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnDay:
    """One day of one community; everything in it follows from `seed`."""

    seed: int
    terms: Terms
    meters: tuple[str, ...]
    trouble: Trouble
    crash_share: float
    silent_share: float
    wrong_clocks: tuple[WrongClock, ...] = ()
    storage: DrawnStorage | None = None

    @property
    def limits(self) -> DrawnLimits:
        """What the network operator says about each slot."""
        return DrawnLimits(self.seed, self.terms.mechanism, self.meters)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of the day; one with a shared storage goes on into the storage's second period."""
        first = slot_at(START_S, self.terms.slot_minutes)
        ends_s = START_S + 86_400 if self.storage is None else self.storage.periods_s[1] + SECOND_PERIOD_S
        return tuple(first.shifted(i) for i in range(1, (ends_s - START_S) // first.duration_s))


def drawn_day(seed: int, mechanism: str | None = None) -> DrawnDay:
    """The day of a seed; a third of all days is calm, the others have trouble of every kind."""
    rng = random.Random(f"day/{seed}")
    minutes = rng.choice((60, 60, 60, 60, 60, 60, 60, 60, 30, 15))
    chosen = mechanism or rng.choice(sorted(LIVE))
    lead_s = rng.choice((0, 60, 300))
    terms = Terms(
        community=COMMUNITY,
        slot_minutes=minutes,
        mechanism=chosen,
        gate_lead_s=lead_s,
        sealed=LIVE[chosen].in_rounds and lead_s > ASKING_S,
        reveal_within_s=ASKING_S,
        horizon_slots=2,
        k_permille=rng.choice((0, 333, 500, 1000)),
        messages_per_slot_max=50,
        report_within_s=600,
        group_min=2,
    )
    shaky = Trouble(lost=rng.uniform(0, 0.3), late=rng.uniform(0, 0.3), twice=rng.uniform(0, 0.3))
    is_calm = rng.random() < 1 / 3
    homes = tuple(f"home-{i}" for i in range(1, rng.randint(2, 6) + 1))
    storage = drawn_storage(seed, terms, homes, START_S)
    meters = homes if storage is None else (*homes, METER)
    terms = replace(terms, network=drawn_network(seed, chosen, meters))
    return DrawnDay(
        seed=seed,
        terms=terms if storage is None else storage.shared_in(terms),
        meters=meters,
        trouble=CALM if is_calm else shaky,
        crash_share=0.0 if is_calm else 0.03,
        silent_share=0.0 if is_calm else 0.05,
        wrong_clocks=_wrong_clocks(seed, homes, 60 * minutes),
        storage=storage,
    )


def _wrong_clocks(seed: int, meters: tuple[str, ...], slot_s: int) -> tuple[WrongClock, ...]:
    """Of every second day one member, for some slots; a third of these is off by less than three slots."""
    rng = random.Random(f"clock/{seed}")
    if rng.random() >= CLOCK_SHARE:
        return ()
    far_s = rng.randint(*CLOCK_OFF_S) if rng.random() < 2 / 3 else rng.randint(CLOCK_OFF_S[0], 3 * slot_s)
    first = rng.randint(2, 86_400 // slot_s - 12)
    return (
        WrongClock(
            meter=rng.choice(meters),
            off_s=rng.choice((1, -1)) * far_s,
            from_s=START_S + first * slot_s + slot_s // 2,
            until_s=START_S + (first + rng.randint(4, 8)) * slot_s + slot_s // 2,
        ),
    )


class DrawnPrices:
    """Outside prices of a day: negative ones, equal ones, and slots in which feed-in pays more than retail costs."""

    def __init__(self, day: DrawnDay) -> None:
        self._day = day

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of a slot; now and then nobody knows them."""
        rng = random.Random(f"price/{self._day.seed}/{slot.start_s}")
        if rng.random() < 0.02:
            return None
        low = rng.randrange(-50_000, 150_000, rng.choice((1, 1_000, 10_000)))
        high = low + rng.choice((0, 1, rng.randrange(1, 300_000), 200_000, -20_000))
        return OutsidePrices(retail_micro=high, feed_in_micro=low)


def strategy(day: DrawnDay, meter: str, slot: Slot, round_number: int) -> Strategy:
    """What a meter wants in a slot: a falling curve, one side, nothing, or more than its connection carries."""
    rng = random.Random(f"wish/{day.seed}/{meter}/{slot.start_s}/{round_number}")
    prices = DrawnPrices(day).prices(slot)
    if prices is None or not prices.has_market or rng.random() < 0.1:
        return Strategy(slot=slot, steps=(), net_wh=(0,))
    levels = sorted({_price(rng, prices) for _ in range(rng.randint(1, 4))}, reverse=True)
    cut = rng.randint(0, len(levels))
    scale = NAMEPLATE_W * slot.minutes // 60 // rng.choice((1, 4, 4, 40))
    buys = [Step("buy", price, rng.randint(1, max(1, scale // len(levels)))) for price in levels[cut:]]
    sells = [Step("sell", price, rng.randint(1, max(1, scale // len(levels)))) for price in reversed(levels[:cut])]
    return Strategy(slot=slot, steps=(*buys, *sells), net_wh=(rng.randint(-scale, scale),))


def _price(rng: random.Random, prices: OutsidePrices) -> int:
    """Many orders share a few prices, so that ties at the margin are common."""
    low, high = prices.feed_in_micro, prices.retail_micro
    return rng.choice((low, high, (low + high) // 2, rng.randint(low, high)))


def used_wh(day: DrawnDay, meter: str, slot: Slot, position_wh: int) -> tuple[int, int]:
    """(import, export) of a meter in a slot [Wh]: as awarded, near it, or something else."""
    if meter == METER and day.storage is not None and day.storage.habit == "follows":
        return max(position_wh, 0), max(-position_wh, 0)
    rng = random.Random(f"use/{day.seed}/{meter}/{slot.start_s}")
    most = NAMEPLATE_W * slot.minutes // 60
    net = position_wh + rng.choice((0, 0, rng.randint(-50, 50), rng.randint(-most, most)))
    net = min(max(net, -most), most)
    both = rng.choice((0, 0, rng.randint(0, 100)))
    return max(net, 0) + both, max(-net, 0) + both
