"""How much a home trusts the path: its spread follows how many others there are, and how a slot is shared."""

import numpy as np
import pytest

from hems.control.local_price import LEAST_SPREAD_KW, LEFT_TO_PRICES, USUAL_ERROR_KW, local_exchange, path_spread_kw
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


@pytest.mark.parametrize("members", [5, 10, 200])
def test_the_spread_grows_with_the_root_of_the_others(members: int) -> None:
    alone = LEFT_TO_PRICES * USUAL_ERROR_KW
    assert path_spread_kw(view(members)) == pytest.approx(alone * (members - 1) ** 0.5)
    assert path_spread_kw(view(2)) == pytest.approx(alone)


def test_what_is_shared_after_metering_is_planned_without_doubt() -> None:
    seen = view(10)
    seen.learn(cleared("shared"))
    assert path_spread_kw(seen) == LEAST_SPREAD_KW
    seen.learn(cleared("cleared", at=1))
    assert path_spread_kw(seen) > LEAST_SPREAD_KW


def test_without_a_path_there_is_nothing_to_doubt() -> None:
    assert path_spread_kw(None) == path_spread_kw(MarketView()) == LEAST_SPREAD_KW
    assert local_exchange(slot(0), outlook(), None) is None


def test_the_expected_price_climbs_over_more_power_the_more_others_there_are() -> None:
    few, many = (local_exchange(slot(0), outlook(), view(members)) for members in (5, 101))
    assert few is not None and many is not None
    reach = [np.ptp(exchange.breakpoints_kw, axis=1) for exchange in (few, many)]
    assert reach[1] == pytest.approx(5.0 * reach[0])
    assert (few.prices_per_kwh == many.prices_per_kwh).all()
