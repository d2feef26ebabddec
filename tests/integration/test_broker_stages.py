"""A slot that is traded the day before and again intraday, over a real MQTT server, up to its settlement."""

from pathlib import Path

from broker_rig import (
    COMMUNITY,
    START_S,
    BrokerChild,
    Peer,
    command_json,
    mosquitto,
    order,
    report,
    write_config,
)

from wire.messages import (
    Award,
    Calendar,
    Clearing,
    Order,
    Receipt,
    Rejection,
    Settlement,
    Side,
    StatusAnswer,
    StatusQuery,
)
from wire.slots import Slot, slot_at

STAGES = """[[market.stages]]
kind = "day_ahead"
gate_at = "08:30"
[[market.stages]]
kind = "intraday"
gate_lead_s = 300
horizon_slots = 80
[[market.stages]]
kind = "balancing"
"""
TRADED = Slot(slot_at(START_S, 15).start_s - START_S % 86_400 + 86_400, 15)  # the first slot of tomorrow
GATE_S = START_S + 1_800


def _config(directory: Path, port: int) -> Path:
    path = write_config(directory, port, meters=2)
    path.write_text(path.read_text().replace("horizon_slots = 4\n", "").replace("[mqtt]", STAGES + "[mqtt]", 1))
    return path


def _order(number: int, stage: str, step: tuple[Side, int, int], sequence: int) -> Order:
    plain = order(number, TRADED, *step, sequence=sequence)
    return plain.model_copy(update={"stage": stage})


def test_a_slot_is_traded_ahead_and_intraday_and_settled_on_the_whole_position(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_config(tmp_path, port)), Peer(port)
        broker.start()
        try:
            peer.ready()
            _trade(peer)
            assert broker.stop() == 0
            same = command_json("replay", str(tmp_path / "state"), "--json")
            assert isinstance(same, dict)
            assert same["identical"], same["difference"]
            rounds = command_json("rounds", str(tmp_path / "state"), "--last", "1000", "--json")
            assert isinstance(rounds, list)
            assert [(r["stage"], r["volume_wh"]) for r in rounds if r["volume_wh"]] == [
                ("intraday", 200),
                ("day_ahead", 500),
            ]
            assert "Traceback" not in broker.log()
        finally:
            peer.close()
            broker.kill()


def _trade(peer: Peer) -> None:
    peer.advance_to(START_S)
    calendar = peer.expect(Calendar)
    assert isinstance(calendar, Calendar)
    assert [stage.kind.value for stage in calendar.stages] == ["day_ahead", "intraday", "balancing"]
    peer.send(1, _order(1, "intraday", (Side.BUY, 240_000, 500), 1))
    peer.expect(Rejection, "home-1", code="too_early")
    peer.send(1, _order(1, "day_ahead", (Side.BUY, 240_000, 500), 1))
    peer.send(2, _order(2, "day_ahead", (Side.SELL, 160_000, 500), 1))
    peer.expect(Receipt, "home-1", of="order")
    peer.expect(Receipt, "home-2", of="order")
    peer.advance_until(GATE_S)
    clearing = peer.expect(Clearing, slot=TRADED.label, stage="day_ahead")
    assert isinstance(clearing, Clearing)
    assert (clearing.volume_wh, clearing.price_micro_per_kwh) == (500, 200_000)
    peer.expect(Award, "home-1", stage="day_ahead", position_wh=500)
    peer.send(1, _order(1, "intraday", (Side.SELL, 120_000, 200), 2))
    peer.send(2, _order(2, "intraday", (Side.BUY, 120_000, 200), 2))
    peer.expect(Receipt, "home-1", sequence=2)
    peer.expect(Receipt, "home-2", sequence=2)
    peer.advance_until(TRADED.start_s - 300)
    peer.expect(Award, "home-1", stage="intraday", slot=TRADED.label, sold_wh=200, position_wh=300)
    peer.expect(Award, "home-2", stage="intraday", slot=TRADED.label, bought_wh=200, position_wh=-300)
    peer.advance_until(TRADED.end_s)
    peer.send(1, report(1, TRADED, 300, 0))
    peer.send(2, report(2, TRADED, 0, 300))
    first = peer.expect(Settlement, "home-1", slot=TRADED.label)
    second = peer.expect(Settlement, "home-2", slot=TRADED.label)
    assert isinstance(first, Settlement) and isinstance(second, Settlement)
    assert first.total_nano == -second.total_nano == 500 * 200_000 - 200 * 120_000
    assert [line.energy_wh for line in first.lines] == [500, -200]
    peer.send(1, StatusQuery(community=COMMUNITY, meter="home-1", slot=TRADED.label))
    answer = peer.expect(StatusAnswer, "home-1")
    assert isinstance(answer, StatusAnswer)
    assert (answer.stage, answer.position_wh, answer.state.value) == ("intraday", 300, "settled")
