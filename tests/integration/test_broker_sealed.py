"""A sealed round on a real MQTT server with a real broker process, and its archive verified by the command line."""

from pathlib import Path

from broker_rig import COMMUNITY, START_S, BrokerChild, Peer, command, mosquitto, order, slot, write_config

from wire.commitments import RoundName, shown_order
from wire.messages import Award, Checkpoint, Clearing, Gate, Order, Receipt, Reveal, SealedOrder, Side

SALT = "5a" * 32
GATE_S = slot(1).start_s - 60


def sealed(hidden: Order) -> SealedOrder:
    shown = shown_order(
        hidden.steps,
        pseudonym="0" * 16,
        sequence=hidden.sequence,
        salt=SALT,
        of=RoundName(COMMUNITY, hidden.stage, hidden.slot, 0),
    )
    return SealedOrder(
        community=COMMUNITY,
        meter=hidden.meter,
        stage=hidden.stage,
        slot=hidden.slot,
        round=0,
        sequence=hidden.sequence,
        commitment=shown.commitment,
        sent_at=hidden.sent_at,
    )


def reveal(hidden: Order) -> Reveal:
    return Reveal(
        community=COMMUNITY,
        meter=hidden.meter,
        stage=hidden.stage,
        slot=hidden.slot,
        round=0,
        sequence=hidden.sequence,
        salt=SALT,
        steps=hidden.steps,
    )


def test_a_sealed_round_trades_what_was_revealed_and_anyone_can_check_it(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        config = write_config(tmp_path, port, meters=3)
        config.write_text(config.read_text().replace("[market]\n", "[market]\nsealed = true\nreveal_within_s = 20\n"))
        broker, peer = BrokerChild(config), Peer(port)
        try:
            broker.start()
            peer.ready()
            peer.advance_to(START_S)
            hidden = {
                1: order(1, slot(1), Side.BUY, 240_000, 500),
                2: order(2, slot(1), Side.SELL, 160_000, 500),
                3: order(3, slot(1), Side.SELL, 150_000, 500),
            }
            for number, message in hidden.items():
                peer.send(number, sealed(message))
                peer.expect(Receipt, f"home-{number}", of="sealed")
            peer.advance_to(GATE_S)
            gate = peer.expect(Gate, slot=slot(1).label, orders=3)
            assert isinstance(gate, Gate)
            for number in (1, 2):
                peer.send(number, reveal(hidden[number]))
                peer.expect(Receipt, f"home-{number}", of="reveal")
            peer.advance_to(GATE_S + 20)
            peer.expect(Clearing, slot=slot(1).label, volume_wh=500, orders=3, unrevealed=1, orders_root=gate.root)
            peer.expect(Award, "home-2", sold_wh=500)
            peer.expect(Award, "home-3", reason="unrevealed")
            peer.expect(Checkpoint, slot=slot(1).label)
            assert broker.stop() == 0
        finally:
            peer.close()
            broker.kill()
    status, archive, _ = command("export", str(tmp_path / "state"))
    assert status == 0
    assert SALT in archive
    (tmp_path / "published.txt").write_text(archive)
    status, said, _ = command("verify", str(tmp_path / "published.txt"), "--members", "3")
    assert status == 0, said
    assert "nothing found" in said
