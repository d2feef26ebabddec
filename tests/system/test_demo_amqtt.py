"""Where mosquitto is not installed the demo runs over amqtt in its own process."""

from pathlib import Path

import pytest
from small_world import small_world

from broker.io.config_file import load
from broker.io.telemetry_sources import broker_sources
from hems.io.telemetry_sources import home_sources
from hems.site.config import parse_config
from telemetry.source import Cursor, Source
from twin.demo import mqtt_server
from twin.demo.run import DemoOptions, run_demo
from wire.telemetry import Point
from wire.telemetry.community import SettledSlot
from wire.telemetry.house import HomeMoney

HOME = {
    "grid",
    "slot_energy",
    "slot_means",
    "device",
    "decision",
    "ladder",
    "planning",
    "plan",
    "plan_device",
    "price",
}
HOME |= {"forecast", "plan_error", "forecast_error", "home_award", "home_money", "clearing", "metering", "managing"}
HOME |= {"process", "event"}
MARKET = {"conditions", "clearing", "round", "award", "settled_slot", "member_money", "member", "members", "ledger"}
MARKET |= {"checkpoint", "intake", "process", "event"}


def telemetry(sources: list[Source]) -> dict[str, list[Point]]:
    """Everything that would be carried, by measurement; nothing of it may be unreadable or lost."""
    found: dict[str, list[Point]] = {}
    for source in sources:
        cursor: Cursor = {}
        while (batch := source.read(cursor, 1_000)) is not None:
            assert (batch.unread, batch.lost) == (0, 0), source.name
            for made in batch.points:
                found.setdefault(made.measurement.name, []).append(made)
            cursor = batch.cursor
    return found


def test_demo_over_amqtt_with_a_network_settles_every_slot_and_replays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_server, "mosquitto_path", lambda: None)
    options = DemoOptions(folder=tmp_path, processes=2, mechanism="zonal_uniform_price")
    done = run_demo(small_world(4), options, lambda _stage, _steps: None)
    assert done.server.startswith("amqtt")
    assert done.ledger.difference is None
    assert done.run.results["ledger"]["sum_nano"] == 0
    assert len(done.run.market.settlements) == 4 * 3
    held = {(s.slot, s.meter): s.award_wh for s in done.run.market.settlements if s.award_wh}
    assert held == {
        key: bought - sold for key, (bought, sold) in done.run.market.awarded_wh.items() if bought != sold
    }
    assert held
    assert done.run.results["network"]["note"].startswith("example: 2 zones of 2 + 1 homes")
    assert not any(clearing.note for clearing in done.run.market.clearings)
    homes = [path for path in tmp_path.glob("*.toml") if "[home]" in path.read_text()]
    told = [telemetry(home_sources(parse_config(path.read_text(), str(path)), tmp_path)) for path in homes]
    market = telemetry(broker_sources(load(tmp_path / "broker.toml"), named=True))
    for home in told:
        assert home.keys() >= HOME, HOME - home.keys()
    assert market.keys() >= MARKET, MARKET - market.keys()
    slots = {made.at_ns: made.value(SettledSlot.total_nano) for made in market["settled_slot"]}
    money = {
        (made.tags, made.at_ns): made.value(HomeMoney.total_nano) for home in told for made in home["home_money"]
    }
    assert len(money) == 4 * 3
    for at_ns, total in slots.items():
        assert sum(int(nano or 0) for (_, moment), nano in money.items() if moment == at_ns) == total
