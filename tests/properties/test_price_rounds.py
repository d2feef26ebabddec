"""Rounds of questions find what the auction finds on whole orders; whoever stays silent never breaks a balance."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from broker.clearing import uniform
from broker.clearing.book import Book, Step, book_side
from broker.clearing.iterated_price import Reply
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.price_rounds import PriceRounds
from hems.bidding.replies import replies
from wire.messages import PRICES_MAX, QUESTIONS_MAX, OrderStep, Side

BAND = (60_000, 540_000)
PRICES = st.integers(*BAND) | st.sampled_from([60_000, 220_000, 300_000, 539_999, 540_000])
Orders = dict[str, tuple[OrderStep, ...]]


@st.composite
def order(draw: st.DrawFn) -> tuple[OrderStep, ...]:
    """Buys by falling, sells by rising price, the buys below the sells."""
    prices = sorted(draw(st.sets(PRICES, min_size=1, max_size=5)))
    buys = draw(st.integers(0, len(prices)))
    return tuple(
        OrderStep(side=side, price_micro_per_kwh=price, energy_wh=draw(st.integers(1, 4_000)))
        for side, part in ((Side.BUY, prices[:buys][::-1]), (Side.SELL, prices[buys:]))
        for price in part
    )


ORDERS = st.dictionaries(st.sampled_from("abcdef"), order(), max_size=6)
K = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1)])
SILENT = st.sets(st.tuples(st.sampled_from("abcdef"), st.integers(1, QUESTIONS_MAX)), max_size=12)


def asked(orders: Orders, k: Fraction, silent: set[tuple[str, int]], most: int = QUESTIONS_MAX) -> PriceRounds:
    rounds = PriceRounds(BAND, k, most, PRICES_MAX)
    while prices := rounds.question():
        rounds.ask(prices)
        for name, steps in orders.items():
            said = [Reply(*quantities) for quantities in replies(steps, prices)]
            if (name, len(rounds.asked)) not in silent:
                assert not rounds.contradicts(name, said)
                rounds.hear(name, said)
    return rounds


def auctioned(orders: Orders, k: Fraction) -> Outcome:
    sides = [
        book_side(
            Step(name, step.price_micro_per_kwh, step.energy_wh)
            for name, steps in sorted(orders.items())
            for step in steps
            if step.side is side
        )
        for side in (Side.BUY, Side.SELL)
    ]
    return uniform.clear(Book(*sides), Rules(k=k))


def gains_nothing_less(orders: Orders, outcome: Outcome) -> None:
    """Nobody trades more than it asked for at the price, or at a price worse than its limit."""
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    assert sum(outcome.payments().values()) == sum(outcome.receipts().values())
    for name, steps in orders.items():
        if not outcome.volume:
            continue
        assert outcome.buyer_price is not None
        most = replies(steps, [outcome.buyer_price])[0]
        assert outcome.bought.get(name, 0) <= most.bought_most
        assert outcome.sold.get(name, 0) <= most.sold_most


@given(ORDERS, K)
def test_questions_find_the_price_and_the_shares_of_the_auction(orders: Orders, k: Fraction) -> None:
    rounds, expected = asked(orders, k, set()), auctioned(orders, k)
    found = rounds.outcome()
    assert rounds.is_converged
    assert rounds.residuals() == (0, 0)
    assert found.volume == expected.volume
    assert dict(found.bought) == dict(expected.bought)
    assert dict(found.sold) == dict(expected.sold)
    assert not found.note
    if expected.volume:
        assert (found.low, found.high, found.buyer_price) == (expected.low, expected.high, expected.buyer_price)


@given(ORDERS, K, SILENT, st.integers(1, QUESTIONS_MAX))
def test_silence_and_early_ends_keep_balance_and_limits(
    orders: Orders, k: Fraction, silent: set[tuple[str, int]], most: int
) -> None:
    rounds = asked(orders, k, silent, most)
    assert len(rounds.asked) <= most
    outcome = rounds.outcome()
    gains_nothing_less(orders, outcome)
    assert rounds.is_converged == (outcome.note == "") == (rounds.residuals() == (0, 0))
    assert set(outcome.bought) | set(outcome.sold) <= set(rounds.heard)


@given(ORDERS, K)
def test_the_curves_that_were_told_hold_all_energy_at_the_worse_end(orders: Orders, k: Fraction) -> None:
    rounds = asked(orders, k, set())
    demand, supply = rounds.levels()
    for side, curve in ((Side.BUY, demand), (Side.SELL, supply)):
        steps = [s for order_ in orders.values() for s in order_ if s.side is side]
        assert sum(energy for _, energy in curve) == sum(s.energy_wh for s in steps)
        ends = BAND[1] if side is Side.BUY else BAND[0]
        at_end = sum(s.energy_wh for s in steps if s.price_micro_per_kwh == ends)
        assert sum(energy for price, energy in curve if price == ends) == at_end


def test_a_reply_that_no_order_gives_is_a_contradiction() -> None:
    rounds = PriceRounds(BAND, Fraction(1, 2), QUESTIONS_MAX, PRICES_MAX)
    rounds.ask((100_000, 200_000))
    assert not rounds.contradicts("a", [Reply(5, 5, 0, 0), Reply(0, 5, 0, 0)])
    for wrong in (
        [Reply(5, 5, 0, 0), Reply(6, 6, 0, 0)],  # wants more at a higher price
        [Reply(5, 5, 1, 1), Reply(0, 5, 1, 1)],  # trades with itself
        [Reply(5, 4, 0, 0), Reply(0, 0, 0, 0)],  # least above most
        [Reply(0, 0, 7, 7), Reply(0, 0, 6, 6)],  # sells less at a higher price
    ):
        assert rounds.contradicts("a", wrong)
    rounds.hear("a", [Reply(5, 5, 0, 0), Reply(2, 3, 0, 0)])
    rounds.ask((150_000,))
    assert rounds.contradicts("a", [Reply(2, 2, 0, 0)])  # fewer than at 200,000 where it bought 3
    assert rounds.at(150_000) == {"a": Reply(3, 3, 0, 0)}
