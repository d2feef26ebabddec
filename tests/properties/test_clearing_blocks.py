"""What the day-ahead auction with block orders promises, against exhaustive enumeration."""

import random
from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.invariants.day_judge import best_welfare, energy, gain, uses, with_descendants
from broker.clearing import uniform
from broker.clearing.block_orders import BlockOrder, block_problems
from broker.clearing.blocks import DayOutcome, clear_day
from broker.clearing.book import Book, Step, book_side
from broker.clearing.net_demand import NetDemand
from broker.clearing.outcome import Rules

SLOTS = 3
SIMPLE = st.lists(st.builds(Step, st.sampled_from("abc"), st.integers(-5, 30), st.integers(1, 9)), max_size=4)
DAYS = st.lists(st.tuples(SIMPLE, SIMPLE), min_size=SLOTS, max_size=SLOTS)
KS = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1)])


@st.composite
def orders(draw: st.DrawFn, *, most: int = 4, are_whole: bool = True) -> list[BlockOrder]:
    """Valid blocks with links and exclusive groups."""
    blocks: list[BlockOrder] = []
    for i in range(draw(st.integers(0, most))):
        key = draw(st.sampled_from("xy"))
        own = [b.id for b in blocks if b.key == key]
        parent = draw(st.sampled_from([None, *own]))
        profile = draw(st.dictionaries(st.integers(0, SLOTS - 1), st.integers(1, 12), min_size=1))
        blocks.append(
            BlockOrder(
                id=f"block-{i}",
                key=key,
                is_buy=draw(st.booleans()),
                price=draw(st.integers(-5, 30)),
                profile=tuple(sorted(profile.items())),
                accepted_min=1000 if are_whole else draw(st.sampled_from([1, 300, 500, 1000])),
                parent=parent,
                group=draw(st.sampled_from([None, "g"])) if parent is None else None,
            )
        )
    return blocks


def cleared(day: list[tuple[list[Step], list[Step]]], blocks: list[BlockOrder], k: Fraction) -> DayOutcome:
    return clear_day([Book(book_side(b), book_side(o)) for b, o in day], blocks, Rules(k=k))


@settings(max_examples=150)
@given(DAYS, orders(), KS)
def test_welfare_is_that_of_exhaustive_enumeration(
    day: list[tuple[list[Step], list[Step]]], blocks: list[BlockOrder], k: Fraction
) -> None:
    outcome = cleared(day, blocks, k)
    assert outcome.welfare == outcome.bound == best_welfare(day, blocks, k)
    assert outcome.note == ""


@settings(max_examples=120)
@given(DAYS, orders(most=6, are_whole=False), KS)
def test_blocks_never_lose_and_links_groups_ratios_and_balance_hold(
    day: list[tuple[list[Step], list[Step]]], blocks: list[BlockOrder], k: Fraction
) -> None:
    outcome = cleared(day, blocks, k)
    accepted = [b for b in blocks if b.id in outcome.ratios]
    groups = [(b.key, b.group) for b in accepted if b.group]
    assert len(groups) == len(set(groups))
    traded = {b.id: energy(b, outcome.ratios[b.id]) for b in accepted}
    prices = {s: o.buyer_price for s, o in enumerate(outcome.slots) if o.buyer_price is not None}
    for block in accepted:
        assert Fraction(block.accepted_min, 1000) <= outcome.ratios[block.id] <= 1
        assert block.parent is None or outcome.ratios[block.parent] >= outcome.ratios[block.id]
        assert sum(gain(b, traded[b.id], prices) for b in with_descendants(block, accepted)) >= 0
    for slot, o in enumerate(outcome.slots):
        assert sum(o.bought.values()) == sum(o.sold.values()) == o.volume
        for is_buy, filled, steps in ((True, o.bought, day[slot][0]), (False, o.sold, day[slot][1])):
            for key in {*filled, *(s.key for s in steps)}:
                own = [s for s in steps if s.key == key]
                blocked = sum(traded[b.id].get(slot, 0) for b in accepted if b.key == key and b.is_buy == is_buy)
                simple = filled.get(key, 0) - blocked
                assert 0 <= simple <= sum(s.quantity for s in own)
                if slot in prices:
                    sign = 1 if is_buy else -1
                    assert simple >= sum(s.quantity for s in own if sign * (s.price - prices[slot]) > 0)
                    assert simple <= sum(s.quantity for s in own if sign * (s.price - prices[slot]) >= 0)
    assert outcome.welfare == sum(o.welfare for o in outcome.slots) <= outcome.bound


