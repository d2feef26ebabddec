"""What the operator's page says of a round's network: read from records, as the round was cleared."""

from dataclasses import replace
from pathlib import Path

from market_rig import COMMUNITY, START_S, TERMS, enrolled, inbound, order, service, slot
from test_limits_in_the_market import BUY, NETWORK, SELL, Told, exports

from broker.io.page.reading import MarketRecords
from broker.io.page.round_view import round_view
from broker.io.records_sqlite import SqliteRecords
from broker.market.events import NetworkAgreed
from wire.commitments import RoundName


def shown(folder: Path, mechanism: str, number: int) -> str:
    """The page of a slot's round in a market with limits by time."""
    terms = replace(TERMS, mechanism=mechanism)
    records = SqliteRecords(folder / "records.db")
    market = service(terms=terms, recorder=records, limits=Told({slot(2).start_s: exports(1_000)}))
    agreed = NetworkAgreed(at_s=START_S, network=NETWORK, preferences="")
    market.agree([enrolled(n) for n in (1, 2, 3)], START_S, network=agreed)
    market.step(START_S)
    for at in (slot(1), slot(2)):
        market.handle([inbound(1, order(1, at, SELL)), inbound(2, order(2, at, BUY))], START_S)
    market.step(slot(1).start_s - 60)
    market.step(slot(2).start_s - 60)
    records.close()
    reading = MarketRecords(folder / "records.db", terms.calendar("00" * 32, "00" * 32), [])
    try:
        found = reading.round(RoundName(COMMUNITY, "intraday", slot(number).label, 0))
        assert found is not None
        return str(round_view(found, "EUR"))
    finally:
        reading.close()


def test_awards_stand_beside_what_each_connection_let_through_in_that_slot(tmp_path: Path) -> None:
    page = shown(tmp_path, "operating_envelope", 2)
    assert "May sell" in page
    assert ">0.25\u00a0kWh<" in page  # 1,000 W over a quarter of an hour, not the fixed 1,600
    assert ">no limit<" in page
    assert "The lines carry" not in page  # this market does not look at lines


def test_lines_are_told_with_what_they_carry_in_a_slot(tmp_path: Path) -> None:
    page = shown(tmp_path, "zonal_uniform_price", 1)
    assert "The lines carry at most: north – south 0.30\u00a0kWh." in page


def test_a_market_without_a_network_says_nothing_of_one(tmp_path: Path) -> None:
    page = shown(tmp_path, "uniform_price_k_double_auction", 1)
    assert "May sell" not in page
    assert "no limit" not in page
