"""A whole community with a shared storage in virtual time: it is used, followed, settled, and worth its money."""

import pytest

from tests.twin_worlds import small_world
from twin.commands.table import summary
from twin.foresight import PerfectOutlook
from twin.optimum import community_optimum
from twin.results import results
from twin.schemes.alone import Outlooks, run_alone, run_unmanaged
from twin.schemes.trace import MarketTrace
from twin.schemes.trading import TradingCommunity, shuffled
from twin.shared_storage import METER, SHARED_STORAGE, capacity_kwh, storage_terms, with_storage
from twin.world import World
from wire.messages import SettlementItem
from wire.quantities import NANO_PER_UNIT


def perfect(world: World) -> Outlooks:
    return {twin.name: PerfectOutlook(world, twin) for twin in world.homes}


def traded(world: World, disturbed: int | None = None) -> TradingCommunity:
    disturbance = None if disturbed is None else shuffled(disturbed, 0.3)
    community = TradingCommunity(world, perfect(world), 1, disturbance, mechanism=SHARED_STORAGE)
    community.run()
    return community


@pytest.fixture(scope="module")
def base() -> World:
    return small_world(0, homes=3, days=1, warm_up_days=1)


@pytest.fixture(scope="module")
def community(base: World) -> TradingCommunity:
    return traded(with_storage(base))


def cost(trace: MarketTrace, world: World) -> float:
    return sum(trace.cost(world).values())


def stored(trace: MarketTrace, meter: str) -> tuple[int, int]:
    """Wh and nano of the storage lines of a meter."""
    lines = [
        line
        for settlement in trace.settlements
        if settlement.meter == meter
        for line in settlement.lines
        if line.item is SettlementItem.STORAGE
    ]
    return sum(abs(line.energy_wh) for line in lines), sum(line.amount_nano for line in lines)


def test_a_world_gets_one_storage_that_grows_with_its_homes(base: World) -> None:
    world = with_storage(base)
    assert [twin.name for twin in world.homes] == ["h0", "h1", "h2", METER]
    assert with_storage(world) is world
    assert storage_terms(world).capacity_wh == 1000 * capacity_kwh(3)
    assert not world.homes[-1].load_kw.any() and world.homes[-1].stored_kwh() == 0.0


def test_the_storage_is_used_and_the_community_is_better_off_with_it(
    base: World, community: TradingCommunity
) -> None:
    without = TradingCommunity(base, perfect(base), 1).run()
    assert cost(community.trace, community.world) < cost(without, base)
    assert all(stored(community.trace, name)[0] > 1_000 for name in ("h0", "h1", "h2"))
    earned = -stored(community.trace, METER)[1]
    assert earned == sum(stored(community.trace, name)[1] for name in ("h0", "h1", "h2")) > 0
    assert community.trace.sum_nano == 0


def test_the_storage_does_what_it_is_told(community: TradingCommunity) -> None:
    bills = [s for s in community.trace.settlements if s.meter == METER]
    moved_wh = sum(abs(s.award_wh) for s in bills)
    assert moved_wh > 5_000
    assert sum(abs(s.metered_wh - s.award_wh) for s in bills) <= 0.001 * moved_wh + len(bills)
    assert community.trace.cost_nano[METER] < 0.001 * NANO_PER_UNIT
    told = [t.text for t in community.trace.observation.told if t.home == METER and t.power_kw > 0]
    assert told and all("storage was told to charge" in text for text in told)


def test_shuffled_and_repeated_messages_change_nothing(community: TradingCommunity) -> None:
    again = traded(community.world, disturbed=3)
    assert again.trace.head == community.trace.head


def test_the_results_of_a_run_tell_of_it(community: TradingCommunity) -> None:
    world = community.world
    schemes = {"unmanaged": run_unmanaged(world), "ems": run_alone(world, perfect(world))}
    found = results(world, schemes, community.trace, community_optimum(world), seed=1, foresight="perfect")
    assert found["mechanism"] == SHARED_STORAGE and found["takes_orders"]
    assert 0.3 < found["efficiency"] <= 1.0 and found["cost"]["ems"][METER] == pytest.approx(0.0)
    assert METER in summary({**found, "wall_s": 1.0}, "EUR")
