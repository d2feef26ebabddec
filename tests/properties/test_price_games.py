"""What iterated prices and provider prices promise, on random books with many ties."""

import random
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from network_judge import book_of

from broker.clearing import iterated_price, leader, stackelberg, uniform
from broker.clearing.book import Step
from broker.clearing.iterated_price import ROUNDS_MAX, Quote, Rounds, reply
from broker.clearing.leader import Member
from broker.clearing.nodal.curves import bid_curve, offer_curve
from broker.clearing.outcome import Rules

STEPS = st.lists(st.builds(Step, st.sampled_from("abcdef"), st.integers(-9, 20), st.integers(1, 9)), max_size=12)
WILD = st.lists(
    st.builds(Step, st.sampled_from("abcdef"), st.integers(-(10**9), 10**9), st.integers(1, 10**9)), max_size=12
)


def sellers(steps: list[Step]) -> list[Step]:
    return [step._replace(key=step.key.upper()) for step in steps]


@given(STEPS | WILD, STEPS | WILD, st.fractions(0, 1))
def test_the_iterated_price_ends_at_the_uniform_auction(bids: list[Step], offers: list[Step], k: Fraction) -> None:
    book, rules = book_of(bids, sellers(offers)), Rules(k=k)
    outcome, heard = iterated_price.clear_in_rounds(book, rules)
    assert outcome == uniform.clear(book, rules)
    assert len(heard) <= ROUNDS_MAX


@given(STEPS, STEPS, st.integers(-12, 25))
def test_the_replies_of_all_sum_to_the_reply_of_the_sum(bids: list[Step], offers: list[Step], price: int) -> None:
    whole = reply(bid_curve(bids), offer_curve(offers), price)
    own = [
        reply(bid_curve([s for s in bids if s.key == key]), offer_curve([s for s in offers if s.key == key]), price)
        for key in "abcdef"
    ]
    assert whole == tuple(map(sum, zip(*own, strict=True)))


def test_rounds_that_end_early_say_so_and_serve_the_short_side() -> None:
    far = 2**200
    book = book_of([Step("b", far + 5, 4)], [Step("s", far, 9)])
    outcome, heard = iterated_price.clear_in_rounds(book, Rules())
    assert len(heard) <= ROUNDS_MAX
    assert "not converged" in outcome.note
    assert outcome.bought in ({}, {"b": 4})
    assert outcome.surplus() == 0


def test_a_quote_and_its_reply_are_remembered_in_order() -> None:
    rounds = Rounds(lambda quote: reply(bid_curve([Step("b", 9, 2)]), offer_curve([Step("s", 3, 2)]), quote.price))
    assert rounds.lowest() == 3
    assert [quote for quote, _ in rounds.heard][:2] == [Quote(1, 0), Quote(2, 1)]


def brute_force(bids: list[Step], offers: list[Step]) -> int:
    best = 0
    for p_b in {s.price for s in bids}:
        for p_s in {s.price for s in offers}:
            demand = sum(s.quantity for s in bids if s.price >= p_b)
            supply = sum(s.quantity for s in offers if s.price <= p_s)
            best = max(best, (p_b - p_s) * min(demand, supply))
    return best


@given(STEPS, STEPS)
def test_the_provider_takes_the_largest_profit_and_nobody_loses(bids: list[Step], offers: list[Step]) -> None:
    offers = sellers(offers)
    outcome = stackelberg.profit(book_of(bids, offers), Rules())
    assert outcome.surplus() == brute_force(bids, offers)
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    if outcome.buyer_price is None or outcome.seller_price is None:
        return
    for steps, filled, price, sign in (
        (bids, outcome.bought, outcome.buyer_price, 1),
        (offers, outcome.sold, outcome.seller_price, -1),
    ):
        for key in {s.key for s in steps}:
            gains = [(sign * (s.price - price), s.quantity) for s in steps if s.key == key]
            least = sum(quantity for gain, quantity in gains if gain > 0)
            most = sum(quantity for gain, quantity in gains if gain >= 0)
            assert least <= filled.get(key, 0) <= most


@settings(max_examples=50)
@given(STEPS, STEPS)
def test_without_profit_no_pair_of_balanced_prices_gives_members_more(bids: list[Step], offers: list[Step]) -> None:
    offers = sellers(offers)
    outcome = stackelberg.nonprofit(book_of(bids, offers), Rules())
    assert outcome.surplus() == 0
    for price in range(-10, 22):
        demand = sorted((s.price for s in bids if s.price >= price for _ in range(s.quantity)), reverse=True)
        supply = sorted(s.price for s in offers if s.price <= price for _ in range(s.quantity))
        assert sum(b - s for b, s in zip(demand, supply, strict=False)) <= outcome.welfare


@given(STEPS, STEPS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(bids: list[Step], offers: list[Step], rng: random.Random) -> None:
    offers = sellers(offers)
    shuffled = book_of(rng.sample(bids, len(bids)), rng.sample(offers, len(offers)))
    for clear in (iterated_price.clear, stackelberg.profit, stackelberg.nonprofit):
        assert clear(shuffled, Rules()) == clear(book_of(bids, offers), Rules())


MEMBERS = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(0, 5), st.integers(0, 30), st.integers(1, 9)), max_size=5
)


@settings(max_examples=40)
@given(MEMBERS)
def test_a_leader_of_linear_members_leaves_no_profit_on_a_grid_of_prices(
    rows: list[tuple[int, int, int, int]],
) -> None:
    members = [Member(f"m{i}", s, Fraction(a), Fraction(b), Fraction(q)) for i, (s, a, b, q) in enumerate(rows)]
    buyers, sells = ([m for m in members if m.sign == sign] for sign in (-1, 1))
    found = leader.with_profit(buyers, sells)
    grid = [Fraction(i, 2) for i in range(-40, 160)]
    demand = [(p, sum(m.quantities(p)[1] for m in buyers)) for p in grid]
    supply = [(p, sum(m.quantities(p)[1] for m in sells)) for p in grid]
    best = max((p_b - p_s) * min(d, s) for p_b, d in demand for p_s, s in supply if p_b >= p_s)
    assert (found.profit if found else 0) >= best
    if found:
        for side, price in ((buyers, found.buyer_price), (sells, found.seller_price)):
            replies = [m.quantities(price) for m in side]
            assert sum(least for least, _ in replies) <= found.quantity <= sum(most for _, most in replies)


@given(MEMBERS)
def test_without_profit_the_one_price_clears_linear_members(rows: list[tuple[int, int, int, int]]) -> None:
    members = [Member(f"m{i}", s, Fraction(a), Fraction(b), Fraction(q)) for i, (s, a, b, q) in enumerate(rows)]
    sides = [[m for m in members if m.sign == sign] for sign in (-1, 1)]
    found = leader.without_profit(sides[0], sides[1], Fraction(1, 2))
    if found is None:
        return
    assert found.profit == 0
    for side in sides:
        replies = [m.quantities(found.buyer_price) for m in side]
        assert sum(least for least, _ in replies) <= found.quantity <= sum(most for _, most in replies)
