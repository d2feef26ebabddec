"""The merit order beside plain Python: any whole prices sort alike, and the sides cross where a look at all says."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from broker.clearing.book import BookSide, Step, book_side
from broker.clearing.merit_order import MeritOrder, bids_and_offers, crossing
from broker.clearing.participants import Amounts

NEAR = st.integers(-3, 3)
FAR = NEAR | st.integers(-(2**16), 2**16) | st.integers(-(2**33), 2**33) | st.integers(1 - 2**63, 2**63 - 1)
STEPS = st.lists(
    st.builds(Step, st.sampled_from("abc"), NEAR | st.sampled_from([2**70, -(2**70)]), st.integers(1, 5))
)
PARTS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-3, 3) | st.just(2**40)))


@given(st.lists(FAR), st.sampled_from([-1, 1]), st.booleans())
@example([2**63 - 1, 1 - 2**63, 0, 2**63 - 1], -1, False)
@example([0, 2**16, 2**32, 2**48, 2**16 - 1, 0], 1, False)
def test_steps_stand_from_the_best_price_on_and_equal_ones_as_they_came(
    prices: list[int], sign: int, is_exact: bool
) -> None:
    dtype = object if is_exact else np.int64
    side = BookSide(["a"] * len(prices), np.array(prices, dtype=dtype), np.ones(len(prices), dtype=np.int64))
    merit = MeritOrder(side, sign)
    expected = sorted(range(len(prices)), key=lambda place: sign * prices[place])
    assert merit.order.tolist() == expected
    assert merit.prices.tolist() == [prices[place] for place in expected]


@given(STEPS, STEPS)
def test_the_sides_cross_at_the_largest_quantity_that_any_rank_allows(bids: list[Step], offers: list[Step]) -> None:
    falling = sorted(bids, key=lambda step: -step.price)
    most = max(
        (
            min(
                sum(step.quantity for step in falling[:end]),
                sum(offer.quantity for offer in offers if offer.price <= falling[end - 1].price),
            )
            for end in range(1, len(falling) + 1)
        ),
        default=0,
    )
    assert crossing(*bids_and_offers(book_side(bids), book_side(offers))) == most


@given(PARTS, st.booleans())
def test_amounts_by_name_are_the_sums_of_the_parts(parts: list[tuple[str, int]], is_exact: bool) -> None:
    values = np.array([value for _, value in parts], dtype=object if is_exact else np.int64)
    amounts = Amounts([key for key, _ in parts], values)
    named = dict.fromkeys(key for key, value in parts if value)
    sums = {key: sum(value for name, value in parts if name == key) for key in named}
    expected = [(key, value) for key, value in sums.items() if value]
    assert list(amounts.items()) == list(dict(amounts).items()) == expected
    assert list(zip(amounts.keys(), amounts.values(), strict=True)) == expected
    assert (list(amounts), len(amounts)) == ([key for key, _ in expected], len(expected))
