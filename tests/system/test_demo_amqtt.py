"""Where mosquitto is not installed the demo runs over amqtt in its own process."""

from pathlib import Path

import pytest
from small_world import small_world

from twin.demo import mqtt_server
from twin.demo.run import DemoOptions, run_demo


def test_demo_over_amqtt_settles_every_slot_and_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_server, "mosquitto_path", lambda: None)
    done = run_demo(small_world(4), DemoOptions(folder=tmp_path, processes=2), lambda _stage, _steps: None)
    assert done.server.startswith("amqtt")
    assert done.ledger.difference is None
    assert done.run.results["ledger"]["sum_nano"] == 0
    assert len(done.run.market.settlements) == 4 * 3
