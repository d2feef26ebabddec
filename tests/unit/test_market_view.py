"""What a home knows of the market, from public messages and its own orders."""

from typing import Literal

import numpy as np
import pytest

from hems.bidding.steps import Band, Step
from hems.control.market_view import KEPT_SLOTS, KEPT_TRADED, MarketView
from tests import fakes
from tests.fakes import COMMUNITY, METER, slot
from wire.messages import Award, AwardReason, Clearing, Conditions, CurveStep, Path, PlanNotice, Receipt

BAND = Band(feed_in_micro=100_000, retail_micro=300_000)
Curve = list[tuple[int, int]]
Outcome = Literal["cleared", "no_trade", "no_market"]


def path(*net_wh: int, first: int = 0) -> Path:
    return Path(
        community=COMMUNITY, round=1, first_slot=slot(first).label, members=3, net_wh=net_wh, price_micro_per_kwh=()
    )


def own_plan(*net_wh: int, first: int = 0) -> PlanNotice:
    return PlanNotice(community=COMMUNITY, meter=METER, round=1, first_slot=slot(first).label, net_wh=net_wh)


def curve(levels: Curve) -> tuple[CurveStep, ...]:
    return tuple(CurveStep(price_micro_per_kwh=price, energy_wh=energy) for price, energy in levels)


def clearing(demand: Curve, supply: Curve, volume_wh: int, *, at: int = 0, outcome: Outcome = "cleared") -> Clearing:
    return fakes.clearing(
        slot(at), outcome=outcome, volume_wh=volume_wh, demand=curve(demand), supply=curve(supply), orders=2
    )


def award(bought_wh: int, sold_wh: int, at: int = 0) -> Award:
    return Award(
        community=COMMUNITY,
        meter=METER,
        stage="intraday",
        slot=slot(at).label,
        round=0,
        position_wh=bought_wh - sold_wh,
        sequence=1,
        bought_wh=bought_wh,
        sold_wh=sold_wh,
        price_micro_per_kwh=200_000,
        amount_nano=200_000 * (bought_wh - sold_wh),
        reason=AwardReason.TRADED,
        pseudonym="0" * 16,
        index=0,
        order_proof=(),
        award_proof=(),
    )


def others_kw(view: MarketView, count: int, first: int = 0) -> list[float] | None:
    found = view.others_kw(slot(first), count)
    return None if found is None else found.tolist()


def test_as_long_as_no_path_is_known_nothing_is_said_of_the_others() -> None:
    view = MarketView(own_plan=own_plan(100, 100))
    assert view.others_kw(slot(), 4) is None
    assert view.after_auction(slot(), BAND) is None


def test_the_others_are_the_path_without_the_own_plan() -> None:
    view = MarketView(own_plan=own_plan(250, -500))
    view.learn(path(1000, 0))
    assert others_kw(view, 2) == [3.0, 2.0]


def test_path_and_own_plan_are_laid_on_one_time_axis() -> None:
    view = MarketView(own_plan=own_plan(250, 250, 250, first=1))
    view.learn(path(1000, 2000, 3000, 4000))
    assert others_kw(view, 4) == [4.0, 7.0, 11.0, 15.0]
    assert others_kw(view, 2, first=2) == [11.0, 15.0]


def test_beyond_its_end_the_last_slot_of_a_path_goes_on_and_before_its_start_nothing_is_known() -> None:
    view = MarketView()
    view.learn(path(1000, 2000, first=2))
    assert others_kw(view, 6) == [0.0, 0.0, 4.0, 8.0, 8.0, 8.0]


def test_an_empty_path_means_no_exchange() -> None:
    view = MarketView()
    view.learn(path())
    assert others_kw(view, 2) == [0.0, 0.0]


def test_the_power_of_an_energy_depends_on_the_slot_length() -> None:
    view = MarketView()
    view.learn(path(1000))
    found = view.others_kw(slot(0, minutes=60), 1)
    assert found is not None and found.tolist() == [1.0]


def test_reading_the_path_changes_neither_path_nor_plan() -> None:
    view = MarketView(own_plan=own_plan(250))
    view.learn(path(1000))
    first, second = others_kw(view, 1), others_kw(view, 1)
    assert first == second == [3.0]


@pytest.mark.parametrize(
    ("steps", "bought_wh", "sold_wh", "left_wh", "what"),
    [
        ((), 0, 0, 500, "a home without an order sees all that is left"),
        ((Step("buy", 300_000, 300),), 100, 0, 200, "its own load is drawn whether it was awarded or not"),
        ((Step("buy", 200_000, 300),), 100, 0, 400, "of a cheap charge only the award is drawn"),
        ((Step("sell", 200_000, 300),), 0, 100, 600, "what it gives is taken by the others"),
        ((Step("sell", 100_000, 300),), 0, 100, 800, "its own surplus is fed in whether it was awarded or not"),
    ],
)
def test_after_an_auction_the_own_part_is_taken_out(
    steps: tuple[Step, ...], bought_wh: int, sold_wh: int, left_wh: int, what: str
) -> None:
    view = MarketView()
    view.ordered(slot(), steps)
    view.learn(clearing([(300_000, 900), (200_000, 300)], [(100_000, 300), (200_000, 100)], 400))
    view.learn(award(bought_wh, sold_wh))
    left = view.after_auction(slot(), BAND)
    found = None if left is None else left.others_kw
    assert found == pytest.approx(left_wh * 4 / 1000.0), what


def test_a_slot_without_a_market_or_of_another_time_says_nothing_of_the_others() -> None:
    view = MarketView()
    view.learn(clearing([], [], 0, outcome="no_market"))
    view.learn(clearing([(300_000, 900)], [], 0, at=1))
    assert view.after_auction(slot(), BAND) is None
    left = view.after_auction(slot(1), BAND)
    assert left is not None and left.others_kw == pytest.approx(3.6)


def test_only_the_newest_slots_are_kept() -> None:
    view = MarketView()
    count = 2 * KEPT_TRADED
    for number in range(count):
        view.learn(clearing([], [], 0, at=number))
        view.learn(award(1, 0, at=number))
        view.ordered(slot(number), ())
    assert set(view.clearings) == {slot(number).label for number in range(count - KEPT_SLOTS, count)}
    traded = {slot(number).label for number in range(count - KEPT_TRADED, count)}
    assert set(view.awards) == set(view.orders) == traded


def test_messages_that_say_nothing_of_the_market_change_nothing() -> None:
    view = MarketView()
    view.learn(
        Receipt(
            community=COMMUNITY,
            meter=METER,
            of="order",
            slot=slot().label,
            sequence=1,
            digest="0" * 64,
            received_at=slot().label,
            stage=None,
            round=None,
            pseudonym=None,
            salt=None,
        )
    )
    assert view == MarketView()


def test_the_result_is_an_array_of_the_asked_length() -> None:
    view = MarketView()
    view.learn(path(*range(5)))
    found = view.others_kw(slot(), 96)
    assert found is not None and found.shape == (96,) and np.isfinite(found).all()


def test_the_conditions_of_each_slot_are_kept_the_newest_counts() -> None:
    view = MarketView()
    for number, retail in ((0, 300_000), (1, 310_000), (0, 320_000)):
        view.learn(
            Conditions(
                community=COMMUNITY,
                slot=slot(number).label,
                retail_micro_per_kwh=retail,
                feed_in_micro_per_kwh=100_000,
                network_state="normal",
                last_price_micro_per_kwh=None,
                last_demand_wh=0,
                last_generation_wh=0,
            )
        )
    assert [view.conditions[slot(k).label].retail_micro_per_kwh for k in (0, 1)] == [320_000, 310_000]
