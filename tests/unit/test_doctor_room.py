"""The doctor's room: checks run side by side within their limits, tables and archives tell all and no secret."""

import json
import os
import socket
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.bundle import write_bundle
from doctor.check import Check, Result
from doctor.finding import Finding, Verdict, fail, ok, skipped, warn
from doctor.machine.clock import clock_against, clock_is_set, time_zone
from doctor.machine.disk import free_space, keeps_what_it_promised, state_directory
from doctor.machine.files import database, is_locked, private_file
from doctor.machine.time_series import time_series
from doctor.redaction import REMOVED, redacted
from doctor.report import document, exit_status, text
from doctor.run import results
from doctor.table import text_table
from hems.io.process_lock import ProcessLock

SECRETS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=6, max_size=40)


def test_checks_that_break_or_hang_are_findings_and_hold_up_nobody() -> None:
    hang = threading.Event()

    def broken() -> Finding:
        raise RuntimeError("no such thing")

    def hanging() -> Finding:
        hang.wait(30)
        return ok("late")

    found = results([Check("a", "-", broken), Check("b", "-", hanging, 0.05), Check("c", "-", lambda: ok("fine"))])
    hang.set()
    assert [result.finding.verdict for result in found] == [Verdict.FAIL, Verdict.FAIL, Verdict.OK]
    assert "no such thing" in found[0].finding.what
    assert "no answer within" in found[1].finding.what
    assert all(result.finding.remedy for result in found[:2])


def test_the_report_shows_every_remedy_and_only_failures_make_it_unhealthy() -> None:
    check = Check("x", "-", lambda: ok(""))
    warned = [Result(check, warn("odd", remedy="look", where="here")), Result(check, skipped("no"))]
    assert exit_status(warned) == 0
    assert "here: odd" in text(warned)
    assert "-> look" in text(warned)
    failed = [*warned, Result(check, fail("bad", remedy="mend it"))]
    assert exit_status(failed) == 1
    told = document(failed)
    assert told["healthy"] is False
    assert told["counts"] == {"ok": 0, "warn": 1, "fail": 1, "skipped": 1}
    assert [row["remedy"] for row in told["checks"]] == ["look", "", "mend it"]


def test_a_table_is_as_wide_as_its_widest_cells() -> None:
    assert text_table(("a", "bb"), [("ccc", "1")], right=(1,)) == "a    bb\nccc   1"


@pytest.mark.parametrize(
    ("now_s", "verdict"), [(0.0, "fail"), (1_700_000_000.0, "fail"), (1_800_000_000.0, "ok"), (9e9, "fail")]
)
def test_a_clock_that_was_never_set_is_found(now_s: float, verdict: str) -> None:
    assert clock_is_set(now_s).verdict == verdict


def test_clocks_and_zones_are_compared() -> None:
    assert clock_against(None, "x", 1.0).verdict == "skipped"
    assert clock_against(100.0, "the meter", 103.0).verdict == "ok"
    behind = clock_against(4_000.0, "the meter", 400.0)
    assert (behind.verdict, "3600 s behind" in behind.what) == ("fail", True)
    assert time_zone("Europe/Vienna").verdict == "ok"
    assert time_zone("Nowhere/At_All").verdict == "fail"


def test_state_directories_are_looked_at_and_left_as_they_are(tmp_path: Path) -> None:
    assert state_directory(tmp_path / "none").verdict == "skipped"
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert state_directory(open_to_all).verdict == "warn"
    open_to_all.chmod(0o700)
    assert state_directory(open_to_all).verdict == "ok"
    (tmp_path / "file").write_text("")
    assert state_directory(tmp_path / "file").verdict == "fail"
    assert keeps_what_it_promised(Path("/dev/shm")).verdict == "fail"
    assert free_space(tmp_path / "not" / "yet").where == str(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "open"]
    assert not any(open_to_all.iterdir())


def test_private_files_are_judged_by_content_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert private_file(path, "key").verdict == "skipped"
    path.write_text("ab" * 32)
    path.chmod(0o644)
    assert "chmod 600" in private_file(path, "key").remedy
    path.chmod(0o600)
    assert private_file(path, "key").verdict == "ok"
    path.write_text("ab" * 31)
    assert private_file(path, "key").verdict == "fail"


def test_databases_are_read_beside_their_writer_and_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    assert database(path, 1, made_by="it").verdict == "skipped"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE t (a)")
    writer.execute("PRAGMA user_version=1")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO t VALUES (1)")
    assert database(path, 1, made_by="it").verdict == "ok"
    assert database(path, 0, made_by="it").verdict == "fail"
    assert database(path, 2, made_by="it").verdict == "warn"
    writer.execute("ROLLBACK")
    writer.close()
    path.write_bytes(b"x" * 4096)
    assert database(path, 1, made_by="it").verdict == "fail"


