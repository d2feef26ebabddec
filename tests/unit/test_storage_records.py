"""The shared storage in `records.db`: filled from the journal, refilled after an upgrade, erased with the past."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from market_rig import service
from storage_rig import BEFORE_S, OWNER, PERIOD_S, Community, bid, hour, request, storage

from broker.io import expiry
from broker.io.records_sqlite import COVERED, MIGRATIONS, SqliteRecords

TABLES = ("storage_bid", "storage_share", "storage_grant", "storage_flow")
GATE_S = PERIOD_S - 3_600


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqliteRecords]:
    kept = SqliteRecords(tmp_path / "records.db")
    yield kept
    kept.close()


def used(records: SqliteRecords) -> Community:
    """A share is bid for twice, one message comes again; two hours are operated."""
    community = Community(storage(), recorder=records)
    again = bid(1, (500_000, 6_000))
    community.say(BEFORE_S, again, again, bid(1, (600_000, 6_000), sequence=2), bid(2, (400_000, 1_000)))
    community.step(GATE_S)
    community.say(GATE_S, request(1, hour(0), 1_000))
    community.grants(hour(0))
    community.say(hour(0).start_s, request(1, hour(1), -500))
    community.grants(hour(1))
    return community


def rows(records: SqliteRecords) -> dict[str, list[tuple[object, ...]]]:
    return {table: records.database.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}


def test_every_bid_share_grant_and_flow_is_kept(records: SqliteRecords) -> None:
    used(records)
    found = rows(records)
    assert [row[2:] for row in found["storage_bid"]] == [
        ("home-1", hour(0).label, 1),
        ("home-1", hour(0).label, 1),
        ("home-1", hour(0).label, 2),
        ("home-2", hour(0).label, 1),
    ], "each receipt, also the one that was sent again"
    assert [row[2:5] for row in found["storage_share"]] == [
        ("home-1", hour(0).label, 6_000),
        ("home-2", hour(0).label, 1_000),
    ]
    assert [row[2:10] for row in found["storage_grant"]] == [
        ("home-1", hour(0).label, 1_000, 1_000, 0, 100, 900, 6_000),
        ("home-1", hour(1).label, -500, -500, 0, 125, 275, 6_000),
    ]
    assert [row[2:6] for row in found["storage_flow"]] == [
        (f"home-{OWNER}", hour(0).label, 1_000, 900),
        (f"home-{OWNER}", hour(1).label, -500, 275),
    ]


def test_records_of_an_older_release_are_filled_again_from_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    records = SqliteRecords(path)
    community, before = used(records), rows(records)
    for table in TABLES:
        records.database.execute(f"DROP TABLE {table}")
    records.database.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
    records.close()
    upgraded = SqliteRecords(path)
    covered = upgraded.health(COVERED)
    assert rows(upgraded) == {table: [] for table in TABLES} and covered == 0
    service(community.journal, terms=community.terms, recorder=upgraded, record_from=covered)
    assert rows(upgraded) == before
    upgraded.close()


@pytest.mark.parametrize("piece", [1, 3, 1_000])
def test_what_erased_records_caused_is_erased_piece_by_piece(records: SqliteRecords, piece: int) -> None:
    used(records)
    newest = rows(records)["storage_grant"][-1]
    limit = int(str(newest[0]))
    expiry.set_limit(records, limit, 0, PERIOD_S)
    looks = 0
    while not expiry.swept(records, piece):
        looks += 1
        assert looks < 1_000, "it has to end"
    left = rows(records)
    assert left["storage_bid"] == left["storage_share"] == []
    assert left["storage_grant"] == [newest]
    assert all(int(str(row[0])) >= limit for kept in left.values() for row in kept)
