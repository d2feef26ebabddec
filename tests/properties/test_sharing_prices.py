"""Prices and bills of the pooled rules against what they promise and against each other."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from broker.sharing import mid_market, supply_demand_ratio
from broker.sharing.bill_sharing import MeteredSlot, shared_bill
from broker.sharing.nash_bargaining import bilateral_deal, on_frontier, shared_cost

ENERGY = st.fractions(0, 50, max_denominator=20)
PRICE = st.fractions(0, 40, max_denominator=20)
MONEY = st.fractions(-90, 90, max_denominator=20)
WEIGHT = st.fractions(0, 3, max_denominator=6)
RULES = (mid_market.inside_prices, supply_demand_ratio.inside_prices)


@given(ENERGY, ENERGY, PRICE, PRICE)
def test_members_pay_together_what_the_community_pays_outside(
    supply: Fraction, demand: Fraction, one: Fraction, other: Fraction
) -> None:
    feed_in, retail = sorted((one, other))
    for inside_prices in RULES:
        prices = inside_prices(supply, demand, retail, feed_in)
        lacking = demand - supply
        outside = lacking * (retail if lacking > 0 else feed_in)
        assert prices.buy * demand - prices.sell * supply == outside
        assert feed_in <= prices.sell <= retail
        assert feed_in <= prices.buy <= retail


@given(ENERGY, ENERGY, ENERGY, PRICE, PRICE)
def test_more_supply_never_raises_a_price(
    supply: Fraction, more: Fraction, demand: Fraction, one: Fraction, other: Fraction
) -> None:
    feed_in, retail = sorted((one, other))
    if not demand or not supply:
        return
    for inside_prices in RULES:
        before = inside_prices(supply, demand, retail, feed_in)
        after = inside_prices(supply + more, demand, retail, feed_in)
        assert after.buy <= before.buy
        assert after.sell <= before.sell


@given(ENERGY, PRICE, PRICE)
def test_the_supply_demand_ratio_meets_its_ends(demand: Fraction, one: Fraction, other: Fraction) -> None:
    feed_in, retail = sorted((one + 1, other + 1))
    demand += 1
    assert supply_demand_ratio.inside_prices(Fraction(0), demand, retail, feed_in) == (retail, retail)
    assert supply_demand_ratio.inside_prices(demand, demand, retail, feed_in) == (feed_in, feed_in)


SLOT = st.fixed_dictionaries(
    {
        "consumption": st.dictionaries(st.sampled_from("ABC"), ENERGY, max_size=3),
        "generation": st.dictionaries(st.sampled_from("ABC"), ENERGY, max_size=3),
        "retail": PRICE,
        "feed_in": PRICE,
    }
)


@given(st.lists(SLOT, max_size=5))
def test_shared_bills_sum_to_what_the_community_pays_slot_by_slot(raw: list[dict[str, object]]) -> None:
    slots = [MeteredSlot(**entry) for entry in raw]  # type: ignore[arg-type]
    shared = shared_bill(slots)
    outside = Fraction(0)
    for slot in slots:
        net = sum(slot.consumption.values()) - sum(slot.generation.values())
        outside += net * (slot.retail if net > 0 else slot.feed_in)
    assert shared.community_bill == outside
    assert sum(shared.bills.values()) == outside
    assert shared_bill(slots[::-1]) == shared


@given(st.dictionaries(st.sampled_from("ABCDE"), st.tuples(MONEY, WEIGHT), min_size=1), MONEY)
def test_a_shared_cost_sums_to_it_and_nobody_pays_more(
    parties: dict[str, tuple[Fraction, Fraction]], joint: Fraction
) -> None:
    alone = {name: cost for name, (cost, _) in parties.items()}
    weights = {name: weight for name, (_, weight) in parties.items()} | {min(parties): Fraction(1)}
    shares = shared_cost(alone, joint, weights)
    if shares is None:
        assert sum(alone.values()) < joint
        return
    assert sum(shares.values()) == joint
    assert all(shares[name] <= alone[name] for name in alone)


@given(PRICE, PRICE, PRICE, st.fractions(0, 1, max_denominator=9))
def test_a_deal_covers_the_fee_and_nobody_loses(
    retail: Fraction, feed_in: Fraction, fee: Fraction, weight: Fraction
) -> None:
    deal = bilateral_deal(retail, feed_in, fee, weight)
    if deal is None:
        assert fee > retail - feed_in
        return
    assert deal.buyer_price - deal.seller_price == fee
    assert deal.seller_price >= feed_in
    assert deal.buyer_price <= retail


@given(
    st.lists(st.tuples(st.fractions(Fraction(1, 5), 5, max_denominator=5), MONEY, WEIGHT), min_size=2, max_size=4),
    MONEY,
    st.data(),
)
def test_no_other_point_of_the_frontier_has_a_larger_nash_product(
    rows: list[tuple[Fraction, Fraction, Fraction]], limit: Fraction, data: st.DataObject
) -> None:
    slopes, disagreement = [row[0] for row in rows], [row[1] for row in rows]
    weights = [int(row[2] * 6) + 1 for row in rows]
    best = on_frontier(slopes, limit, disagreement, [Fraction(w) for w in weights])
    spent = sum(a * d for a, d in zip(slopes, disagreement, strict=True))
    if best is None:
        assert spent > limit
        return
    assert sum(a * u for a, u in zip(slopes, best, strict=True)) == limit
    parts = [data.draw(st.fractions(0, 1, max_denominator=9)) for _ in rows]
    total = sum(parts) or Fraction(1)
    other = [d + p / total * (limit - spent) / a for a, d, p in zip(slopes, disagreement, parts, strict=True)]
    assert product(best, disagreement, weights) >= product(other, disagreement, weights)


def product(utilities: list[Fraction], disagreement: list[Fraction], weights: list[int]) -> Fraction:
    result = Fraction(1)
    for u, d, w in zip(utilities, disagreement, weights, strict=True):
        result *= (u - d) ** w
    return result
