"""What matching by preference promises: its constraints, the largest welfare under them, prices nobody leaves."""

import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_judge import best_welfare, book_of

from broker.clearing import preference, uniform
from broker.clearing.book import Step
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.preference import match, product_of, wish_of
from broker.clearing.preferences import ANYTHING, QUALITIES, Preference, preferences_of, preferences_text

BUYERS, SELLERS = "abcdef", "ABCD"
BIDS = st.lists(st.builds(Step, st.sampled_from(BUYERS), st.integers(-5, 20), st.integers(1, 9)), max_size=10)
OFFERS = st.lists(st.builds(Step, st.sampled_from(SELLERS), st.integers(-5, 20), st.integers(1, 9)), max_size=10)
QUALITY = st.sampled_from(sorted(QUALITIES))
SELLING = st.builds(Preference, quality=QUALITY)
BUYING = st.builds(
    Preference,
    min_quality=QUALITY,
    partners=st.none() | st.frozensets(st.sampled_from(SELLERS), max_size=3),
    premiums=st.dictionaries(st.sampled_from([*QUALITIES, *SELLERS]), st.integers(0, 5), max_size=2),
)
PREFERENCES = st.builds(
    lambda sells, buys: {**sells, **buys},
    st.dictionaries(st.sampled_from(SELLERS), SELLING),
    st.dictionaries(st.sampled_from(BUYERS), BUYING),
)


class Taken(NamedTuple):
    """Whether a buyer may take what a seller has, and what it adds."""

    allowed: bool
    premium: int


def taken(wishes: dict[str, Preference], buyer: str, seller: str) -> Taken:
    """The rule, written again from its description."""
    wants, has = wishes.get(buyer, ANYTHING), QUALITIES[wishes.get(seller, ANYTHING).quality]
    allowed = has >= QUALITIES[wants.min_quality] and (wants.partners is None or seller in wants.partners)
    reached = [p for name, p in wants.premiums.items() if name in QUALITIES and QUALITIES[name] <= has]
    return Taken(allowed, max(reached, default=0) + wants.premiums.get(seller, 0))


def cleared(bids: list[Step], offers: list[Step], wishes: dict[str, Preference]) -> Outcome:
    return preference.clear(book_of(bids, offers), Rules(preferences=wishes))


@given(BIDS, OFFERS, PREFERENCES)
def test_trades_keep_every_constraint_and_balance(
    bids: list[Step], offers: list[Step], wishes: dict[str, Preference]
) -> None:
    outcome = cleared(bids, offers, wishes)
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    assert all(taken(wishes, trade.buyer, trade.seller).allowed for trade in outcome.trades)
    for filled, side in ((outcome.bought, bids), (outcome.sold, offers)):
        assert all(0 < q <= sum(s.quantity for s in side if s.key == key) for key, q in filled.items())
    assert outcome.surplus() == 0
    for key, energy in outcome.bought.items():
        assert energy == sum(trade.quantity for trade in outcome.trades if trade.buyer == key)


@settings(max_examples=150)
@given(BIDS, OFFERS, PREFERENCES)
def test_welfare_is_the_constrained_optimum_of_a_linear_program(
    bids: list[Step], offers: list[Step], wishes: dict[str, Preference]
) -> None:
    """Every participant is a node of the judge, every allowed pair an arc."""
    place = {name: i for i, name in enumerate([*BUYERS, *SELLERS])}
    arcs = [
        (place[seller], place[buyer], -taken(wishes, buyer, seller).premium, None)
        for buyer in BUYERS
        for seller in SELLERS
        if taken(wishes, buyer, seller).allowed
    ]
    best = best_welfare([(place[s.key], s) for s in bids], [(place[s.key], s) for s in offers], arcs, len(place))
    assert cleared(bids, offers, wishes).welfare == pytest.approx(best, abs=1e-6)


