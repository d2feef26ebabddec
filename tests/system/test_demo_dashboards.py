"""No panel is dead: what a demo's own programs carry to a real engine answers every query of all dashboards."""

import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest
from asked_queries import unanswered
from demo_state import NOT_IN_A_DEMO, carried, last_reading_s

from dashboards.review.engine import Engine
from tests.telemetry_servers import BUCKET, influx
from twin.cli import main
from twin.demo.mqtt_server import mosquitto_path

pytestmark = pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is not installed")
SMALL = ("--homes", "2", "--slot-minutes", "60", "--mechanism", "shared_storage")  # as the tutorial, and a storage


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A real engine that holds what the exporters of a finished demo sent."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", *SMALL, "--out", str(folder / "out")]) == 0
    with influx(folder / "influx") as server:
        carried(folder / "out", folder / "carried", server)
        yield Engine(url=server.engine, database=BUCKET)


def test_every_panel_variable_and_alert_finds_data_of_a_demo(engine: Engine) -> None:
    empty = unanswered(engine, [last_reading_s(engine), int(time.time())])
    assert empty <= NOT_IN_A_DEMO.keys(), sorted(empty - NOT_IN_A_DEMO.keys())


def test_a_measurement_that_nobody_carries_is_found(engine: Engine) -> None:
    dropped = urllib.parse.urlencode({"db": BUCKET, "q": 'DROP MEASUREMENT "trading"'}).encode()
    urllib.request.urlopen(f"{engine.url}/query", data=dropped, timeout=30).close()
    empty = unanswered(engine, [last_reading_s(engine), int(time.time())])
    assert empty - NOT_IN_A_DEMO.keys() == {"Market: Trading (A)"}
