"""`hems telemetry` against real time series engines: away, refusing, killed, wrongly set up."""

import json
import os
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.machine.time_series import time_series
from hems.cli import main
from tests.telemetry_home import START_S, counted, record, write_home
from tests.telemetry_servers import BUCKET, TOKEN, Influx, free_port, influx, victoria

DAY = 8_640


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with influx(tmp_path_factory.mktemp("influx")) as running:
        yield running


@pytest.fixture
def server(engine: Influx) -> Influx:
    engine.empty()
    return engine


def carry(config: Path) -> int:
    return main(["telemetry", "--config", str(config), "--once"])


def times_s(server: Influx, measurement: str) -> list[int]:
    """The times of a measurement's lines as they arrived."""
    lines = [line for line in server.written if line.startswith(f"{measurement},")]
    return [int(line.rsplit(" ", 1)[1]) // 1_000_000_000 for line in lines]


def test_a_day_without_a_server_is_carried_whole_in_order_and_in_bounded_batches(
    server: Influx, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, DAY)
    assert carry(write_home(tmp_path, f"http://127.0.0.1:{free_port()}")) == 1
    assert "start the server" in caplog.text and len(caplog.messages) == 1
    assert capsys.readouterr().out == "h1: 0 points written, 0 refused\n"
    sizes: list[int] = []
    server.fault = lambda body: sizes.append(body.count(b"\n") + 1)
    assert carry(write_home(tmp_path, server.url)) == 0
    assert server.count("grid", "power_w") == DAY
    assert server.count("device", "soc") == DAY
    assert server.count("slot_means", "load_kw") == DAY // 90
    assert server.count("decision", "code") == DAY // 90
    assert server.count("slot_energy", "import_wh") == DAY // 90 - 1, "the last slot has no end yet"
    assert server.ask('SELECT sum("import_wh") FROM "slot_energy"')[0]["values"][0][1] == 90 * (DAY // 90 - 1)
    for measurement in ("grid", "device", "slot_means", "decision", "slot_energy"):
        arrived = times_s(server, measurement)
        assert arrived == sorted(set(arrived)), "in order, each once"
    assert max(sizes) <= 1_000
    assert "refused" not in counted(tmp_path)
    before = len(server.written)
    assert carry(tmp_path / "home.toml") == 0
    carried_again = [line for line in server.written[before:] if not line.startswith(OWN)]
    assert carried_again == [], "nothing is carried twice"


OWN = ("process,", "exporter,", "storage,", "host,")


def test_a_point_that_the_server_cannot_read_is_found_and_counted_and_the_rest_arrives(
    server: Influx, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record(tmp_path, 100)
    bad = f"{START_S + 500}000000000".encode()
    server.fault = lambda body: (400, "unable to parse") if b"grid," in body and bad in body else None
    assert carry(write_home(tmp_path, server.url)) == 0
    assert server.count("grid", "power_w") == 99
    assert server.count("device", "soc") == 100
    assert counted(tmp_path)["refused"] == 1
    refusals = [message for message in caplog.messages if "refused for good" in message]
    assert len(refusals) == 1 and "unable to parse" in refusals[0] and "grid," in refusals[0]


def test_a_type_conflict_is_said_once_and_costs_only_the_points_that_conflict(
    server: Influx, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write = f"{server.engine}/write?db={BUCKET}"
    words = f'slot_means,site=h1 load_kw="words" {START_S + 1}000000000'  # types hold within a week
    urllib.request.urlopen(write, data=words.encode()).close()
    record(tmp_path, 30, every_s=300)
    assert carry(write_home(tmp_path, server.url, batch=3)) == 0
    assert counted(tmp_path)["refused"] == 10
    assert server.count("grid", "power_w") == 30
    assert server.count("slot_means", "load_kw") == 1, "what was there before stays"
    refusals = [message for message in caplog.messages if "refused for good" in message]
    assert len(refusals) == 1 and "field type conflict" in refusals[0] and "slot_means" in refusals[0]


@pytest.mark.parametrize("is_taken", [True, False], ids=["after the server took it", "before the server took it"])
def test_a_process_that_is_killed_in_the_middle_loses_nothing(server: Influx, tmp_path: Path, is_taken: bool) -> None:
    record(tmp_path, 1_000)
    config = write_home(tmp_path, server.url, batch=100)
    writes, children = [0], list[subprocess.Popen[bytes]]()

    def kill_at_the_seventh(_: bytes) -> tuple[int, str] | None:
        writes[0] += 1
        if writes[0] != 7:
            return None
        os.kill(children[0].pid, signal.SIGKILL)
        return None if is_taken else (503, "gone")

    server.fault = kill_at_the_seventh
    command = [sys.executable, "-m", "hems.cli", "telemetry", "--config", str(config)]
    children.append(subprocess.Popen(command))
    assert children[0].wait(30) == -signal.SIGKILL
    assert 0 < server.count("grid", "power_w") < 1_000
    server.fault = lambda _: None
    assert carry(config) == 0
    assert server.count("grid", "power_w") == 1_000
    assert server.count("device", "soc") == 1_000
    repeated = len(times_s(server, "grid")) - 1_000
    assert repeated <= 100, "one batch at most is carried twice"


@pytest.mark.parametrize(
    ("token", "bucket"),
    [("another-token", BUCKET), (TOKEN, "other")],
)
def test_a_server_that_is_wrongly_set_up_is_told_with_what_to_do_and_costs_nothing(
    server: Influx, tmp_path: Path, caplog: pytest.LogCaptureFixture, token: str, bucket: str
) -> None:
    record(tmp_path, 10)
    config = write_home(tmp_path, server.url, token=token)
    config.write_text(config.read_text().replace(f'bucket = "{BUCKET}"', f'bucket = "{bucket}"'))
    assert carry(config) == 1
    assert ("telemetry.token_file" if bucket == BUCKET else "telemetry.bucket") in caplog.text
    assert token not in caplog.text
    assert server.ask("SHOW MEASUREMENTS") == []
    assert counted(tmp_path) == {"failed_writes": 1}
    assert carry(write_home(tmp_path, server.url)) == 0
    assert server.count("grid", "power_w") == 10


def test_a_configuration_without_token_or_table_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_home(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "token").unlink()
    assert carry(config) == 2
    assert "write the server's token into it" in capsys.readouterr().err
    config.write_text(config.read_text().split("[telemetry]")[0])
    assert carry(config) == 2
    assert "add the [telemetry] table" in capsys.readouterr().err
    assert not (tmp_path / "state").exists(), "nothing was made"


def test_a_server_that_takes_the_untouched_format_of_version_2_has_every_point(tmp_path: Path) -> None:
    record(tmp_path, 60)
    with victoria(tmp_path / "victoria") as url:
        assert carry(write_home(tmp_path, url)) == 0
        urllib.request.urlopen(f"{url}/internal/force_flush").close()
        asked = urllib.parse.urlencode({"match[]": '{__name__="grid_power_w"}'})
        with urllib.request.urlopen(f"{url}/api/v1/export?{asked}") as answer:
            series = [json.loads(line) for line in answer]
    assert [one["metric"]["site"] for one in series] == ["h1"]
    assert series[0]["timestamps"] == [1_000 * (START_S + 10 * k) for k in range(60)]
    assert series[0]["values"] == [500 + k for k in range(60)]


def test_doctor_takes_a_server_that_cannot_be_asked_for_a_bucket_for_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("any")
    with victoria(tmp_path) as url:
        found = time_series(url, "home", BUCKET, tmp_path / "token", None)
    assert found.verdict == "ok" and "takes writes" in found.what, found


def test_a_file_that_cannot_be_read_is_told_once_and_the_others_are_carried(
    server: Influx, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record(tmp_path, 20)
    ems = tmp_path / "state" / "ems.db"
    kept = ems.read_bytes()
    ems.write_bytes(b"no database at all" * 100)
    config = write_home(tmp_path, server.url)
    assert carry(config) == 1, "not everything was carried"
    assert server.count("grid", "power_w") == 20
    assert len([message for message in caplog.messages if "ems.db" in message and "free disk space" in message]) == 1
    ems.write_bytes(kept)
    assert carry(config) == 0
    assert server.count("slot_means", "load_kw") == 1


def test_the_process_goes_on_until_it_is_asked_to_stop_and_leaves_with_status_0(
    server: Influx, tmp_path: Path
) -> None:
    record(tmp_path, 30)
    asked: list[bytes] = []

    def stop_at_its_own_health(body: bytes) -> None:
        if not asked and b"exporter,site=h1 written=" in body:
            asked.append(body)
            os.kill(os.getpid(), signal.SIGTERM)

    server.fault = stop_at_its_own_health
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main(["telemetry", "--config", str(write_home(tmp_path, server.url))]) == 0
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert asked
    assert server.count("grid", "power_w") == 30
    assert server.count("exporter", "backlog") >= 1
