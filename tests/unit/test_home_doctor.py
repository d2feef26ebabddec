"""What `hems doctor`, `status`, `prices` and `money` say of a home that is there only as files."""

import json
import tarfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from doctor.finding import Finding
from hems.cli import main
from hems.commands.doctor_checks import records
from hems.commands.doctor_checks.catalogue import home_checks
from hems.commands.doctor_checks.home_place import HomePlace, home_at
from hems.commands.money import by_day
from hems.control import market_clock
from hems.io.edge_store import EdgeStore, StoreError
from hems.io.process_lock import METER_LOCK, RUN_LOCK, ProcessLock
from wire.messages import Clearing, Settlement, Trading
from wire.slots import Slot, format_utc

NOW_S = 1_800_000_000
PASSWORD, TOKEN = "tiger-in-the-tank", "lion-token-0123456789"
HOME = f"""[home]
meter = "home-1"
state_dir = "state"
timezone = "Europe/Vienna"
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
[market]
community = "elm"
broker_key = "{"cd" * 32}"
port = 1
username = "home-1"
password_file = "password"
[weather]
url = "https://weather.invalid/v1"
latitude_deg = 48.208
longitude_deg = 16.372
"""
Ran = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home.toml"
    path.write_text(HOME)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "meter.key").write_text("ef" * 32 + "\n")
    (state / "meter.key").chmod(0o600)
    return path


def stored(home: Path, name: str, table: str, rows: list[tuple[object, ...]]) -> None:
    store = EdgeStore(home.parent / "state" / name)
    store.add(table, rows)
    store.close()


def at_now(home: Path, now_s: float = NOW_S) -> HomePlace:
    return home_at(home, now_s)


def readings(power_w: int, *, step_wh: int, count: int = 30, end_s: int = NOW_S) -> list[tuple[object, ...]]:
    start_s = end_s - 60 * (count - 1)
    return [(start_s + 60 * i, power_w, 1_000 + step_wh * i, 500, "good") for i in range(count)]


@pytest.mark.parametrize(
    ("look", "rows", "verdict"),
    [
        (records.reading_is_fresh, readings(600, step_wh=10), "ok"),
        (records.reading_is_fresh, readings(600, step_wh=10, end_s=NOW_S - 3_600), "fail"),
        (records.sign_is_right, readings(600, step_wh=10), "ok"),
        (records.sign_is_right, readings(-600, step_wh=10), "fail"),
        (records.sign_is_right, readings(20, step_wh=1), "skipped"),
        (records.registers_move, readings(600, step_wh=10), "ok"),
        (records.registers_move, readings(6_000, step_wh=0), "fail"),
        (records.registers_move, readings(600, step_wh=-5), "warn"),
    ],
)
def test_readings_tell_age_sign_and_still_registers(
    home: Path, look: Callable[[HomePlace], Finding], rows: list[tuple[object, ...]], verdict: str
) -> None:
    stored(home, "meter.db", "readings", rows)
    found = look(at_now(home))
    assert found.verdict == verdict, found
    assert (found.remedy != "") == (verdict in ("warn", "fail"))


@pytest.mark.parametrize(("pv_kw", "verdict"), [(0.0, "ok"), (1.5, "fail")])
def test_generation_at_night_is_found(home: Path, pv_kw: float, verdict: str) -> None:
    midnight_s = NOW_S - NOW_S % 86_400  # 00:00 UTC is 1:00 in Vienna
    stored(home, "ems.db", "slot_means", [(midnight_s + 900 * i, 0.3, pv_kw) for i in range(4)])
    assert records.no_sun_at_night(at_now(home)).verdict == verdict


def test_old_messages_without_receipt_and_findings_against_the_operator_are_told(home: Path) -> None:
    store = EdgeStore(home.parent / "state" / "meter.db")
    store.put("order", format_utc(NOW_S - 7_200), 1, b"x")
    store.add("health", [(NOW_S, "transactive_meter", "market audit: clearing: slot: bought 123 Wh")])
    store.close()
    assert records.receipts_came(at_now(home)).verdict == "warn"
    found = records.operator_is_honest(at_now(home))
    assert (found.verdict, "community-broker verify" in found.remedy) == ("fail", True)


