"""What changed hands inside a slot, and mechanisms that have no orders or no single price."""

from dataclasses import replace

import pytest

from broker.clearing import uniform
from broker.clearing.book import Book
from broker.clearing.outcome import Outcome, Rules
from broker.mechanisms import catalogue
from broker.mechanisms.mechanism import Mechanism
from tests.twin_worlds import small_world
from twin.exchanges import exchanges, shared_price
from twin.foresight import PerfectOutlook
from twin.output import flows_kwh
from twin.results import is_auction
from twin.schemes.trace import MarketTrace
from twin.schemes.trading import TradingCommunity
from twin.world import World
from wire.quantities import micro_per_kwh

RETAIL, FEED_IN, MID = 300_000, 70_000, 185_000


def test_the_price_of_the_mid_market_rate_is_that_rate() -> None:
    lines = [(600, 600 * MID), (-400, -400 * MID), (-200, -200 * MID)]
    assert shared_price(lines, RETAIL, FEED_IN) == (600, MID)


def test_what_the_community_buys_outside_is_no_part_of_the_price() -> None:
    # 1000 Wh drawn, 400 Wh of them given inside at the middle, 600 Wh bought at retail and spread over those who drew
    lines = [(700, 700 * 254_000), (300, 300 * 254_000), (-400, -400 * MID)]
    matched, price = shared_price(lines, RETAIL, FEED_IN)
    assert (matched, price) == (400, MID)


def test_what_the_community_feeds_in_is_no_part_of_the_price() -> None:
    lines = [(400, 400 * MID), (-1000, -(400 * MID + 600 * FEED_IN))]
    assert shared_price(lines, RETAIL, FEED_IN) == (400, MID)


@pytest.mark.parametrize("lines", [[], [(500, 500 * RETAIL)], [(-500, -500 * FEED_IN)]])
def test_without_a_counterpart_nothing_has_a_price(lines: list[tuple[int, int]]) -> None:
    assert shared_price(lines, RETAIL, FEED_IN) == (0, None)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(2, homes=4)


def _traded(world: World, mechanism: str) -> MarketTrace:
    outlooks = {twin.name: PerfectOutlook(world, twin) for twin in world.homes}
    return TradingCommunity(world, outlooks, 1, mechanism=mechanism).run()


def test_questions_over_the_bus_run_the_homes_as_the_auction_does(world: World) -> None:
    """No order is read, and every clearing, settlement and cost is that of the auction on the same homes."""
    asked, auctioned = _traded(world, "iterated_price"), _traded(world, "uniform_price_k_double_auction")
    assert sum(clearing.volume_wh for clearing in asked.clearings) > 0
    assert asked.cost_nano == auctioned.cost_nano
    assert asked.net_kwh == auctioned.net_kwh
    assert [c.volume_wh for c in asked.clearings] == [c.volume_wh for c in auctioned.clearings]
    assert all(c.unrevealed == 0 and c.note is None for c in asked.clearings)


def test_a_sharing_rule_takes_no_orders_and_prices_what_it_matches(world: World) -> None:
    trace = _traded(world, "mid_market_rate")
    found = exchanges(world, trace.clearings, trace.settlements)
    assert len(found) == world.counted_slots
    assert trace.orders == 0
    assert not trace.asked
    assert trace.operator_nano == 0
    assert sum(e.awarded_wh for e in found) == 0
    for entry in found:
        index = world.count_from + found.index(entry)
        retail, feed_in = micro_per_kwh(world.retail_per_kwh[index]), micro_per_kwh(world.feed_in_per_kwh[index])
        assert entry.shared_price_micro in (None, (retail + feed_in) // 2)
    drawn = sum(max(s.metered_wh, 0) for s in trace.settlements)
    assert 0 < sum(e.shared_wh for e in found) <= drawn
    flows = flows_kwh(world, trace, sum(e.shared_wh for e in found) / 1000)
    assert flows["local_trade_kwh"] > 0


def _two_prices(book: Book, rules: Rules) -> Outcome:
    """Buyers pay a tenth more than sellers get: the community account keeps the rest."""
    outcome = uniform.clear(book, rules)
    if outcome.buyer_price is None:
        return outcome
    lower = outcome.buyer_price * 9 // 10
    paid, received = outcome.payments(), {key: energy * lower for key, energy in outcome.sold.items()}
    return replace(outcome, buyer_price=None, seller_price=None, paid=paid, received=received)


def test_a_surplus_goes_to_the_community_account_of_the_counted_slots(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mechanism = replace(catalogue.MECHANISMS["uniform_price_k_double_auction"], name="two_prices", clear=_two_prices)
    monkeypatch.setitem(catalogue.MECHANISMS, "two_prices", mechanism)
    warm = small_world(2, homes=4, warm_up_days=1)
    trace = _traded(warm, "two_prices")
    assert is_auction("two_prices")
    assert isinstance(mechanism, Mechanism)
    assert trace.operator_nano == sum(c.surplus_nano for c in trace.clearings) > 0
    assert trace.sum_nano == 0
    found = exchanges(warm, trace.clearings, trace.settlements)
    assert all((e.award_price_micro is None) == (e.awarded_wh == 0) for e in found)
