"""The indicative path: its price follows the aggregate, and its rounds are bounded."""

import numpy as np
import pytest
from market_rig import COMMUNITY, START_S, TERMS, FakePrices, inbound, opened, plan, service, slot

from broker.control.service import MarketService
from broker.market.indicative import SPREAD_KW, indicative_price
from broker.market.terms import OutsidePrices, Terms
from hems.bidding.expected_price import short_probability
from wire.messages import Path, Rejection

PRICES = OutsidePrices(300_000, 100_000)


def told(market: MarketService, now_s: int = START_S) -> Path | None:
    return next((o.message for o in market.step(now_s) if isinstance(o.message, Path)), None)


@pytest.mark.parametrize("net_wh", [-20_000, -75, -10, 0, 3, 75, 20_000])
def test_the_price_is_what_a_home_expects_of_the_same_aggregate(net_wh: int) -> None:
    price = indicative_price(net_wh, slot(1), PRICES)
    assert price is not None
    assert price == pytest.approx(100_000 + 200_000 * short_probability(net_wh * 4 / 1000.0, SPREAD_KW), abs=1)
    assert 100_000 <= price <= 300_000


def test_the_price_rises_with_what_the_community_lacks_and_is_unknown_without_a_market() -> None:
    prices = [indicative_price(int(wh), slot(1), PRICES) for wh in np.linspace(-300, 300, 25)]
    assert prices == sorted(prices)  # type: ignore[type-var]
    assert indicative_price(0, slot(1), None) is None
    assert indicative_price(0, slot(1), OutsidePrices(100_000, 300_000)) is None


def test_the_path_tells_energy_and_price_of_the_same_slots() -> None:
    market = opened()
    market.handle([inbound(1, plan(1, slot(1), 400, 0, -400)), inbound(2, plan(2, slot(1), -400, 0, -400))], START_S)
    path = told(market)
    assert path is not None and len(path.price_micro_per_kwh) == len(path.net_wh)
    assert path.price_micro_per_kwh[:4] == (200_000, 200_000, 200_000, 100_000)
    unknown = service(prices=FakePrices(None))
    unknown.agree([], START_S)
    assert told(unknown) is None


def test_a_meter_tells_a_bounded_number_of_plans_in_a_slot_and_more_in_the_next() -> None:
    market = opened(terms=Terms(community=COMMUNITY, group_min=1, path_rounds_max=3))
    answers = [market.handle([inbound(1, plan(1, slot(1), 100 * n, round_number=n))], START_S) for n in range(1, 6)]
    refused = [out.message for sent in answers for out in sent]
    assert [m.code for m in refused if isinstance(m, Rejection)] == ["quota_exceeded"] * 2
    path = told(market)
    assert path is not None and path.net_wh[1] == 300
    assert not market.handle([inbound(1, plan(1, slot(2), 700, round_number=9))], START_S + 900)
    path = told(market, START_S + 900)
    assert path is not None and path.net_wh[1] == 700
    assert TERMS.path_rounds_max == 20
