"""A real InfluxDB 1.6 as a child process, and what tests do with it."""

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.review.engine import Engine
from wire.telemetry import Point
from wire.telemetry.text import line

INFLUXD = shutil.which("influxd")
DATABASE = "hearthgrid"
START_WITHIN_S = 30
LINES_AT_ONCE = 5_000

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[logging]
  level = "error"
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def influx_server(folder: Path) -> Iterator[Engine]:
    """A running engine with an empty database; ended by its process id afterwards."""
    assert INFLUXD is not None
    http = _free_port()
    config = folder / "influxdb.conf"
    config.write_text(CONFIG.format(rpc=_free_port(), http=http, folder=folder))
    engine = Engine(url=f"http://127.0.0.1:{http}", database=DATABASE)
    with (folder / "influxd.log").open("w") as log:
        server = subprocess.Popen([INFLUXD, "-config", str(config)], stdout=log, stderr=log)
        try:
            _wait_until_it_answers(engine, server)
            engine.ask(f'CREATE DATABASE "{DATABASE}"')
            yield engine
        finally:
            server.kill()
            server.wait(10)


def _wait_until_it_answers(engine: Engine, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(f"{engine.url}/ping", timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, "influxd ended: see influxd.log"
            assert time.monotonic() < end, "influxd does not answer"
            time.sleep(0.02)


def fill(engine: Engine, points: Iterable[Point]) -> int:
    """Writes points into the engine; returns how many."""
    return write_lines(engine, (line(point) for point in points))


def write_lines(engine: Engine, lines: Iterable[str]) -> int:
    """Writes lines with times in nanoseconds; returns how many."""
    written, group = 0, list[str]()
    for text in lines:
        group.append(text)
        if len(group) == LINES_AT_ONCE:
            written += _write(engine, group)
            group = []
    return written + _write(engine, group)


def _write(engine: Engine, lines: list[str]) -> int:
    if lines:
        body = "\n".join(lines).encode()
        with urllib.request.urlopen(f"{engine.url}/write?db={engine.database}", data=body, timeout=30) as answer:
            assert answer.status == 204
    return len(lines)
