"""The judge of markets with losses on cases worked by hand: its bound, its flows, and each thing that it sees."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from benchmarks.invariants.lossy_judge import findings, not_whole
from benchmarks.invariants.lossy_places import places
from benchmarks.invariants.lossy_program import can_flow, welfare_bound
from benchmarks.invariants.orders import HUGE, Orders
from broker.clearing import loss_factors
from broker.clearing.book import Step
from broker.clearing.outcome import Outcome, Rules
from broker.network.grid import Envelope, Grid

TENTH = {("north", "south"): 100_000}
ONE_PAIR = Orders([Step("L", 20, 9)], [Step("S", 9, 12)])
NEARER = Orders([Step("b", 200, 135)], [Step("N", 100, 500), Step("S", 104, 40)])
NEARER_GRID = Grid(zones={"b": "south", "N": "north", "S": "south"}, losses={("north", "south"): 50_000})


@pytest.mark.parametrize("factor", [1, HUGE])
def test_the_bound_is_the_largest_welfare_exact(factor: int) -> None:
    """9 x 20 - 10 x 9; and 135 x 200 less 40 x 104 of the south and 100 x 100 of the north, of which 95 arrive."""
    for orders, grid, most in (
        (ONE_PAIR, Grid(zones={"L": "south", "S": "north"}, losses=TENTH), 90),
        (NEARER, NEARER_GRID, 12_840),
    ):
        bids, offers = (
            [step._replace(price=step.price * factor, quantity=step.quantity * factor) for step in steps]
            for steps in (orders.bids, orders.offers)
        )
        assert welfare_bound(places(Orders(bids, offers), grid)) == most * factor**2


def test_sellers_that_pay_to_be_rid_of_energy_send_it_where_most_is_lost() -> None:
    """Far pays 1 to be rid of a Wh, of which a tenth arrives, near 3; the buyer wants 1 for what it takes.

    Of 2 Wh 0.8 come from all 8 of far and 1.2 from near: 8 + 3.6 - 2. Of up to 9 Wh it takes all: 8 + 6 - 2.8.
    """
    grid = Grid(zones={"b": "south", "F": "far", "N": "near"}, losses={("far", "south"): 900_000})
    for wanted, most in ((2, Fraction(48, 5)), (9, Fraction(56, 5))):
        orders = Orders([Step("b", -1, wanted)], [Step("F", -1, 8), Step("N", -3, 2)])
        assert welfare_bound(places(orders, grid)) == most


@pytest.mark.parametrize(
    ("sold", "bought", "is_possible"),
    [
        ({"a": 10}, {"z": 9}, True),
        ({"a": 10}, {"z": 10}, False),
        ({"a": 9}, {"z": 9}, False),
        ({"a": 5, "b": 5}, {"z": 8}, True),
        ({"a": 5, "b": 5}, {"z": 9}, False),
        ({"a": 10**9}, {"z": 9 * 10**8}, True),
        ({"a": 10**9}, {"z": 9 * 10**8 + 1}, False),
        ({"a": 10**29}, {"z": 9 * 10**28}, True),
        ({"a": 10**29}, {"z": 91 * 10**27}, False),
        ({}, {}, True),
    ],
)
def test_what_is_sold_becomes_what_is_bought_or_not(
    sold: Mapping[str, int], bought: Mapping[str, int], is_possible: bool
) -> None:
    assert can_flow(sold, bought, {("a", "z"): 900_000, ("b", "z"): 900_000}) is is_possible


def test_zones_that_losses_do_not_tell_apart_are_one_place_and_limits_cut_the_worst_orders() -> None:
    grid = Grid(
        zones={"s": "A", "t": "B", "u": "C", "b": "Z"},
        losses={("A", "Z"): 1, ("B", "Z"): 1, ("C", "Z"): 2},
        envelopes={"s": Envelope(export_wh=5, import_wh=None), "u": Envelope(export_wh=0, import_wh=None)},
    )
    offers = [Step("s", 7, 4), Step("s", 3, 4), Step("t", 1, 1), Step("u", 1, 1), Step("elsewhere", 0, 9)]
    market = places(Orders([Step("b", 9, 9)], offers), grid)
    assert market.offers == {"A": [Step("t", 1, 1), Step("s", 3, 4), Step("s", 7, 1)]}
    assert market.arrives == {("A", "Z"): 999_999}


def test_whole_wh_cost_nothing_where_nothing_is_lost() -> None:
    assert not_whole(places(NEARER, replace(NEARER_GRID, losses={}))) == (0, 0)


WRONG: dict[str, Callable[[Outcome], Outcome]] = {
    "the best orders": lambda right: replace(right, welfare=right.welfare - 1),
    "cannot become": lambda right: replace(right, sold={"N": 168, "S": 40}, welfare=right.welfare + 100),
    "in whole Wh": lambda right: replace(right, bought={}, sold={}, paid={}, received={}, welfare=0),
    "its place": lambda right: replace(right, received={"N": 16_901, "S": 4_199}),
}


@pytest.mark.parametrize("what", WRONG)
def test_each_wrong_outcome_is_seen(what: str) -> None:
    orders = Orders([Step("b", 200, 200)], NEARER.offers)
    right = loss_factors.clear(orders.book, Rules(network=NEARER_GRID))
    assert list(findings(right, orders, NEARER_GRID)) == []
    assert what in " ".join(findings(WRONG[what](right), orders, NEARER_GRID))
