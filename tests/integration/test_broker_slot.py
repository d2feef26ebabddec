"""A slot from order to statement over a real MQTT server on a driven clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from broker_rig import (
    COMMUNITY,
    SLOT_S,
    START_S,
    BrokerChild,
    Peer,
    command,
    command_json,
    meter_key,
    mosquitto,
    order,
    report,
    slot,
    write_config,
)

from broker.io.state_dir import StateDir
from wire.codec import encode
from wire.messages import (
    Award,
    Calendar,
    Checkpoint,
    Clearing,
    Conditions,
    PlanNotice,
    Receipt,
    Rejection,
    ServiceStatus,
    Settlement,
    Side,
    StatusAnswer,
    StatusQuery,
)
from wire.messages import Path as PathMessage
from wire.signing import seal
from wire.topics import topic


@pytest.fixture
def community(tmp_path: Path) -> Iterator[tuple[Peer, BrokerChild, Path]]:
    with mosquitto(tmp_path) as port:
        broker = BrokerChild(write_config(tmp_path, port, meters=2))
        peer = Peer(port)
        broker.start()
        try:
            peer.ready()
            yield peer, broker, tmp_path / "state"
        finally:
            peer.close()
            broker.kill()


def test_a_slot_goes_from_orders_to_statements_and_replays_identically(
    community: tuple[Peer, BrokerChild, Path],
) -> None:
    peer, broker, state = community
    peer.advance_to(START_S)
    calendar = peer.expect(Calendar)
    assert isinstance(calendar, Calendar)
    assert calendar.broker_key == StateDir(state).read_key().public_hex
    peer.expect(Conditions)
    traded = slot(1)
    peer.send(1, order(1, traded, Side.BUY, 240_000, 500))
    peer.send(2, order(2, traded, Side.SELL, 160_000, 300))
    peer.expect(Receipt, "home-1", of="order")
    peer.expect(Receipt, "home-2", of="order")
    peer.advance_until(traded.start_s)
    # The broker answers an instant after the server has all of its messages, so they are here without waiting.
    clearing = peer.expect(Clearing, slot=traded.label, wait_s=0.01)
    assert isinstance(clearing, Clearing)
    assert (clearing.volume_wh, clearing.price_micro_per_kwh) == (300, 240_000)
    assert peer.expect(Award, "home-1", slot=traded.label, bought_wh=300)
    assert peer.expect(Award, "home-2", slot=traded.label, sold_wh=300)
    peer.advance_until(traded.end_s)
    peer.send(1, report(1, traded, 600, 0))
    peer.send(2, report(2, traded, 0, 250))
    first = peer.expect(Settlement, "home-1", slot=traded.label)
    second = peer.expect(Settlement, "home-2", slot=traded.label)
    assert isinstance(first, Settlement)
    assert isinstance(second, Settlement)
    # 300 Wh at 0.24 plus 300 Wh more than awarded at the retail price of 0.30; the seller is 50 Wh short.
    assert first.total_nano == 300 * 240_000 + 300 * 300_000
    assert second.total_nano == -300 * 240_000 + 50 * 300_000
    peer.expect(Checkpoint, slot=traded.label)
    peer.send(1, StatusQuery(community=COMMUNITY, meter="home-1", slot=traded.label))
    answer = peer.expect(StatusAnswer, "home-1")
    assert isinstance(answer, StatusAnswer)
    assert (answer.state, answer.order_sequence, answer.report_sequence) == ("settled", 1, 1)
    assert broker.stop() == 0
    peer.expect(ServiceStatus, state="offline")
    same = command_json("replay", str(state), "--json")
    assert isinstance(same, dict)
    assert same["identical"]
    statement = command_json("statement", str(state), "--meter", "home-1", "--json")
    assert isinstance(statement, dict)
    assert statement["total_nano"] == str(first.total_nano)
    assert "Traceback" not in broker.log()


def test_the_path_follows_every_plan_without_waiting_for_an_instant(
    community: tuple[Peer, BrokerChild, Path],
) -> None:
    peer, _, _ = community
    peer.advance_to(START_S)
    for number, energy_wh in ((1, 400), (2, -150)):
        plan = PlanNotice(
            community=COMMUNITY, meter=f"home-{number}", round=1, first_slot=slot(0).label, net_wh=(energy_wh, 10)
        )
        peer.send(number, plan)
    path = peer.expect(PathMessage)
    assert isinstance(path, PathMessage)
    assert path.net_wh[:3] == (250, 20, 0)


def test_frames_that_do_not_hold_are_answered_and_nothing_breaks(community: tuple[Peer, BrokerChild, Path]) -> None:
    peer, broker, _ = community
    peer.advance_to(START_S)
    good = encode(order(1, slot(1), Side.BUY, 240_000, 500))
    where = topic("order", COMMUNITY, "home-1")
    peer.raw(where, b"junk")
    peer.expect(Rejection, "home-1", code="bad_frame")
    peer.raw(where, seal(meter_key(2), "order", COMMUNITY, good))
    peer.expect(Rejection, "home-1", code="bad_signature")
    peer.raw(where, b"x" * 20_000)
    peer.expect(Rejection, "home-1", code="oversized")
    peer.raw(where, seal(meter_key(1), "order", COMMUNITY, b'{"v":"\\ud800"}'))
    peer.expect(Rejection, "home-1", code="unknown_version")
    peer.raw(f"hearthgrid/v1/{COMMUNITY}/meter/NOT AN ID/order", b"junk")
    peer.raw(f"hearthgrid/v1/{COMMUNITY}/meter/home-1/plan", b"junk")
    peer.expect(Rejection, "home-1", of="plan")
    peer.send(1, order(1, slot(1), Side.BUY, 240_000, 500))
    peer.expect(Receipt, "home-1")
    peer.advance_to(START_S + SLOT_S)
    assert broker.poll() is None


def test_a_second_broker_on_the_same_state_is_refused_with_a_remedy(
    community: tuple[Peer, BrokerChild, Path],
) -> None:
    _, _, state = community
    status, _, err = command("run", "--config", str(state.parent / "broker.toml"))
    assert status == 1
    assert "in use by another broker" in err
    assert "Traceback" not in err
