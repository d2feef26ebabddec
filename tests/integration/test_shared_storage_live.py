"""A storage that members share, over a real MQTT server: auctioned, charged, traded around, settled, replayed."""

import re
from pathlib import Path

from broker_rig import (
    COMMUNITY,
    START_S,
    BrokerChild,
    Peer,
    command,
    command_json,
    mosquitto,
    report,
    slot,
    write_config,
)
from test_operator_page import get, served

from wire.messages import (
    Calendar,
    CurveStep,
    Receipt,
    Rejection,
    Settlement,
    StorageBid,
    StorageFlow,
    StorageGrant,
    StorageRequest,
    StorageRules,
    StorageShare,
)
from wire.slots import format_utc

STORE, FIRST = 3, slot(2)
STAGES = """[[market.stages]]
kind = "intraday"
[[market.stages]]
kind = "storage"
gate_lead_s = 300
"""
STORAGE = f"""[storage]
meter = "home-{STORE}"
capacity_kwh = 8
charge_kw = 4
discharge_kw = 4
charge_efficiency = 0.9
period_days = 1
first_period = {FIRST.label}
allocation_lead_s = 600
reserve_price_per_kwh = 0.1
"""


def _config(directory: Path, port: int) -> Path:
    path = write_config(directory, port, meters=3)
    text = path.read_text().replace("horizon_slots = 4\n", "")
    path.write_text(text.replace("[mqtt]", STAGES + STORAGE + "[page]\nport = 0\n[mqtt]", 1))
    return path


def _bid(number: int, price: int, energy_wh: int) -> StorageBid:
    return StorageBid(
        community=COMMUNITY,
        meter=f"home-{number}",
        period=FIRST.label,
        sequence=1,
        steps=(CurveStep(price_micro_per_kwh=price, energy_wh=energy_wh),),
        request_wh=None,
        sent_at=format_utc(START_S),
    )


def test_a_storage_is_shared_used_and_settled_and_its_journal_replays(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_config(tmp_path, port)), Peer(port)
        broker.start()
        try:
            peer.ready()
            _share(peer)
            broker.kill()
            broker.start()
            peer.ready()
            _use(peer)
            assert broker.stop() == 0
            state = str(tmp_path / "state")
            same = command_json("replay", state, "--json")
            assert isinstance(same, dict)
            assert same["identical"], same["difference"]
            bill = command_json("statement", state, "--meter", "home-1", "--json")
            assert isinstance(bill, dict)
            own = {s["label"]: int(s["amount_nano"]) for s in bill["items"] if s["item"] == "storage"}
            assert own["share of the storage"] == 6_000 * 200_000
            now = command_json("storage", state, "--json")
            assert isinstance(now, dict)
            accounts = {row["meter"]: (row["share_wh"], row["level_wh"]) for row in now["accounts"]}
            assert accounts == {"home-1": (6_000, 900), "home-2": (2_000, 0)} and now["charge_wh"] == 900
            assert "home-1" in command("storage", state)[1]
            with served(tmp_path) as address:
                status, page = get(address, "/")
            assert status == 200 and 'href="#storage"' in page
            assert re.search(r'<th scope="row">home-1</th><td>6.00.kWh</td><td>0.90.kWh</td>', page)
            archive = tmp_path / "published.txt"
            archive.write_text(command("export", state, "--meter", "home-1", "--settlements")[1])
            code, said = command("verify", str(archive))[:2]
            assert code == 0, said
            assert "Traceback" not in broker.log()
        finally:
            peer.close()
            broker.kill()


def _share(peer: Peer) -> None:
    """6 and 4 kWh are bid for, 8 are there: the price is the best bid that is not filled."""
    peer.advance_to(START_S)
    calendar = peer.expect(Calendar)
    assert isinstance(calendar, Calendar)
    assert [stage.kind.value for stage in calendar.stages] == ["intraday", "storage"]
    peer.expect(StorageRules, storage_meter="home-3", capacity_wh=8_000)
    peer.send(1, _bid(1, 500_000, 6_000))
    peer.send(2, _bid(2, 200_000, 4_000))
    peer.send(STORE, _bid(STORE, 500_000, 1))
    peer.expect(Receipt, "home-1", of="storage_bid", slot=FIRST.label)
    peer.expect(Receipt, "home-2", of="storage_bid")
    peer.expect(Rejection, "home-3", of="storage_bid")
    peer.advance_until(FIRST.start_s - 600)
    peer.expect(StorageShare, "home-1", share_wh=6_000, price_micro_per_kwh=200_000)
    peer.expect(StorageShare, "home-2", share_wh=2_000)


def _use(peer: Peer) -> None:
    wish = StorageRequest(
        community=COMMUNITY,
        meter="home-1",
        slot=FIRST.label,
        sequence=1,
        energy_wh=2_000,
        sent_at=format_utc(START_S),
    )
    peer.send(1, wish)
    peer.expect(Receipt, "home-1", of="storage_request", slot=FIRST.label)
    peer.advance_until(FIRST.start_s - 300)
    peer.expect(StorageGrant, "home-1", slot=FIRST.label, granted_wh=1_000, level_wh=900, share_wh=6_000)
    peer.expect(StorageFlow, "home-3", slot=FIRST.label, flow_wh=1_000, charge_wh=900)
    peer.advance_until(FIRST.end_s)
    peer.send(1, report(1, FIRST, 0, 1_000))
    peer.send(2, report(2, FIRST, 0, 0))
    peer.send(STORE, report(STORE, FIRST, 1_000, 0))
    bill = peer.expect(Settlement, "home-1", slot=FIRST.label)
    assert isinstance(bill, Settlement)
    assert bill.total_nano == 6_000 * 200_000
