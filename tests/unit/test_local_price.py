"""How much a home trusts the path: its spread follows how well homes can be foreseen, and how a slot is shared."""

import numpy as np
import pytest

from hems.control.local_price import LEAST_SPREAD_KW, LEFT_TO_OTHERS, USUAL_SPREAD_KW, local_exchange, path_spread_kw
from hems.control.market_view import MarketView
from hems.planning.outlook import Outlook
from tests.fakes import COMMUNITY, slot
from wire.messages import Clearing, Path

N = 4


def outlook(error_kw: float | None) -> Outlook:
    flat = np.ones(N)
    return Outlook(
        start_s=slot(0).start_s,
        base_kw=flat,
        pv_kw=0.0 * flat,
        retail_per_kwh=0.3 * flat,
        feed_in_per_kwh=0.1 * flat,
        net_error_ahead_kw=error_kw,
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


def test_until_it_knows_its_own_errors_a_home_takes_the_usual_spread() -> None:
    assert path_spread_kw(outlook(None), view(10)) == USUAL_SPREAD_KW


@pytest.mark.parametrize("members", [5, 10, 200])
def test_the_spread_grows_with_the_error_and_with_the_root_of_the_others(members: int) -> None:
    one, two = (path_spread_kw(outlook(error_kw), view(members)) for error_kw in (1.0, 2.0))
    assert one == pytest.approx(LEFT_TO_OTHERS * (members - 1) ** 0.5)
    assert two == pytest.approx(2.0 * one)


def test_homes_that_can_be_foreseen_keep_some_doubt() -> None:
    assert path_spread_kw(outlook(0.0), view(10)) == LEAST_SPREAD_KW
    assert path_spread_kw(outlook(0.01), None) == LEAST_SPREAD_KW


def test_what_is_shared_after_metering_is_planned_without_doubt() -> None:
    seen = view(10)
    seen.learn(cleared("shared"))
    assert path_spread_kw(outlook(5.0), seen) == LEAST_SPREAD_KW
    seen.learn(cleared("cleared", at=1))
    assert path_spread_kw(outlook(5.0), seen) > LEAST_SPREAD_KW


def test_the_expected_price_climbs_over_more_power_the_wider_the_spread() -> None:
    narrow, wide = (local_exchange(slot(0), outlook(error_kw), view(10)) for error_kw in (0.5, 4.0))
    assert narrow is not None and wide is not None
    reach = [np.ptp(exchange.breakpoints_kw, axis=1) for exchange in (narrow, wide)]
    assert (reach[1] > 3.0 * reach[0]).all()
    assert (narrow.prices_per_kwh == wide.prices_per_kwh).all()