@settings(max_examples=60)
@given(DAYS, orders(most=5, are_whole=False), KS, st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_leaves_no_trace(
    day: list[tuple[list[Step], list[Step]]], blocks: list[BlockOrder], k: Fraction, rng: random.Random
) -> None:
    shuffled = [(rng.sample(b, len(b)), rng.sample(o, len(o))) for b, o in day]
    assert cleared(shuffled, rng.sample(blocks, len(blocks)), k) == cleared(day, blocks, k)


@settings(max_examples=60)
@given(DAYS, KS)
def test_without_blocks_every_slot_is_the_uniform_auction(
    day: list[tuple[list[Step], list[Step]]], k: Fraction
) -> None:
    books = [Book(book_side(b), book_side(o)) for b, o in day]
    assert list(clear_day(books, [], Rules(k=k)).slots) == [uniform.clear(book, Rules(k=k)) for book in books]


@settings(max_examples=60)
@given(DAYS, orders(most=5), KS)
def test_one_flexible_block_is_worth_at_least_the_whole_one(
    day: list[tuple[list[Step], list[Step]]], blocks: list[BlockOrder], k: Fraction
) -> None:
    if not blocks:
        return
    flexible = [
        BlockOrder(**{name: getattr(b, name) for name in b.__slots__} | {"accepted_min": 400 if i == 0 else 1000})
        for i, b in enumerate(blocks)
    ]
    assert cleared(day, flexible, k).welfare >= cleared(day, blocks, k).welfare


def test_rounding_to_whole_wh_does_not_make_a_part_worth_more_than_the_whole() -> None:
    day: list[tuple[list[Step], list[Step]]] = [
        ([], []),
        ([Step("a", 6, 2)], []),
        ([Step("a", 0, 2), Step("a", -1, 8)], []),
    ]
    block = BlockOrder(id="b", key="x", is_buy=False, price=0, profile=((1, 2), (2, 10)), accepted_min=400)
    assert cleared(day, [block], Fraction(0)).welfare == 2 * 6 - 8  # of 9 Wh in the last slot 1 would trade before


@settings(max_examples=40)
@given(DAYS, orders(most=6), KS, st.integers(0, 2_000))
def test_a_search_cut_short_is_feasible_and_says_how_far_it_can_be(
    day: list[tuple[list[Step], list[Step]]], blocks: list[BlockOrder], k: Fraction, effort: int
) -> None:
    books = [Book(book_side(b), book_side(o)) for b, o in day]
    short, full = clear_day(books, blocks, Rules(k=k), effort_max=effort), clear_day(books, blocks, Rules(k=k))
    assert short.welfare <= full.welfare <= short.bound
    assert ("not proven" in short.note) == (short.bound > short.welfare)


@given(SIMPLE, SIMPLE)
def test_the_worth_of_injected_energy_is_that_of_unit_by_unit_use(bids: list[Step], offers: list[Step]) -> None:
    demand = NetDemand(Book(book_side(bids), book_side(offers)))
    values, supply, cost = uses((bids, offers))
    for used in range(len(values) + 1):
        assert demand.excess(used - supply) == 0
        assert demand.welfare(used - supply) == sum(values[:used]) - cost
        expected = (values[used] if used < len(values) else None, values[used - 1] if used else None)
        assert demand.interval(used - supply) == expected
    for price in range(-6, 32):
        best = max(sum(values[:u]) - cost - price * (u - supply) for u in range(len(values) + 1))
        assert demand.surplus(price) == best
    assert demand.excess(-supply - 2) == 2
    assert demand.excess(len(values) - supply + 3) == 3


def test_numbers_beyond_64_bits_clear_the_same() -> None:
    day = [([Step("b", 20, 50)], [Step("s", 12, 50)])] * SLOTS
    block = BlockOrder(id="wind", key="x", is_buy=False, price=7, profile=((0, 30), (1, 20)))
    large = BlockOrder(
        id="wind", key="x", is_buy=False, price=7 * 10**20, profile=((0, 30 * 10**20), (1, 20 * 10**20))
    )
    scaled = [
        tuple([Step(s.key, s.price * 10**20, s.quantity * 10**20) for s in side] for side in slot) for slot in day
    ]
    small, big = cleared(day, [block], Fraction(1)), cleared(scaled, [large], Fraction(1))  # type: ignore[arg-type]
    assert big.ratios == small.ratios == {"wind": 1}
    assert big.welfare == small.welfare * 10**40


def test_a_linked_block_carries_the_start_of_its_parent() -> None:
    """The parent asks 30 (start included) where buyers give 20, its child asks 5: together they gain."""
    day = [([Step("b", 20, 100)], [])] * 2 + [([], [])]
    parent = BlockOrder(id="start", key="s", is_buy=False, price=25, profile=((0, 100),))
    child = BlockOrder(id="more", key="s", is_buy=False, price=5, profile=((1, 100),), parent="start")
    outcome = cleared(list(day), [parent, child], Fraction(1))
    assert outcome.ratios == {"start": 1, "more": 1}
    assert cleared(list(day), [parent], Fraction(1)).ratios == {}


def test_a_block_that_gains_but_does_not_fit_is_rejected_and_named() -> None:
    """Buyers want 50 at 30, offers cost 20; the block of 60 at 10 would drive the price below its limit."""
    day = [([Step("b", 30, 50)], [Step("s", 20, 50)]), ([], []), ([], [])]
    block = BlockOrder(id="big", key="x", is_buy=False, price=10, profile=((0, 60),))
    outcome = cleared(day, [block], Fraction(1, 2))
    assert outcome.ratios == {}
    assert outcome.slots[0].buyer_price == 25
    assert outcome.rejected_in_the_money == ("big",)


def test_blocks_that_cannot_take_part_are_left_out_and_named() -> None:
    fields = {"key": "x", "is_buy": False, "price": 1, "profile": ((0, 5),)}
    blocks = [
        BlockOrder(id="twice", **fields),  # type: ignore[arg-type]
        BlockOrder(id="twice", **fields),  # type: ignore[arg-type]
        BlockOrder(id="late", **fields | {"profile": ((9, 5),)}),  # type: ignore[arg-type]
        BlockOrder(id="empty", **fields | {"profile": ()}),  # type: ignore[arg-type]
        BlockOrder(id="ratio", accepted_min=0, **fields),  # type: ignore[arg-type]
        BlockOrder(id="orphan", parent="nobody", **fields),  # type: ignore[arg-type]
        BlockOrder(id="a", parent="b", **fields),  # type: ignore[arg-type]
        BlockOrder(id="b", parent="a", **fields),  # type: ignore[arg-type]
        BlockOrder(id="stranger", parent="good", **fields | {"key": "y"}),  # type: ignore[arg-type]
        BlockOrder(id="child of late", parent="late", **fields),  # type: ignore[arg-type]
        BlockOrder(id="rival", group="g", **fields | {"price": 99}),  # type: ignore[arg-type]
        BlockOrder(id="excluded", group="g", parent="rival", **fields),  # type: ignore[arg-type]
        BlockOrder(id="good", **fields),  # type: ignore[arg-type]
    ]
    problems = block_problems(blocks, SLOTS)
    wrong = ["a", "b", "child of late", "empty", "excluded", "late", "orphan", "ratio", "stranger", "twice"]
    assert list(problems) == wrong
    outcome = cleared([([Step("b", 20, 5)], []), ([], []), ([], [])], blocks, Fraction(1))
    assert outcome.ratios == {"good": 1}
    assert all(name in outcome.note for name in problems)


def test_only_blocks_trade_with_each_other_inside_their_limits() -> None:
    sell = BlockOrder(id="s", key="x", is_buy=False, price=10, profile=((0, 5), (1, 7)))
    buy = BlockOrder(id="b", key="y", is_buy=True, price=20, profile=((0, 5), (1, 7)))
    outcome = cleared([([], [])] * SLOTS, [sell, buy], Fraction(1, 2))
    assert [o.buyer_price for o in outcome.slots] == [15, 15, None]
    assert outcome.welfare == 120
    assert list(product(outcome.ratios.values())) == [(1,), (1,)]
