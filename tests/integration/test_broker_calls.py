"""Members stand by and are activated over a real MQTT server, by the operator's commands, up to the settlement."""

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

from wire.messages import (
    Activation,
    Calendar,
    Call,
    FlexAward,
    Receipt,
    ReserveOffer,
    ReserveResult,
    ReserveStep,
    Settlement,
)
from wire.slots import Slot

STAGES = '[[market.stages]]\nkind = "intraday"\n[[market.stages]]\nkind = "ancillary"\ngate_lead_s = 900\n'
CALLED, BEFORE = slot(3), slot(2)


def _config(directory: Path, port: int) -> Path:
    path = write_config(directory, port, meters=2)
    path.write_text(path.read_text().replace("horizon_slots = 4\n", "").replace("[mqtt]", STAGES + "[mqtt]", 1))
    return path


def _offer(number: int, availability: int, activation: int) -> ReserveOffer:
    step = ReserveStep(
        energy_wh=300, availability_price_micro_per_kwh=availability, activation_price_micro_per_kwh=activation
    )
    return ReserveOffer(
        community=COMMUNITY, meter=f"home-{number}", call="now", sequence=1, steps=(step,), sent_at=slot(0).label
    )


def test_a_call_is_made_offered_activated_and_settled_by_commands(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_config(tmp_path, port)), Peer(port)
        broker.start()
        try:
            peer.ready()
            _stand_by(peer, str(tmp_path / "state"))
            assert broker.stop() == 0
            same = command_json("replay", str(tmp_path / "state"), "--json")
            assert isinstance(same, dict)
            assert same["identical"], same["difference"]
            bill = command_json("statement", str(tmp_path / "state"), "--meter", "home-1", "--json")
            assert isinstance(bill, dict)
            own = {s["label"]: int(s["amount_nano"]) for s in bill["items"] if s["item"] == "ancillary"}
            assert own == {"standing by": -2 * 300 * 20_000, "activation": -250 * 200_000}
            assert "Traceback" not in broker.log()
        finally:
            peer.close()
            broker.kill()


def _stand_by(peer: Peer, state: str) -> None:
    peer.advance_to(START_S)
    calendar = peer.expect(Calendar)
    assert isinstance(calendar, Calendar)
    assert [stage.kind.value for stage in calendar.stages] == ["intraday", "ancillary"]
    asked = ["--stage", "ancillary", "--name", "now", "--first-slot", CALLED.label, "--slots", "2"]
    prices = ["--reserve-price-per-kwh", "0.05", "--penalty-per-kwh", "0.1"]
    assert command("call", state, *asked, "--reduce-wh", "500", *prices)[0] == 0
    peer.advance_to(START_S + 1)
    peer.expect(Call, call="now", stage="ancillary", request_wh=500)
    peer.send(1, _offer(1, 10_000, 200_000))
    peer.send(2, _offer(2, 20_000, 300_000))
    peer.expect(Receipt, "home-1", of="reserve_offer", slot=CALLED.label)
    peer.expect(Receipt, "home-2", of="reserve_offer")
    peer.advance_until(BEFORE.start_s)
    peer.expect(FlexAward, "home-1", awarded_wh=300, price_micro_per_kwh=20_000)
    peer.expect(FlexAward, "home-2", awarded_wh=200)
    assert command("activate", state, "--call", "now", "--slot", CALLED.label, "--wh", "250")[0] == 0
    peer.advance_to(BEFORE.start_s + 1)
    peer.expect(Activation, "home-1", slot=CALLED.label, called_wh=250, price_micro_per_kwh=200_000)
    _use(peer, BEFORE, 400, 0)
    _use(peer, CALLED, 100, 400)
    peer.expect(ReserveResult, "home-1", called_wh=250, baseline_wh=400, metered_wh=100, paid_wh=250)
    peer.expect(ReserveResult, "home-2", called_wh=0, amount_nano=-200 * 20_000)
    _use(peer, CALLED.shifted(1), 400, 500)
    peer.expect(ReserveResult, "home-1", slot=CALLED.shifted(1).label, called_wh=0, amount_nano=-300 * 20_000)


def _use(peer: Peer, at: Slot, energy_wh: int, start_wh: int) -> None:
    """home-1 draws some energy in a slot, home-2 nothing; both report and are settled."""
    peer.advance_until(at.end_s)
    peer.send(1, report(1, at, energy_wh, 0, start=start_wh))
    peer.send(2, report(2, at, 0, 0))
    peer.expect(Settlement, "home-1", slot=at.label)
