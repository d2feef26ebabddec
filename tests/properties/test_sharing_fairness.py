"""Gini coefficient and Shapley distance."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from sharing_slots import paid, slots

from broker.clearing.outcome import Rules
from broker.sharing import mid_market, shapley
from broker.sharing.fairness import gini, shapley_bills, shapley_distance
from broker.sharing.shares import Need

VALUES = st.lists(st.integers(0, 1_000), min_size=1, max_size=9)


@given(VALUES)
def test_gini_is_the_mean_difference_over_twice_the_mean(values: list[int]) -> None:
    found = gini(values)
    if not sum(values):
        assert found is None
        return
    n = len(values)
    assert found == Fraction(sum(abs(a - b) for a in values for b in values), 2 * n * sum(values))
    assert 0 <= found <= Fraction(n - 1, n)


@given(VALUES, st.integers(1, 9))
def test_gini_knows_neither_unit_nor_order(values: list[int], factor: int) -> None:
    assert gini([factor * x for x in reversed(values)]) == gini(values)


def test_gini_at_its_ends() -> None:
    assert gini([5, 5, 5]) == 0
    assert gini([0, 0, 9]) == Fraction(2, 3)
    assert gini([]) is None
    assert gini([-1, 5]) is None


@settings(max_examples=40)
@given(st.lists(slots(members_max=6), max_size=3))
def test_the_reference_bills_are_the_sum_over_the_slots(period: list[list[Need]]) -> None:
    bills = shapley_bills((needs, Rules()) for needs in period)
    for meter, bill in bills.items():
        assert bill == sum(paid(shapley.share(needs, Rules()), meter) for needs in period)
    assert set(bills) == {n.meter for needs in period for n in needs}


@given(slots(members_max=6))
def test_shapley_bills_have_no_distance_and_others_of_equal_sum_at_most_one(needs: list[Need]) -> None:
    alone = {n.meter: n.alone_nano for n in needs}
    reference = shapley_bills([(needs, Rules())])
    if sum(alone.values()) == sum(reference.values()):
        assert shapley_distance(reference, reference, alone) is None
        return
    assert shapley_distance(reference, reference, alone) == 0
    lines = mid_market.share(needs, Rules())
    distance = shapley_distance({n.meter: paid(lines, n.meter) for n in needs}, reference, alone)
    assert distance is not None
    assert 0 <= distance <= 1


def test_distance_is_the_part_of_the_saving_with_the_wrong_member() -> None:
    """100 saved; A should pay 50 less than alone and does not, B gets it all: half of the saving is misplaced."""
    alone, reference = {"A": 200, "B": 100}, {"A": 150, "B": 50}
    assert shapley_distance({"A": 200, "B": 0}, reference, alone) == Fraction(1, 2)
