"""A whole slot in the live market with a network: gate, clearing, awards, settlement, community account."""

from dataclasses import replace

import pytest
from market_rig import START_S, TERMS, FakeJournal, inbound, opened, order, report, service, slot

from broker.ledger.transfer import COMMUNITY
from broker.mechanisms.catalogue import LIVE
from broker.mechanisms.network_markets import NETWORK_MARKETS
from broker.network.grid_text import grid_text
from wire.messages import Award, Clearing, Side

SELL, BUY = (Side.SELL, 150_000, 800), (Side.BUY, 250_000, 500)
NETWORK = grid_text(
    {
        "zones": {"north": ["home-1"], "south": ["home-2"]},
        "lines": [{"from": "north", "to": "south", "capacity_w": 1_200}],
        "envelopes": [{"meter": "home-1", "export_limit_w": 1_600, "import_limit_w": None}],
        "charges": [{"from": "north", "to": "south", "micro_per_kwh": 20_000}],
    }
)
KEPT = {  # what the community account keeps [nano] and what is traded [Wh] at k = 1/2
    "operating_envelope": (0, 400),  # 1,600 W over a quarter of an hour
    "zonal_uniform_price": (300 * 100_000, 300),  # the line is full: 150,000 behind, 250,000 before it
    "network_charges": (400 * 20_000, 400),
}


@pytest.mark.parametrize("mechanism", KEPT)
def test_limits_hold_and_what_the_network_earns_goes_to_the_community_account(mechanism: str) -> None:
    kept, traded = KEPT[mechanism]
    journal = FakeJournal()
    terms = replace(TERMS, mechanism=mechanism, network=NETWORK)
    market = opened(journal, terms=terms)
    at = slot(1)
    market.handle([inbound(1, order(1, at, SELL)), inbound(2, order(2, at, BUY))], START_S)
    sent = [out.message for out in market.step(at.start_s - 60)]
    clearing = next(message for message in sent if isinstance(message, Clearing))
    awards = {message.meter: message for message in sent if isinstance(message, Award)}
    assert (clearing.volume_wh, clearing.surplus_nano) == (traded, kept)
    assert (awards["home-1"].sold_wh, awards["home-2"].bought_wh) == (traded, traded)
    market.step(at.end_s)
    reports = [inbound(1, report(1, at, (0, 0), (0, traded))), inbound(2, report(2, at, (0, traded), (0, 0)))]
    market.handle(reports, at.end_s)
    market.step(at.end_s + 1)
    assert market.market.accounts.balance(COMMUNITY) == kept
    again = service(FakeJournal(journal.kept), terms=replace(terms, network=""))
    assert again.market.accounts.balance(COMMUNITY) == kept
    assert again.market.log.head() == market.market.log.head()


@pytest.mark.parametrize("mechanism", [m.name for m in NETWORK_MARKETS if m.is_live])
def test_every_live_market_clears_a_slot_of_the_broker(mechanism: str) -> None:
    market = opened(terms=replace(TERMS, mechanism=mechanism, network=NETWORK))
    market.handle([inbound(1, order(1, slot(1), SELL)), inbound(2, order(2, slot(1), BUY))], START_S)
    clearing = next(o.message for o in market.step(slot(1).start_s - 60) if isinstance(o.message, Clearing))
    assert mechanism in LIVE
    assert clearing.outcome == "cleared"
    assert clearing.mechanism == mechanism
