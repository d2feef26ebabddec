"""Founding a community, moving a world in time, and what the live demo says."""

import math
from pathlib import Path

import pytest
from small_world import START_S, small_world

from meter_firmware_sim.config import load_config
from twin.cli import main
from twin.commands.history import ending_today
from twin.commands.live_demo import line
from twin.demo.live import Pace
from twin.home_page import page_port
from twin.moved_world import DAY_S, begun_later, moved
from wire.messages import Clearing

DAYS = 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--homes", "0"], "is not in 1..9"),
        (["--mqtt", "mqtt.example"], "write HOST:PORT"),
        (["--modbus", "meter:0"], "write HOST:PORT"),
        (["--community", "Elm Street"], "a-z, 0-9"),
        (["--community", "x" * 60], "at most"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_made(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "community"
    assert main(["found", "--folder", str(folder), *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["found", "--folder", str(tmp_path / "file" / "community")]) == 2
    assert "name a folder that can be written" in capsys.readouterr().err


def test_founding_keeps_what_a_person_changed_and_adds_a_home(tmp_path: Path) -> None:
    assert main(["found", "--folder", str(tmp_path), "--homes", "1"]) == 0
    changed = (tmp_path / "home-1" / "home.toml").read_text() + "# mine\n"
    (tmp_path / "home-1" / "home.toml").write_text(changed)
    assert main(["found", "--folder", str(tmp_path), "--homes", "2"]) == 0
    assert (tmp_path / "home-1" / "home.toml").read_text() == changed
    assert (tmp_path / "home-2" / "client.key").exists()
    assert load_config(tmp_path / "home-2-simulator" / "meter.toml").server.host == "127.0.0.1"


def test_a_revocation_reaches_the_mqtt_servers_folder_at_the_next_founding(tmp_path: Path) -> None:
    from broker.io.authority import Authority

    assert main(["found", "--folder", str(tmp_path)]) == 0
    authority = Authority(tmp_path / "authority")
    authority.client("former", START_S)
    authority.revoke("former", START_S)
    assert main(["found", "--folder", str(tmp_path)]) == 0
    assert (tmp_path / "mosquitto" / "crl.pem").read_bytes() == authority.revocations.read_bytes()


def test_a_revoked_home_is_told_and_the_others_are_founded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from broker.io.authority import Authority

    assert main(["found", "--folder", str(tmp_path), "--homes", "1"]) == 0
    kept = (tmp_path / "home-1" / "client.pem").read_bytes()
    authority = Authority(tmp_path / "authority")
    authority.revoke("home-1", START_S)
    capsys.readouterr()
    assert main(["found", "--folder", str(tmp_path), "--homes", "2"]) == 0
    told = capsys.readouterr().out
    assert "home-1: its certificate was revoked" in told
    assert "certificate client home-1" in told
    assert (tmp_path / "home-1" / "client.pem").read_bytes() == kept
    assert [row.name for row in authority.issued() if row.is_revoked] == ["home-1"]
    assert (tmp_path / "home-2" / "client.pem").exists()
    assert (tmp_path / "mosquitto" / "crl.pem").read_bytes() == authority.revocations.read_bytes()


def test_an_access_list_of_an_older_release_is_brought_up_to_date(tmp_path: Path) -> None:
    assert main(["found", "--folder", str(tmp_path)]) == 0
    acl = tmp_path / "mosquitto" / "acl"
    made = acl.read_text()
    acl.write_text("user broker.demo\n")
    assert main(["found", "--folder", str(tmp_path)]) == 0
    assert acl.read_text() == made


def test_pages_of_homes_on_one_machine_have_ports_of_their_own() -> None:
    assert [page_port(number) for number in (1, 2, 3)] == [8081, 8082, 8083]


def test_a_moved_world_has_the_same_days_later_and_its_cars_come_then() -> None:
    world = small_world(8)
    later = moved(world, DAYS)
    assert later.slot(5).start_s - world.slot(5).start_s == DAYS * DAY_S
    (before,), (after,) = world.homes[1].stays["ev"], later.homes[1].stays["ev"]
    assert (after.arrival_s, after.departure_s) == (
        before.arrival_s + DAYS * DAY_S,
        before.departure_s + DAYS * DAY_S,
    )
    assert after.energy_kwh == before.energy_kwh
    assert later.homes[0].load_kw is world.homes[0].load_kw


def test_a_world_that_begins_later_ends_with_the_same_slot() -> None:
    world = small_world(8)
    later = begun_later(world, 3)
    assert later.run_from == world.run_from + 3
    assert later.slot(later.end) == world.slot(world.end)


@pytest.mark.parametrize("hour", [0, 7, 15, 23])
def test_a_history_ends_within_the_last_day_of_its_world(hour: int) -> None:
    now_s = START_S + 400 * DAY_S + hour * 3600
    world = ending_today(small_world(2 * 96), now_s)
    assert world.slot(world.end - 96).start_s <= now_s < world.slot(world.end).start_s


def cleared(price: int | None, outcome: str) -> Clearing:
    empty = dict.fromkeys(Clearing.model_fields)
    given = empty | {
        "slot": "2017-06-20T19:15:00Z",
        "outcome": outcome,
        "price_micro_per_kwh": price,
        "volume_wh": 1234,
        "orders": 5,
    }
    return Clearing.model_construct(**given)


def test_a_clearing_is_told_in_a_line() -> None:
    world = small_world(1)
    assert line(cleared(201_500, "cleared"), world).split() == [
        "Tue", "19:15", "0.202", "/kWh", "1.23", "kWh", "between", "neighbours,", "5", "orders",
    ]  # fmt: skip
    assert line(cleared(None, "no_trade"), world) == "Tue 19:15  no trade (5 orders)"


def test_time_at_a_pace_waits_for_slow_processes_and_does_not_hurry_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import asyncio

    clock, waited = [100.0], list[float]()
    monkeypatch.setattr("twin.demo.live.time.monotonic", lambda: clock[0])

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("twin.demo.live.asyncio.sleep", sleep)
    pace = Pace(0, factor=90.0)
    asyncio.run(pace(0))
    asyncio.run(pace(900))
    clock[0] += 30  # the processes needed half a minute for the next instant
    asyncio.run(pace(1800))
    asyncio.run(pace(2700))
    assert [round(seconds, 6) for seconds in waited] == [0.0, 10.0, 0.0, 10.0]
    assert math.isclose(clock[0], 150.0)