def test_a_signal_of_the_network_operator_that_is_missing_is_told(home: Path) -> None:
    assert records.grid_signal_comes(at_now(home)).verdict == "skipped"
    home.write_text(HOME + '[grid_limit]\ntopic = "operator/limit"\n')
    stored(home, "ems.db", "health", [(NOW_S - 60, "energy_manager", "started")])
    assert records.grid_signal_comes(at_now(home)).verdict == "ok"
    stored(home, "ems.db", "health", [(NOW_S - 30, "grid_limit", "no signal on operator/limit at x:1: failsafe")])
    found = records.grid_signal_comes(at_now(home))
    assert (found.verdict, "grid_limit.topic" in found.remedy) == ("fail", True)
    stored(home, "ems.db", "health", [(NOW_S - 20, "grid_limit", "at most 4.2 kW from the grid")])
    assert records.grid_signal_comes(at_now(home)).verdict == "ok"


def test_there_are_at_least_25_checks_with_names_of_their_own_and_all_answer_without_a_file(tmp_path: Path) -> None:
    checks = home_checks(home_at(tmp_path / "none.toml", NOW_S))
    names = [check.name for check in checks]
    assert len(names) == len(set(names)) >= 25
    assert all(check.look().verdict in ("ok", "warn", "fail", "skipped") for check in checks)


def test_the_archive_holds_no_key_password_place_or_reading_unless_asked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(home, "meter.db", "readings", [(NOW_S, 4_711, 987_654_321, 1, "good")])
    stored(home, "meter.db", "health", [(NOW_S, "x", f"login with {PASSWORD}; market audit")])
    stored(home, "ems.db", "health", [(NOW_S, "x", "market audit: clearing: 2027: bought 31337 Wh")])
    for words, has_readings in (((), False), (("--with-readings",), True)):
        out = home.parent / "out.tar.gz"
        assert main(["doctor", "--config", str(home), "--bundle", str(out), *words]) == 1
        with tarfile.open(out) as archive:
            parts = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
        everything = b"".join(parts.values())
        for secret in (PASSWORD, "ef" * 32, "ef" * 10, "48.208", "16.372", "31337"):
            assert secret.encode() not in everything, secret
        assert (b"987654321" in everything) is has_readings
        assert b'community = "elm"' in parts["doctor/home.toml"]
        assert json.loads(parts["doctor/databases.json"])["meter.db"]["rows"]["readings"] == 1
    capsys.readouterr()


