"""What a broker records of a shared storage, as points of telemetry, on files that a real service has written."""

import sqlite3
from pathlib import Path

import pytest
from storage_rig import COMMUNITY, OWNER, hour
from storage_state import STORAGE, config_with, used
from test_broker_telemetry import points_of, values

from broker.io.telemetry_sources import broker_sources
from wire.telemetry import Point, line


def told(folder: Path, *, named: bool = True, table: str = STORAGE) -> dict[str, list[Point]]:
    return points_of(broker_sources(config_with(folder, table), named=named))


def first_hour(found: dict[str, list[Point]]) -> dict[str, object]:
    """The fields of the hour, told the same by every source."""
    (whole,) = {p.fields for p in found["shared_storage"] if p.at_s == hour(0).start_s}
    return dict(whole)


def test_a_slot_of_the_storage_is_told_with_what_was_granted_and_what_its_meter_showed(tmp_path: Path) -> None:
    used(tmp_path, metered_wh=2_950)
    found = told(tmp_path)
    assert first_hour(found) == {
        "charge_wh": 2_700,
        "capacity_wh": 10_000,
        "flow_wh": 3_000,
        "charged_wh": 3_000,
        "discharged_wh": 0,
        "losses_wh": 300,
        "requests": 2,
        "cut": 2,
        "metered_wh": 2_950,
        "deviation_wh": -50,
        "is_astray": 0,
    }
    assert values(found["shared_storage"][0])["community"] == COMMUNITY
    accounts = {values(p)["meter"]: values(p) for p in found["storage_account"] if p.at_s == hour(0).start_s}
    assert {m: (a["share_wh"], a["level_wh"], a["requested_wh"], a["granted_wh"], a["losses_wh"])
            for m, a in accounts.items()} == {
        "home-1": (6_000, 900, 2_000, 1_000, 100),
        "home-2": (4_000, 1_800, 4_000, 2_000, 200),
    }  # fmt: skip


@pytest.mark.parametrize(("metered_wh", "is_astray"), [(2_700, 0), (2_699, 1), (3_300, 0), (3_301, 1), (0, 1)])
def test_a_storage_is_astray_above_a_tenth_of_what_it_can_move(
    tmp_path: Path, metered_wh: int, is_astray: int
) -> None:
    """It can charge 3 kWh in the hour, and was told to."""
    used(tmp_path, metered_wh=metered_wh)
    point = first_hour(told(tmp_path))
    assert (point["deviation_wh"], point["is_astray"]) == (metered_wh - 3_000, is_astray)


def test_an_estimate_says_nothing_of_what_the_storage_did(tmp_path: Path) -> None:
    used(tmp_path, metered_wh=None)
    with sqlite3.connect(tmp_path / "state" / "records.db") as database:
        query = "SELECT quality FROM settlement WHERE meter = ? AND slot = ?"
        assert database.execute(query, (f"home-{OWNER}", hour(0).label)).fetchall() == [("estimated",)]
    point = first_hour(told(tmp_path))
    assert point["charge_wh"] == 2_700
    assert point.keys() & {"metered_wh", "deviation_wh", "is_astray"} == set()


def test_a_slot_is_told_before_it_is_settled_and_again_then(tmp_path: Path) -> None:
    used(tmp_path, metered_wh=3_000)
    found = told(tmp_path)
    hours = [p for p in found["shared_storage"] if p.at_s == hour(0).start_s]
    assert len(hours) == 2, "told with its flow, and with its settlement"
    (later,) = {p for p in found["shared_storage"] if p.at_s == hour(1).start_s and "metered_wh" not in values(p)}
    assert (values(later)["flow_wh"], values(later)["requests"]) == (0, 0)


def test_without_members_no_point_of_the_storage_names_one(tmp_path: Path) -> None:
    used(tmp_path, metered_wh=3_000)
    silent = told(tmp_path, named=False)
    assert "shared_storage" in silent and "storage_account" not in silent
    assert not any("home-" in line(p) for some in silent.values() for p in some)


def test_a_community_without_a_storage_tells_nothing_of_one(tmp_path: Path) -> None:
    used(tmp_path, metered_wh=3_000)
    found = told(tmp_path, table="[market]\nslot_minutes = 60\n")
    assert found.keys() & {"shared_storage", "storage_account"} == set()


def test_records_of_before_the_upgrade_are_waited_for(tmp_path: Path) -> None:
    """The telemetry process may start before the broker has migrated its records."""
    used(tmp_path, metered_wh=3_000)
    with sqlite3.connect(tmp_path / "state" / "records.db") as database:
        for table in ("storage_grant", "storage_flow"):
            database.execute(f"DROP TABLE {table}")
    found = told(tmp_path)
    assert "settled_slot" in found
    assert found.keys() & {"shared_storage", "storage_account"} == set()
