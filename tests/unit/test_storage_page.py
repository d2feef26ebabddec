"""The shared storage on the operator's page, read from records that a real service has written."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from storage_rig import BEFORE_S, DAY_S, OWNER, PERIOD_S, Community, bid, hour, request, storage

from broker.io.page.facts import AccountLine, BidsLine, FlowLine, StorageFacts
from broker.io.page.reading import MarketRecords
from broker.io.page.sections import sections
from broker.io.page.storage_reading import storage_facts
from broker.io.page.storage_view import storage as storage_view
from broker.io.records_sqlite import SqliteRecords
from broker.market.storage_terms import StorageTerms
from wire.slots import format_utc

GATE_S = PERIOD_S - 3_600
METERS = [f"home-{n}" for n in (1, 2, 3, OWNER)]
AUCTION, AGREED = storage(), storage(allocation="shares", shares={"home-1": 6_000, "home-2": 4_000})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def records(path: Path) -> Iterator[SqliteRecords]:
    kept = SqliteRecords(path)
    yield kept
    kept.close()


def shown(path: Path, community: Community, agreed: StorageTerms | None) -> StorageFacts | None:
    page = MarketRecords(path, community.terms.calendar("00" * 32, "00" * 32), METERS, agreed)
    try:
        return page.market().storage
    finally:
        page.close()


def facts(path: Path, community: Community, agreed: StorageTerms) -> StorageFacts:
    found = shown(path, community, agreed)
    assert found is not None
    return found


def test_before_anything_was_shared_the_page_says_what_comes(path: Path, records: SqliteRecords) -> None:
    found = facts(path, Community(AUCTION, recorder=records), AUCTION)
    assert (found.period, found.flow, found.accounts) == (None, None, ())
    assert found.bids is not None and found.bids.missing == ("home-1", "home-2", "home-3")
    text = str(storage_view(found))
    assert "no slot has been operated yet" in text and "Nobody has a share yet" in text


def test_before_the_first_gate_the_time_of_the_market_is_not_known(records: SqliteRecords) -> None:
    found = storage_facts(records.database, AUCTION, METERS, None)
    assert found.bids is None
    assert "told after the first gate" in str(storage_view(found))


def test_who_has_not_bid_is_named_until_the_gate_and_then_for_the_next_period(
    path: Path, records: SqliteRecords
) -> None:
    community = Community(AUCTION, recorder=records)
    community.step(BEFORE_S + 3_300)  # a gate of the market: its time is known from here on
    community.say(BEFORE_S + 3_300, bid(1, (500_000, 6_000)))
    bids = facts(path, community, AUCTION).bids
    assert bids == BidsLine(period=format_utc(PERIOD_S), until=format_utc(GATE_S), missing=("home-2", "home-3")), (
        "the storage itself cannot bid"
    )
    community.say(BEFORE_S + 3_300, bid(2, (100_000, 1_000)), bid(2, (200_000, 4_000), sequence=2))
    bids = facts(path, community, AUCTION).bids
    assert bids is not None and bids.missing == ("home-3",)
    community.step(GATE_S)
    found = facts(path, community, AUCTION)
    assert found.bids == BidsLine(
        period=format_utc(PERIOD_S + DAY_S),
        until=format_utc(GATE_S + DAY_S),
        missing=("home-1", "home-2", "home-3"),
    )
    assert [(a.meter, a.share_wh, a.next_share_wh) for a in found.accounts] == [
        ("home-1", 0, 6_000),
        ("home-2", 0, 4_000),
    ]
    assert "Next share" in str(storage_view(found))


def test_a_period_without_any_bid_is_passed_over_when_its_gate_is_over(path: Path, records: SqliteRecords) -> None:
    community = Community(AUCTION, recorder=records)
    community.step(GATE_S)
    community.step(hour(0).start_s)
    bids = facts(path, community, AUCTION).bids
    assert bids is not None and bids.period == format_utc(PERIOD_S + DAY_S)


def test_accounts_sum_to_the_charge_and_stand_as_the_market_holds_them(path: Path, records: SqliteRecords) -> None:
    """The hours of the documentation: 3 of 6 kWh are granted, then home 1 gives 0.7 and home 2 takes 0.3."""
    community = Community(AGREED, recorder=records)
    community.step(GATE_S)
    community.say(GATE_S, request(1, hour(0), 2_000), request(2, hour(0), 4_000))
    community.grants(hour(0))
    first = facts(path, community, AGREED)
    assert first.flow == FlowLine(slot=hour(0).label, flow_wh=3_000, charge_wh=2_700, asked=2, cut=2)
    community.say(hour(0).start_s, request(1, hour(1), -700), request(2, hour(1), 300))
    community.grants(hour(1))
    found = facts(path, community, AGREED)
    assert found.period == format_utc(PERIOD_S)
    assert found.flow == FlowLine(slot=hour(1).label, flow_wh=-400, charge_wh=2_200, asked=2, cut=0)
    assert found.accounts == (
        AccountLine(meter="home-1", share_wh=6_000, level_wh=100, next_share_wh=None, granted_wh=-700),
        AccountLine(meter="home-2", share_wh=4_000, level_wh=2_100, next_share_wh=None, granted_wh=300),
    )
    state = community.service.market.storage.state
    assert {a.meter: a.level_wh for a in found.accounts} == state.levels
    assert {a.meter: a.share_wh for a in found.accounts} == state.shares
    assert sum(a.level_wh for a in found.accounts) == found.flow.charge_wh
    assert found.bids is None, "agreed shares are not bid for"


def test_an_account_that_rested_for_some_slots_is_still_shown(path: Path, records: SqliteRecords) -> None:
    community = Community(AGREED, recorder=records)
    community.step(GATE_S)
    community.say(GATE_S, request(1, hour(0), 2_000))
    for number in range(3):
        community.grants(hour(number))
    found = facts(path, community, AGREED)
    assert found.flow == FlowLine(slot=hour(2).label, flow_wh=0, charge_wh=1_800, asked=0, cut=0)
    assert [(a.meter, a.level_wh, a.granted_wh) for a in found.accounts] == [
        ("home-1", 1_800, None),
        ("home-2", 0, None),
    ]


def test_the_section_stands_only_where_a_storage_is_shared(path: Path, records: SqliteRecords) -> None:
    community = Community(AGREED, recorder=records)
    assert shown(path, community, None) is None
    page = MarketRecords(path, community.terms.calendar("00" * 32, "00" * 32), METERS)
    market = page.market()
    page.close()
    assert list(sections(market)) == ["now", "rounds", "members", "ledger"]
    with_one = dataclasses.replace(market, storage=facts(path, community, AGREED))
    assert list(sections(with_one)) == ["now", "rounds", "members", "storage", "ledger"]


@pytest.mark.parametrize(("flow_wh", "said"), [(3_000, "takes 3.00"), (-400, "gives 0.40"), (0, "rests")])
def test_the_direction_is_told_in_words_and_names_are_text(flow_wh: int, said: str) -> None:
    evil = "<script>"
    text = str(
        storage_view(
            StorageFacts(
                meter="store",
                capacity_wh=10_000,
                allocation="auction",
                period="2027-01-16T00:00:00Z",
                flow=FlowLine(slot="2027-01-16T00:00:00Z", flow_wh=flow_wh, charge_wh=2_700, asked=1, cut=0),
                accounts=(
                    AccountLine(meter=evil, share_wh=1, level_wh=1, next_share_wh=None, granted_wh=flow_wh or None),
                ),
                bids=BidsLine(
                    period="2027-01-17T00:00:00Z",
                    until="2027-01-16T23:00:00Z",
                    missing=tuple(f"{evil}{n}" for n in range(12)),
                ),
            )
        )
    )
    assert said in text and "2.70" in text and "and more" in text
    assert evil not in text and "&lt;script&gt;" in text