@given(BIDS, OFFERS, PREFERENCES)
def test_every_buyer_has_what_it_likes_best_at_the_prices(
    bids: list[Step], offers: list[Step], wishes: dict[str, Preference]
) -> None:
    """At the product prices a buyer's best net price decides: better bids are served whole, worse ones not at all."""
    book, rules = book_of(bids, offers), Rules(preferences=wishes)
    result = match(book, wishes, rules.k)
    if not result.allocation.volume:
        return
    named = {name for own in wishes.values() for name in [*(own.partners or ()), *own.premiums]}
    at = {}
    for seller in {s.key for s in offers}:
        price = result.prices[product_of(wishes.get(seller, ANYTHING), seller if seller in named else "")]
        assert price is not None
        at[seller] = price
    bought = {key: q for members in result.allocation.bought for key, q in members.items()}
    sold = {key: q for members in result.allocation.sold for key, q in members.items()}
    for buyer in {s.key for s in bids}:
        allowed = [seller for seller in at if taken(wishes, buyer, seller).allowed]
        net = min((at[seller] - taken(wishes, buyer, seller).premium for seller in allowed), default=None)
        own = [s for s in bids if s.key == buyer]
        least = 0 if net is None else sum(s.quantity for s in own if s.price > net)
        most = 0 if net is None else sum(s.quantity for s in own if s.price >= net)
        assert least <= bought.get(buyer, 0) <= most
        for pair in result.pairs:
            if pair.buyer == buyer:
                assert at[pair.seller] - taken(wishes, buyer, pair.seller).premium == net
    for seller, price in at.items():
        own = [s for s in offers if s.key == seller]
        least, most = (
            sum(s.quantity for s in own if s.price < price),
            sum(s.quantity for s in own if s.price <= price),
        )
        assert least <= sold.get(seller, 0) <= most


@given(BIDS, OFFERS, PREFERENCES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(
    bids: list[Step], offers: list[Step], wishes: dict[str, Preference], rng: random.Random
) -> None:
    shuffled = cleared(rng.sample(bids, len(bids)), rng.sample(offers, len(offers)), wishes)
    assert shuffled == cleared(bids, offers, wishes)


@given(BIDS, OFFERS)
def test_without_preferences_it_is_the_uniform_auction(bids: list[Step], offers: list[Step]) -> None:
    one, other = uniform.clear(book_of(bids, offers), Rules()), cleared(bids, offers, {})
    assert (other.bought, other.sold, other.welfare) == (one.bought, one.sold, one.welfare)


def test_a_wish_that_nobody_can_serve_leaves_its_buyer_without_energy() -> None:
    outcome = cleared(
        [Step("a", 20, 5), Step("b", 18, 5)], [Step("A", 8, 10)], {"a": Preference(min_quality="green")}
    )
    assert outcome.bought == {"b": 5}


def test_green_energy_goes_to_those_who_ask_for_it_even_when_grey_buyers_pay_more() -> None:
    wishes = {"a": Preference(min_quality="green"), "A": Preference(quality="green")}
    outcome = cleared([Step("a", 15, 5), Step("b", 30, 5)], [Step("A", 2, 5), Step("B", 10, 5)], wishes)
    assert {(t.buyer, t.seller) for t in outcome.trades} == {("a", "A"), ("b", "B")}


def test_who_adds_a_premium_for_what_it_sells_does_not_buy_from_itself() -> None:
    """It asks 12 and bids 10 + 5 for green energy, which it sells; a stranger's green energy at 14 it does buy."""
    wishes = {"m": Preference(quality="green", premiums={"green": 5}), "S": Preference(quality="green")}
    assert not cleared([Step("m", 10, 4)], [Step("m", 12, 4)], wishes).volume
    outcome = cleared([Step("m", 10, 4)], [Step("m", 12, 4), Step("S", 14, 3)], wishes)
    assert {(t.buyer, t.seller, t.quantity) for t in outcome.trades} == {("m", "S", 3)}
    outcome = cleared([Step("m", 10, 4), Step("b", 13, 2)], [Step("m", 12, 4), Step("S", 14, 3)], wishes)
    assert {(t.buyer, t.seller, t.quantity) for t in outcome.trades} == {("m", "S", 3), ("b", "m", 2)}


def test_preferences_survive_the_text_of_the_terms() -> None:
    row = {"quality": "grey", "min_quality": "green", "partners": ["s"], "premiums": {"green": 2}}
    found = preferences_of(preferences_text({"m": row}))
    assert found == {"m": Preference(min_quality="green", partners=frozenset("s"), premiums={"green": 2})}
    assert wish_of(found["m"]).premium(product_of(Preference(quality="green"), "s")) == 2
    assert preferences_of("") == {}