def test_a_lock_is_seen_while_its_process_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "ems.lock"
    assert not is_locked(path)
    lock = ProcessLock(path)
    assert is_locked(path)
    lock.close()
    assert not is_locked(path)


LEAKY = """password = "SECRET"
token="SECRET"
[influx]
  api_key : SECRET
url = "mqtt://me:SECRET@host"
a line that says KNOWN
https://x.example/?api_token=SECRET&y=1
Authorization: Token SECRETSECRET
"""


@given(SECRETS.filter(lambda text: text not in LEAKY), SECRETS.filter(lambda text: text not in LEAKY))
def test_no_value_of_a_secret_key_and_no_known_secret_is_left(secret: str, known: str) -> None:
    safe = redacted(LEAKY.replace("SECRET", secret).replace("KNOWN", known), [known]).replace(REMOVED, "")
    assert secret not in safe
    assert known not in safe
    assert "y=1" in safe


def test_keys_are_cut_places_removed_and_names_of_files_kept() -> None:
    safe = redacted(
        f'broker_key = "{"ab" * 32}"\npassword_file = "pw"\nlatitude_deg = 48.2\n'
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\nport = 1883"
    )
    assert 'broker_key = "abababab.."' in safe
    assert 'password_file = "pw"' in safe
    assert "48.2" not in safe
    assert "AAAA" not in safe
    assert "port = 1883" in safe


def test_an_archive_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.tar.gz"
    found = [Result(Check("x", "-", lambda: ok("")), ok("the password is tiger7"))]
    write_bundle(path, found, {"a.toml": 'secret = "lion99"'}, known=["tiger7"], made_s=1_800_000_000)
    with tarfile.open(path) as archive:
        names = archive.getnames()
        contents = b"".join(archive.extractfile(name).read() for name in names)  # type: ignore[union-attr]
    assert "doctor/findings.json" in names
    assert json.loads(contents[contents.index(b"{") :].split(b"\n}\n")[0] + b"}")
    assert b"tiger7" not in contents
    assert b"lion99" not in contents
    with pytest.raises(OSError, match="No such file"):
        write_bundle(tmp_path / "none" / "out.tar.gz", found, {}, known=[], made_s=0)
    assert [path.name for path in tmp_path.iterdir()] == ["out.tar.gz"]


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_an_archive_is_for_its_owner_alone_whatever_the_umask_and_whatever_a_broken_run_left(
    tmp_path: Path, umask: int
) -> None:
    path, left = tmp_path / "out.tar.gz", tmp_path / "out.tar.gz.partial"
    left.write_text("of a run that was killed")
    left.chmod(0o644)
    before = os.umask(umask)
    try:
        write_bundle(path, [], {}, known=[], made_s=0)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


class _Influx(BaseHTTPRequestHandler):
    """Answers as InfluxDB 2 does to a question for a bucket: 401, 404, or the buckets of that name."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if self.headers["Authorization"] != "Token good":
            return self._say(401, {"code": "unauthorized"})
        if asked["org"] != ["home"]:
            return self._say(404, {"code": "not found"})
        return self._say(200, {"buckets": [{"name": "energy"}] if asked["name"] == ["energy"] else []})

    def _say(self, code: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def influx() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Influx)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("token", "org", "bucket", "word"),
    [
        ("good", "home", "energy", "bucket energy"),
        ("bad", "home", "energy", "token is not accepted"),
        ("good", "hoem", "energy", "no organisation"),
        ("good", "home", "enregy", "no bucket"),
    ],
)
def test_the_time_series_server_is_asked_for_token_and_bucket(
    influx: str, tmp_path: Path, *, token: str, org: str, bucket: str, word: str
) -> None:
    (tmp_path / "token").write_text(token)
    found = time_series(influx, org, bucket, tmp_path / "token", None)
    assert word in found.what
    assert (found.verdict == "ok") == (found.remedy == "")
    assert time_series(influx, org, bucket, tmp_path / "none", None).verdict == "fail"


def test_a_token_that_leaves_this_machine_unencrypted_is_told(tmp_path: Path) -> None:
    """The server is reached under the machine's own name, as from elsewhere."""
    (tmp_path / "token").write_text("good")
    name = socket.gethostname()
    server = ThreadingHTTPServer((name, 0), _Influx)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = time_series(f"http://{name}:{server.server_address[1]}", "home", "energy", tmp_path / "token", None)
    finally:
        server.shutdown()
        server.server_close()
    assert (found.verdict, "https" in found.remedy) == ("warn", True), found
    assert "good" not in found.what + found.remedy


def test_a_time_series_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("good")
    assert "start the server" in time_series("http://127.0.0.1:1", "o", "b", tmp_path / "token", None).remedy
