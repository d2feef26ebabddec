"""The example neighbourhood is a whole one for every community: valid, connected, within the homes' own limits."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from broker.clearing.preferences import QUALITIES, preferences_of
from broker.io.network_config import NetworkSettings
from broker.mechanisms.catalogue import LIVE, MECHANISMS
from broker.mechanisms.mechanism import Asked
from broker.network.grid_text import grid_in_slot
from tests.twin_worlds import small_world
from twin.neighbourhood.example import example
from twin.neighbourhood.given import given
from twin.neighbourhood.words import described
from twin.world import World

SEEDS = st.integers(0, 1_000)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One to nine homes with connections of some size, and prices that need not leave anything to share."""
    world = small_world(draw(SEEDS), homes=draw(st.integers(1, 9)))
    limits = st.floats(0.0, 60.0)
    homes = tuple(
        replace(twin, home=replace(twin.home, import_limit_kw=draw(limits), export_limit_kw=draw(limits)))
        for twin in world.homes
    )
    feed_in = world.feed_in_per_kwh + draw(st.sampled_from([0.0, 1.0]))
    return replace(world, homes=homes, feed_in_per_kwh=feed_in)


def reached(network: NetworkSettings) -> set[str]:
    """The zones that lines lead to from the first one."""
    found = {network.zones[0].name}
    for _ in network.zones:
        for line in network.lines:
            if {line.start, line.end} & found:
                found |= {line.start, line.end}
    return found


@settings(max_examples=60)
@for_all(worlds(), SEEDS)
def test_zones_hold_every_home_once_and_lines_join_them(world: World, seed: int) -> None:
    around = example(world, seed)
    network, names = around.network, sorted(twin.name for twin in world.homes)
    assert NetworkSettings.model_validate(network.model_dump(by_alias=True)) == network
    assert network.unknown_meters(names) == []
    assert sorted(meter for zone in network.zones for meter in zone.meters) == names
    assert len(network.zones) == min(3, 1 + (len(names) > 1) + (len(names) > 5))
    assert all(zone.meters for zone in network.zones)
    assert reached(network) == {zone.name for zone in network.zones}
    assert all(line.capacity_w > 0 for line in network.lines)


@settings(max_examples=60)
@for_all(worlds(), SEEDS)
def test_every_envelope_lies_within_the_homes_own_limits(world: World, seed: int) -> None:
    rows = {row.meter: row for row in example(world, seed).network.envelopes}
    assert rows.keys() == {twin.name for twin in world.homes}
    for twin in world.homes:
        row = rows[twin.name]
        assert row.export_limit_w is not None and row.import_limit_w is not None
        assert row.export_limit_w <= min(5_000, 1000 * twin.home.export_limit_kw)
        assert row.import_limit_w <= 1000 * twin.home.import_limit_kw


@settings(max_examples=60)
@for_all(worlds(), SEEDS)
def test_every_pair_of_zones_has_a_distance_and_a_loss_that_grow_with_the_lines_between(
    world: World, seed: int
) -> None:
    network = example(world, seed).network
    rows = {(row.start, row.end): row for row in network.distances}
    zones = [zone.name for zone in network.zones]
    assert set(rows) == {(first, second) for i, first in enumerate(zones) for second in zones[i:]}
    assert all(Decimal("0.01") <= row.loss <= Decimal("0.05") for row in rows.values())
    far = [rows[zones[0], zone] for zone in zones]
    assert far == sorted(far, key=lambda row: (row.distance, row.loss))
    assert network.charge_per_kwh_and_distance >= 0


@settings(max_examples=60)
@for_all(worlds(), SEEDS)
def test_wishes_can_be_served_by_somebody_else(world: World, seed: int) -> None:
    wishes = example(world, seed).preferences
    assert wishes.keys() == {twin.name for twin in world.homes}
    green = {name for name, own in wishes.items() if own.quality == "green"}
    for name, own in wishes.items():
        if own.min_quality == "green":
            assert green - {name}
        for premium in own.premiums:
            assert premium.of in QUALITIES or premium.of in green - {name}
    assert preferences_of(example(world, seed).preferences_text()).keys() <= wishes.keys()


@settings(max_examples=30)
@for_all(worlds(), SEEDS)
def test_the_same_seed_gives_the_same_and_a_market_only_what_it_asks_for(world: World, seed: int) -> None:
    whole = example(world, seed)
    assert whole == example(world, seed)
    for mechanism in LIVE:
        asked = MECHANISMS[mechanism].asks
        around = given(world, mechanism, seed)
        assert (around is None) == (not asked)
        if around is None:
            continue
        grid = grid_in_slot(around.network_text(), world.first.minutes)
        has = Counter(dict.fromkeys(Asked, 0))
        if grid is not None:
            has[Asked.ENVELOPES], has[Asked.ZONES] = len(grid.envelopes), len(grid.zones)
            has[Asked.LINES], has[Asked.CHARGES] = len(grid.lines), sum(grid.charges.values())
            has[Asked.LOSSES] = len(grid.losses) if Asked.CHARGES not in asked else 0
        has[Asked.PREFERENCES] = len(around.preferences)
        assert {what for what, count in has.items() if count} <= asked
        assert {Asked.ENVELOPES, Asked.ZONES, Asked.LOSSES, Asked.PREFERENCES} & asked <= set(+has)
        assert described(around).startswith("example: ")
