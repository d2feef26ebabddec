"""A reading that comes a day late, over a real MQTT server: corrected, replayable, and on the statement."""

from pathlib import Path

from broker_rig import (
    START_S,
    BrokerChild,
    Peer,
    command,
    command_json,
    mosquitto,
    order,
    report,
    slot,
    write_config,
)

from wire.messages import Checkpoint, Receipt, Rejection, Settlement, Side

EXAMPLE = Path(__file__).parents[2] / "examples" / "regulation" / "austria-2025-local-community.toml"
EXTRA = f'[settlement]\npenalty_micro_per_kwh = 50000\n[regulation]\nfile = "{EXAMPLE}"'


def test_a_late_reading_is_settled_by_differences_and_the_statement_shows_it(tmp_path: Path) -> None:
    traded, state = slot(1), tmp_path / "state"
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(write_config(tmp_path, port, meters=2, extra=EXTRA)), Peer(port)
        try:
            broker.start()
            peer.ready()
            peer.advance_to(START_S)
            peer.send(1, order(1, traded, Side.BUY, 240_000, 500))
            peer.send(2, order(2, traded, Side.SELL, 160_000, 500))
            peer.expect(Receipt, "home-1", of="order")
            peer.expect(Receipt, "home-2", of="order")
            peer.advance_until(traded.end_s)
            peer.send(2, report(2, traded, 0, 500))
            peer.advance_until(traded.end_s + 900)
            first = peer.expect(Settlement, "home-1", slot=traded.label)
            assert isinstance(first, Settlement)
            assert (first.quality, first.metered_wh, first.corrects) == ("estimated", 500, None)
            peer.advance_until(traded.end_s + 86_400)
            broker.kill()
            broker.start()
            peer.await_answer(broker)
            peer.settle()
            peer.send(1, report(1, traded, 700, 0))
            peer.expect(Receipt, "home-1", of="report", slot=traded.label)
            # home-2 has reported too: nobody is missing, so the correction waits for nothing.
            peer.advance_until(traded.end_s + 86_400 + 1)
            second = peer.expect(Settlement, "home-1", slot=traded.label, corrects=first.log_index)
            assert isinstance(second, Settlement)
            assert (second.quality, second.metered_wh) == ("measured", 700)
            # By hand, 200 Wh more from outside [micro EUR]: energy 200 x 0.30 = 60000, network use 200 x 0.0714 =
            # 14280, losses 200 x 0.0057 = 1140, contribution 200 x 0.00796 = 1592, duty 200 x 0.015 = 3000; VAT 20 %
            # of these 80012 = 16002.4; penalty 200 x 0.05 = 10000, without VAT.
            assert (
                second.total_nano == 60_000_000 + 14_280_000 + 1_140_000 + 1_592_000 + 3_000_000 + 16_002_400 + 10**7
            )
            peer.expect(Checkpoint, slot=traded.label)
            late_s = traded.end_s + 3 * 86_400 + 1
            peer.advance_to(late_s)  # in one leap, as after a long sleep of the machine
            again = report(1, traded, 701, 0).model_copy(update={"sequence": 2, "replaces": "misread"})
            peer.send(1, again)
            peer.expect(Rejection, "home-1", code="already_settled")
            assert broker.stop() == 0
        finally:
            peer.close()
            broker.kill()
    same = command_json("replay", str(state), "--json")
    assert isinstance(same, dict)
    assert same["identical"]
    found = command_json("statement", str(state), "--meter", "home-1", "--json")
    assert isinstance(found, dict)
    assert traded.label in found["corrected"]
    of_slot = [int(line["amount_nano"]) for line in found["lines"] if line["slot"] == traded.label]
    assert sum(of_slot) == first.total_nano + second.total_nano
    status, page, _ = command("statement", str(state), "--meter", "home-1", "--html")
    assert (status, "Corrected slots" in page) == (0, True)
    assert "Traceback" not in broker.log()
