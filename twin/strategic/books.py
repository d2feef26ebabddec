"""Slots to play on: orders that homes of the twin sent, or value curves drawn from a seed."""

from collections.abc import Sequence

import numpy as np

from hems.bidding.steps import Step
from twin.foresight import PerfectOutlook
from twin.schemes.trace import MarketTrace
from twin.schemes.trading import TradingCommunity
from twin.source import SHIPPED_SLOT_MINUTES, demo_world
from twin.strategic.values import Steps, ValuedSlot
from twin.world import World
from wire.quantities import micro_per_kwh
from wire.slots import parse_utc

FEED_IN_MICRO = 70_000
RETAIL_MICRO = 300_000
STEPS_MAX = 4


def recorded_slots(world: World, market: MarketTrace) -> list[ValuedSlot]:
    """The slots of a run in which both sides sent orders; a home's honest order is what energy is worth to it."""
    found = []
    for label, asked in sorted(market.asked.items()):
        index = world.index_at(parse_utc(label))
        retail, feed_in = micro_per_kwh(world.retail_per_kwh[index]), micro_per_kwh(world.feed_in_per_kwh[index])
        values = {home: steps for home, steps in sorted(asked.items()) if steps}
        if len({step.side for steps in values.values() for step in steps}) == 2 and feed_in <= retail:
            found.append(ValuedSlot(label=label, feed_in_micro=feed_in, retail_micro=retail, values=values))
    return found


def generated_slots(seed: int, count: int, members: int) -> list[ValuedSlot]:
    """Slots of members with up to four steps each, half of them sellers, prices spread over the band."""
    rng = np.random.default_rng(seed)
    names = [f"m{k:02d}" for k in range(members)]
    return [
        ValuedSlot(
            label=f"{seed}/{k}",
            feed_in_micro=FEED_IN_MICRO,
            retail_micro=RETAIL_MICRO,
            values={name: _drawn(rng, "buy" if j % 2 else "sell") for j, name in enumerate(names)},
        )
        for k in range(count)
    ]


def _drawn(rng: np.random.Generator, side: str) -> Steps:
    count = int(rng.integers(1, STEPS_MAX + 1))
    prices = sorted((int(p) for p in rng.integers(FEED_IN_MICRO, RETAIL_MICRO + 1, count)), reverse=side == "buy")
    energies = [int(e) for e in rng.integers(50, 600, count)]
    return tuple(Step("buy" if side == "buy" else "sell", p, e) for p, e in zip(prices, energies, strict=True))


def sampled(slots: Sequence[ValuedSlot], rng: np.random.Generator, count: int) -> list[ValuedSlot]:
    """`count` slots drawn with repetition."""
    return [slots[int(k)] for k in rng.integers(0, len(slots), count)]


def community_slots(homes: int) -> list[ValuedSlot]:
    """The slots of a day of the shipped homes that know their own future and trade at the uniform price."""
    world, _ = demo_world(homes=homes, days=1, slot_minutes=SHIPPED_SLOT_MINUTES, seed=1)
    community = TradingCommunity(world, {twin.name: PerfectOutlook(world, twin) for twin in world.homes}, seed=1)
    return recorded_slots(world, community.run())
