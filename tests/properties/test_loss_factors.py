"""What a market with losses promises: sent less the loss arrives, optimally, at prices that support it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from broker.clearing.loss_program import FloatOrder, deliver

ORDERS = st.lists(
    st.builds(FloatOrder, st.sampled_from("ab"), st.integers(0, 20).map(float), st.integers(1, 9).map(float)),
    max_size=5,
)
LOSS = st.dictionaries(st.sampled_from([("a", "a"), ("a", "b"), ("b", "a")]), st.sampled_from([0.05, 0.2, 0.5]))


def judged(bids: list[FloatOrder], offers: list[FloatOrder], loss: dict[tuple[str, str], float]) -> float:
    """The welfare when every offer serves every bid directly: one column per pair of orders."""
    pairs = [(o, b, 1 - loss.get((o.id, b.id), 0.0)) for o in offers for b in bids]
    if not pairs:
        return 0.0
    cost = [o.price - b.price * part for o, b, part in pairs]
    rows = [[1.0 if o is own else 0.0 for o, _, _ in pairs] for own in offers]
    rows += [[part if b is own else 0.0 for _, b, part in pairs] for own in bids]
    limits = [own.quantity for own in (*offers, *bids)]
    return -float(linprog(cost, A_ub=rows, b_ub=limits, method="highs").fun)


@settings(max_examples=60)
@given(ORDERS, ORDERS, LOSS)
def test_losses_are_taken_on_the_way_and_the_welfare_is_the_largest(
    bids: list[FloatOrder], offers: list[FloatOrder], loss: dict[tuple[str, str], float]
) -> None:
    result = deliver(bids, offers, loss)
    assert result is not None
    assert result.welfare == pytest.approx(judged(bids, offers, loss), abs=1e-5)
    assert result.gap == pytest.approx(0, abs=1e-5)
    for buyer, energy in result.bought.items():
        arrives = sum(sent * (1 - loss.get(pair, 0.0)) for pair, sent in result.sent.items() if pair[1] == buyer)
        assert arrives == pytest.approx(energy, abs=1e-6)
    for pair, sent in result.sent.items():
        worth = result.buyer_prices[pair[1]] * (1 - loss.get(pair, 0.0))
        assert worth <= result.seller_prices[pair[0]] + 1e-6
        if sent > 1e-6:
            assert worth == pytest.approx(result.seller_prices[pair[0]], abs=1e-6)


def test_a_lossy_pair_sends_more_than_arrives() -> None:
    result = deliver([FloatOrder("L", 20, 9)], [FloatOrder("S", 9, 12)], {("S", "L"): 0.1})
    assert result is not None
    assert result.sent["S", "L"] == pytest.approx(10)
    assert result.buyer_prices["L"] == pytest.approx(10)
    assert result.welfare == pytest.approx(90)
