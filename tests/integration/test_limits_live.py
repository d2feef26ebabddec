"""A network operator's file changes while the broker runs: each gate closes with what the file says then."""

from pathlib import Path

from broker_rig import START_S, BrokerChild, Peer, command_json, mosquitto, order, write_config

from wire.messages import Award, DayRules, Receipt, Side
from wire.slots import Slot, format_utc

HEADER = "start_utc,end_utc,meter,export_limit_w,import_limit_w\n"
NETWORK = """
[network]
envelopes = [{meter = "home-2", export_limit_w = 1600}]
envelopes_file = "envelopes.csv"
"""


def slot(number: int) -> Slot:
    return Slot(START_S + 900 * number, 15)


def written(folder: Path, *limits: tuple[int, int]) -> None:
    """The file with export limits [W] of home-2, put in its place as a whole."""
    rows = [f"{format_utc(slot(n).start_s)},{format_utc(slot(n).end_s)},home-2,{watts},\n" for n, watts in limits]
    fresh = folder / "envelopes.new"
    fresh.write_text(HEADER + "".join(rows))
    fresh.replace(folder / "envelopes.csv")


def config(folder: Path, port: int) -> Path:
    path = write_config(folder, port, meters=2)
    text = path.read_text().replace("group_min = 2", 'group_min = 2\nmechanism = "operating_envelope"')
    path.write_text(text + NETWORK)
    return path


def test_each_gate_closes_with_what_the_file_says_then(tmp_path: Path) -> None:
    written(tmp_path, (1, 800))
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(config(tmp_path, port)), Peer(port)
        broker.start()
        try:
            peer.ready()
            peer.advance_to(START_S)
            for number in (1, 2, 3):
                peer.send(1, order(1, slot(number), Side.BUY, 240_000, 500))
                peer.send(2, order(2, slot(number), Side.SELL, 160_000, 500))
                peer.expect(Receipt, "home-1", of="order")
                peer.expect(Receipt, "home-2", of="order")
            assert sold_at_gate(peer, 1) == 200
            written(tmp_path, (1, 800), (2, 40))
            assert sold_at_gate(peer, 2) == 10
            (tmp_path / "envelopes.csv").write_text("rubbish")
            assert sold_at_gate(peer, 3) == 400  # the file said nothing of it: the fixed limit
            rules = peer.expect(DayRules, revision=3)
            assert isinstance(rules, DayRules)
            assert [row.export_limit_w for row in rules.members] == [40]
            assert broker.stop() == 0
            same = command_json("replay", str(tmp_path / "state"), "--json")
            assert isinstance(same, dict)
            assert same["identical"], same["difference"]
            assert "envelopes.csv: no column start_utc" in broker.log()
            assert "Traceback" not in broker.log()
        finally:
            peer.close()
            broker.kill()


def sold_at_gate(peer: Peer, number: int) -> int:
    peer.advance_until(slot(number).start_s - 60)
    award = peer.expect(Award, "home-2", slot=slot(number).label)
    assert isinstance(award, Award)
    return award.sold_wh