def test_status_prices_and_money_answer_from_the_records(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("status", "prices", "money"):
        assert main([command, "--config", str(home)]) == 0
        assert capsys.readouterr().out
        assert main([command, "--config", str(home), "--json"]) == 0
        json.loads(capsys.readouterr().out)
    stored(home, "ems.db", "decisions", [(NOW_S, "battery", NOW_S, "plan", -1.5, "sell", 0.3, 0.1, "sells at noon")])
    assert main(["status", "--config", str(home), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["devices"]
    assert (told["device"], told["power_kw"], told["why"]) == ("battery", -1.5, "sells at noon")


def test_status_says_that_the_operator_has_paused_trading(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for state, word in (("paused", "flooded"), ("open", None)):
        said = Trading(community="elm", state=state, since=format_utc(NOW_S + (state == "open")), reason="flooded")
        stored(home, "meter.db", "market", [(said.since, "trading", said.model_dump_json())])
        assert main(["status", "--config", str(home), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["market"]["paused"] == word


def test_prices_show_what_was_cleared_and_what_a_kwh_is_worth(home: Path) -> None:
    from hems.commands.home_records import home_records
    from hems.commands.prices import prices

    first = Slot(NOW_S - NOW_S % 900, 15)
    clearing = Clearing(
        community="elm", stage="intraday", slot=first.label, round=0, mechanism="m", outcome="cleared",
        price_micro_per_kwh=210_000, buyer_price_micro_per_kwh=None, seller_price_micro_per_kwh=None,
        price_low_micro_per_kwh=None, price_high_micro_per_kwh=None, volume_wh=1, surplus_nano="0", note=None,
        demand=(), supply=(), orders=1, orders_root="ab" * 32, awards_root="ab" * 32, unrevealed=0,
    )  # fmt: skip
    stored(home, "meter.db", "market", [(first.label, "clearing", clearing.model_dump_json())])
    stored(home, "ems.db", "plans", [(first.start_s, "optimal", 0.0, "[1]", '{"marginal_per_kwh":[0.11,0.12]}')])
    rows = prices(home_records(home), NOW_S, 3)
    assert [row["cleared"] for row in rows] == [0.21, None, None]
    assert [row["worth"] for row in rows] == [0.11, 0.12, None]
    assert [row["retail"] for row in rows] == [0.32] * 3


def settled(total: int, metered: int, corrects: int | None, log_index: int = 1) -> Settlement:
    return Settlement(
        community="elm", meter="home-1", slot=format_utc(NOW_S), award_wh=100, metered_wh=metered, lines=(),
        quality="estimated" if corrects is None else "measured", total_nano=str(total), log_index=log_index,
        salt="ab" * 32, corrects=corrects, note=None,
    )  # fmt: skip


def test_corrections_replace_energy_and_add_money() -> None:
    (day,) = by_day([settled(1_000, 500, None), settled(-200, 480, 1)], ZoneInfo("UTC"))
    assert (day["slots"], day["metered_wh"], day["paid_nano"]) == (1, 480, "800")


def test_money_takes_corrections_after_what_they_correct_whatever_their_rows_are_called(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the store `correction-...` stands before `settlement`, and 10 before 9."""
    monkeypatch.setattr("hems.commands.home_records.time.time", lambda: NOW_S + 60.0)
    for kind, message in (
        ("settlement", settled(1_000, 500, None, 3)),
        ("correction-9", settled(-200, 480, 3, 9)),
        ("correction-10", settled(50, 485, 9, 10)),
    ):
        stored(home, "meter.db", "market", [(message.slot, kind, message.model_dump_json())])
    assert main(["money", "--config", str(home), "--json"]) == 0
    (day,) = json.loads(capsys.readouterr().out)
    assert (day["metered_wh"], day["paid_nano"], day["estimated_slots"]) == (485, "850", 0)


def test_what_is_not_settled_costs_what_the_tariff_bills_as_on_the_page(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hems.commands.home_records.time.time", lambda: NOW_S + 960.0)
    message = settled(1_000_000_000, 500, None)
    stored(home, "meter.db", "market", [(message.slot, "settlement", message.model_dump_json())])
    stored(home, "ems.db", "spent", [(NOW_S, 9.0, 0.0, 9.9), (NOW_S + 900, 0.25, 0.5, -0.125)])
    assert main(["money", "--config", str(home), "--json"]) == 0
    (day,) = json.loads(capsys.readouterr().out)
    assert (day["slots"], day["by_tariff_slots"]) == (1, 1)
    assert (day["paid_nano"], day["by_tariff_nano"]) == ("1000000000", "-125000000")
    assert day["metered_wh"] == 500 - 250
    assert main(["money", "--config", str(home)]) == 0
    assert "in all: +0.8750" in capsys.readouterr().out


def test_a_store_on_a_full_disk_says_so_tells_who_has_to_stop_and_keeps_what_it_had(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    store.add("health", [(1, "a", "b")])
    told: list[StoreError] = []
    store.when_it_fails(told.append)
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="free disk space"):
        store.add("health", [(i, "a", "b" * 3_000) for i in range(2, 40)])
    assert len(told) == 1
    assert store.count("health") == 1


class _Page(BaseHTTPRequestHandler):
    """A home's page, and the door of one for the network."""

    def do_GET(self) -> None:
        body = f"<title>Energy of {self.server.home}</title>".encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("runs", [True, False])
def test_a_clock_that_the_running_meter_finds_wrong_is_named_to_the_minute(
    home: Path, capsys: pytest.CaptureFixture[str], *, runs: bool
) -> None:
    store = EdgeStore(home.parent / "state" / "meter.db")
    store.set_fact(market_clock.FACT, -400)
    store.close()
    meter = ProcessLock(home.parent / "state" / METER_LOCK)
    if not runs:
        meter.close()
    try:
        main(["doctor", "--config", str(home), "--json"])
    finally:
        meter.close()
    (found,) = [row for row in json.loads(capsys.readouterr().out)["checks"] if row["check"] == "market clock"]
    assert (found["verdict"] == "fail") == runs, found
    assert ("about 7 min behind the market's" in found["what"]) == runs


@pytest.mark.parametrize(("name", "verdict"), [("home-1", "ok"), ("home-2", "fail")])
def test_a_page_of_another_home_on_the_same_port_is_not_taken_for_the_own(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, verdict: str
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.home = name  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home.write_text(HOME + f"[page]\nport = {server.server_address[1]}\n")
    running = ProcessLock(home.parent / "state" / RUN_LOCK)
    try:
        main(["doctor", "--config", str(home), "--json"])
    finally:
        running.close()
        server.shutdown()
        server.server_close()
    (page,) = [row for row in json.loads(capsys.readouterr().out)["checks"] if row["check"] == "page"]
    assert page["verdict"] == verdict, page
    assert ("another port" in page["remedy"]) == (verdict == "fail")
