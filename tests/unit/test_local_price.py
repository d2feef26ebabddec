"""How much a home trusts the path: its spread follows how many others there are, and how a slot is shared."""

import numpy as np
import pytest

from hems.control.local_price import (
    LEAST_SPREAD_KW,
    MADE_UP,
    MADE_UP_IN_H,
    USUAL_ERROR_KW,
    local_exchange,
    path_spread_kw,
)
from hems.control.market_view import MarketView
from hems.planning.outlook import Outlook
from tests.fakes import COMMUNITY, slot
from wire.messages import Clearing, Path

N = 4


def outlook() -> Outlook:
    flat = np.ones(N)
    return Outlook(
        start_s=slot(0).start_s, base_kw=flat, pv_kw=0.0 * flat, retail_per_kwh=0.3 * flat, feed_in_per_kwh=0.1 * flat
    )


def view(members: int) -> MarketView:
    found = MarketView()
    found.learn(
        Path(
            community=COMMUNITY,
            round=1,
            first_slot=slot(0).label,
            members=members,
            net_wh=(100,) * N,
            price_micro_per_kwh=(),
        )
    )
    return found


def cleared(outcome: str, at: int = 0) -> Clearing:
    return Clearing.model_construct(
        stage="intraday", round=0, slot=slot(at).label, outcome=outcome, mechanism="", demand=(), supply=()
    )


def spread(seen: MarketView | None, slots: int = 1) -> list[float]:
    return path_spread_kw(seen, slots, 0.25).tolist()


@pytest.mark.parametrize("members", [5, 10, 200])
def test_the_spread_grows_with_the_root_of_the_others(members: int) -> None:
    assert spread(view(members)) == [pytest.approx(USUAL_ERROR_KW * (members - 1) ** 0.5)]
    assert spread(view(2)) == [pytest.approx(USUAL_ERROR_KW)]


@pytest.mark.parametrize("slot_h", [0.25, 1.0])
def test_the_later_a_slot_the_more_devices_make_up_for_what_goes_wrong(slot_h: float) -> None:
    found = path_spread_kw(view(26), 48, slot_h)
    ready = round(MADE_UP_IN_H / slot_h)
    assert (np.diff(found[: ready + 1]) < 0).all()
    assert found[ready // 2] == pytest.approx((1 - MADE_UP / 2) * found[0])
    assert found[ready:] == pytest.approx((1 - MADE_UP) * found[0])


def test_what_is_shared_after_metering_is_planned_without_doubt() -> None:
    seen = view(10)
    seen.learn(cleared("shared"))
    assert spread(seen, 3) == [LEAST_SPREAD_KW] * 3
    seen.learn(cleared("cleared", at=1))
    assert min(spread(seen, 3)) > LEAST_SPREAD_KW


def test_without_a_path_there_is_nothing_to_doubt() -> None:
    assert spread(None) == spread(MarketView()) == [LEAST_SPREAD_KW]
    assert local_exchange(slot(0), outlook(), None) is None


def test_the_expected_price_climbs_over_more_power_the_more_others_there_are() -> None:
    few, many = (local_exchange(slot(0), outlook(), view(members)) for members in (5, 101))
    assert few is not None and many is not None
    reach = [np.ptp(exchange.breakpoints_kw, axis=1) for exchange in (few, many)]
    assert reach[1] == pytest.approx(5.0 * reach[0])
    assert (few.prices_per_kwh == many.prices_per_kwh).all()
