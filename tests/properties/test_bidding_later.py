"""Orders for slots that are far away: towards the plan, never beyond it, and priced so that both sides can meet."""

from hypothesis import given
from hypothesis import strategies as st

from hems.bidding.later import later_steps
from hems.bidding.steps import Band

BAND = Band(feed_in_micro=80_000, retail_micro=320_000)
ENERGY = st.integers(-5_000, 5_000)
SHARE = st.floats(0.0, 1.0)


@given(ENERGY, ENERGY, st.integers(0, 3_000), SHARE)
def test_an_order_goes_from_what_is_held_to_the_plan_and_no_further(
    planned: int, held: int, spread: int, short: float
) -> None:
    steps = later_steps(planned, held, spread, BAND, short)
    moved = sum(s.energy_wh if s.side == "buy" else -s.energy_wh for s in steps)
    assert moved == planned - held
    assert len(steps) <= 2 and len({s.side for s in steps}) <= 1
    assert all(s.energy_wh > 0 and BAND.feed_in_micro <= s.price_micro <= BAND.retail_micro for s in steps)
    prices = [s.price_micro for s in steps]
    assert prices == sorted(prices, reverse=bool(steps) and steps[0].side == "buy")


@given(st.integers(1, 5_000), st.integers(1, 5_000), st.integers(0, 3_000), SHARE)
def test_a_home_that_will_be_short_bids_more_than_one_that_will_be_long_asks(
    need: int, surplus: int, spread: int, short: float
) -> None:
    bids = later_steps(need, 0, spread, BAND, short)
    asks = later_steps(-surplus, 0, spread, BAND, short)
    assert min(s.price_micro for s in bids) > max(s.price_micro for s in asks)


@given(ENERGY, ENERGY, st.integers(0, 3_000), SHARE, SHARE)
def test_a_community_that_is_shorter_makes_early_energy_dearer(
    planned: int, held: int, spread: int, one: float, other: float
) -> None:
    less = later_steps(planned, held, spread, BAND, min(one, other))
    more = later_steps(planned, held, spread, BAND, max(one, other))
    assert all(a.price_micro <= b.price_micro for a, b in zip(less, more, strict=True))


def test_what_is_held_already_is_not_bought_again() -> None:
    assert later_steps(750.9, 750, 100, BAND, 0.5) == ()
