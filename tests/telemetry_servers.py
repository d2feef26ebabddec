"""Real time series servers for tests: Debian's InfluxDB 1.6 behind the v2 write call, and VictoriaMetrics as it is.

InfluxDB 2 cannot be installed here. The translation is thin: token check, gunzip, the answers of version 2 for a bad
line (400) and for a type conflict (422); the engine that stores and the language that asks are the real ones.
"""

import gzip
import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from twin.demo.mqtt_server import free_port

WAIT_S = 20.0
TOKEN, ORG, BUCKET = "a-token-for-tests", "hearthgrid", "hearthgrid"
Fault = Callable[[bytes], "tuple[int, str] | None"]

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
"""


@dataclass
class Influx:
    """A running engine: `url` is what influxdb-client writes to; `engine` takes queries in InfluxQL.

    `fault` decides on each write's lines before the engine sees them; `written` keeps the lines it got, in order.
    """

    engine: str
    url: str = ""
    fault: Fault = field(default=lambda _: None)
    written: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, query: str, database: str = BUCKET) -> list[dict[str, Any]]:
        """The series of a query.

        Raises: AssertionError with the engine's message when it does not understand the query.
        """
        asked = urllib.parse.urlencode({"db": database, "q": query, "epoch": "s"})
        with urllib.request.urlopen(f"{self.engine}/query?{asked}", timeout=WAIT_S) as answer:
            (result,) = json.load(answer)["results"]
        assert "error" not in result, f"{query}: {result['error']}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def count(self, measurement: str, field_name: str) -> int:
        """How many points of a measurement have a field."""
        series = self.ask(f'SELECT count("{field_name}") FROM "{measurement}"')
        return int(series[0]["values"][0][1]) if series else 0

    def empty(self) -> None:
        """Begins anew: no points, no faults."""
        self.fault = lambda _: None
        self.written.clear()
        for query in (f'DROP DATABASE "{BUCKET}"', f'CREATE DATABASE "{BUCKET}"'):
            asked = urllib.parse.urlencode({"q": query}).encode()
            with urllib.request.urlopen(f"{self.engine}/query", data=asked, timeout=WAIT_S) as answer:
                answer.read()  # a query whose asker has gone is not carried out


@contextmanager
def influx(folder: Path) -> Iterator[Influx]:
    """A running InfluxDB 1.6 with an empty bucket, ended by its pid."""
    program = shutil.which("influxd")
    if program is None:
        pytest.skip("influxd is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    port, config = free_port(), folder / "influxd.conf"
    config.write_text(CONFIG.format(rpc=free_port(), port=port, folder=folder))
    with child([program, "-config", str(config)], folder / "influxd.log") as process:
        engine = Influx(f"http://127.0.0.1:{port}")
        _until(f"{engine.engine}/ping", process, folder / "influxd.log")
        engine.empty()
        server = _Server(("127.0.0.1", 0), _handler(engine))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        engine.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield engine
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextmanager
def victoria(folder: Path) -> Iterator[str]:
    """The address of a running VictoriaMetrics, ended by its pid."""
    program = shutil.which("victoria-metrics")
    if program is None:
        pytest.skip("victoria-metrics is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [program, f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}"]
    command += ["-retentionPeriod=100y", "-search.latencyOffset=0s", "-memory.allowedBytes=100MB"]
    with child(command, folder / "victoria.log") as process:
        _until(f"http://127.0.0.1:{port}/health", process, folder / "victoria.log")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def child(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running child, ended by its pid; it must not have ended by itself."""
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        yield process
    finally:
        ended = process.poll()
        process.terminate()
        process.wait(20)
        assert ended is None, f"{command[0]} ended by itself with {ended}: {log.read_text()[-500:]}"


def _until(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.01)  # a probe of a server that starts, bounded by the deadline
        else:
            return
    raise AssertionError(f"{url} does not answer: {log.read_text()[-500:]}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Silence: a client that was killed breaks its connection, and the test says what matters."""


def _handler(engine: Influx) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Version 2's write and version 1's query, as InfluxDB 2 serves both."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            address = urllib.parse.urlsplit(self.path)
            asked = dict(urllib.parse.parse_qsl(address.query))
            if address.path != "/api/v2/write":
                self._answer(404, "not found", "path not found")
            elif self.headers.get("Authorization") != f"Token {TOKEN}":
                self._answer(401, "unauthorized", "unauthorized access")
            elif asked.get("org") != ORG or asked.get("bucket") != BUCKET:
                self._answer(404, "not found", f'bucket "{asked.get("bucket")}" not found')
            elif (fault := engine.fault(body)) is not None:
                self._answer(fault[0], "fault", fault[1])
            else:
                with engine.lock:
                    engine.written += body.decode().splitlines()
                self._forward(body, asked.get("precision", "ns"))

        def _forward(self, body: bytes, precision: str) -> None:
            request = f"{engine.engine}/write?db={BUCKET}&precision={precision.replace('us', 'u')}"
            try:
                urllib.request.urlopen(request, data=body, timeout=WAIT_S).close()
            except urllib.error.HTTPError as error:
                said = json.load(error)["error"]
                if "type conflict" in said or "beyond retention" in said:
                    said = f"failure writing points to database: {said}"
                    self._answer(422, "unprocessable entity", said)
                else:
                    self._answer(400, "invalid", said)
            else:
                self._answer(204)

        def do_GET(self) -> None:
            try:
                with urllib.request.urlopen(engine.engine + self.path, timeout=WAIT_S) as answer:
                    self._send(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                self._send(error.code, error.read())

        def _answer(self, status: int, code: str = "", message: str = "") -> None:
            self._send(status, json.dumps({"code": code, "message": message}).encode() if code else b"")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silence: the test says what matters."""

    return Handler
