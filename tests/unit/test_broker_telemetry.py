"""What a broker has recorded and how it fares, as points of telemetry."""

from pathlib import Path

from market_rig import (
    COMMUNITY,
    SECRET,
    START_S,
    TERMS,
    FakePrices,
    enrolled,
    inbound,
    order,
    report,
    slot,
)

from broker.control.service import MarketService
from broker.io.config import BrokerConfig
from broker.io.config_file import load
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.io.telemetry_recorder import BUFFER, BrokerTelemetry
from broker.io.telemetry_sources import broker_sources
from broker.market.events import MarketPaused, MarketResumed
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from telemetry.buffer_source import BufferSource
from telemetry.source import Cursor, Source
from wire.messages import Clearing, Gate, Side
from wire.telemetry import Field, Point, Value, line
from wire.telemetry import community as c
from wire.telemetry.clearings import clearing_point

CONFIG = f"""
community = "{COMMUNITY}"
state_dir = "state"
[tariff]
kind = "constant"
import_price_per_kwh = 0.3
export_price_per_kwh = 0.1
[telemetry]
token_file = "token"
"""
BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 500)
INTAKE: dict[Field, Value] = {c.Intake.queue_frames: 3}


def values(made: Point) -> dict[str, Value]:
    return dict(made.tags) | dict(made.fields)


def config_in(folder: Path) -> BrokerConfig:
    (folder / "broker.toml").write_text(CONFIG)
    return load(folder / "broker.toml")


def traded(folder: Path) -> list[Outgoing]:
    """A slot that two members traded, settled and recorded, with an order that was refused; all that was sent."""
    state = folder / "state"
    state.mkdir()
    journal, records = SqliteJournal(state / "journal.db"), SqliteRecords(state / "records.db")
    service = MarketService(Market(TERMS, SECRET), journal=journal, prices=FakePrices(), recorder=records)
    sent = service.agree([enrolled(1), enrolled(2)], START_S) + service.step(START_S)
    at = slot(2)
    sent += service.handle([inbound(1, order(1, at, BUY)), inbound(2, order(2, at, SELL))], START_S)
    sent += service.handle([inbound(1, order(1, at, (Side.BUY, 900_000, 1), sequence=2))], START_S + 7)
    for number in range(1, 5):
        sent += service.step(slot(number).start_s)
    reports = [inbound(1, report(1, at, (0, 600), (0, 0))), inbound(2, report(2, at, (0, 0), (0, 450)))]
    sent += service.handle(reports, at.end_s + 5) + service.step(at.end_s + 6)
    journal.close()
    records.close()
    return sent


def points_of(sources: list[Source]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for source in sources:
        cursor: Cursor = {}
        while (batch := source.read(cursor, 100)) is not None:
            assert batch.unread == 0
            for made in batch.points:
                found.setdefault(made.measurement.name, []).append(made)
            cursor = batch.cursor
    return found


def test_a_traded_slot_is_told_with_its_clearing_awards_and_money(tmp_path: Path) -> None:
    sent = traded(tmp_path)
    found = points_of(broker_sources(config_in(tmp_path), named=True))
    clearings = [out.message for out in sent if isinstance(out.message, Clearing)]
    assert found["clearing"] == [clearing_point(message) for message in clearings]
    (award,) = [values(p) for p in found["award"] if p.at_s == slot(2).start_s]
    assert (award["reason"], award["awards"], award["bought_wh"], award["sold_wh"]) == ("traded", 2, 500, 500)
    (whole,) = {tuple(values(p).items()) for p in found["settled_slot"] if p.at_s == slot(2).start_s}
    told = dict(whole)
    assert (told["members"], told["import_wh"], told["export_wh"], told["imbalance_wh"]) == (2, 600, 450, 150)
    assert told["tariff_nano"] == 600 * 300_000 - 450 * 100_000
    assert told["saved_nano"] == int(told["tariff_nano"]) - int(told["total_nano"])
    members = {values(p)["meter"]: values(p) for p in found["member_money"] if p.at_s == slot(2).start_s}
    assert sum(int(m["total_nano"]) for m in members.values()) == told["total_nano"]
    assert (members["home-2"]["metered_wh"], members["home-2"]["tariff_nano"]) == (-450, -45_000_000)
    assert all(int(m["saved_nano"]) >= 0 for m in members.values()), "nobody is worse off than alone"
    assert values(found["conditions"][0])["retail_micro_per_kwh"] == 300_000
    assert found["checkpoint"]


def test_a_rejection_is_told_at_the_moment_when_its_message_came(tmp_path: Path) -> None:
    traded(tmp_path)
    (refused,) = points_of(broker_sources(config_in(tmp_path), named=True))["rejection"]
    assert refused.at_s == START_S + 7
    assert values(refused) == {
        "community": COMMUNITY,
        "message": "order",
        "code": "price_out_of_band",
        "rejections": 1,
        "meter": "home-1",
    }


def test_without_members_no_line_names_one(tmp_path: Path) -> None:
    traded(tmp_path)
    recorder = BrokerTelemetry(TERMS, tmp_path / "state")
    market = Market(TERMS, SECRET)
    market.apply(enrolled(1))
    recorder.minute(START_S, market, INTAKE)
    recorder.close()
    named = points_of(broker_sources(config_in(tmp_path), named=True))
    silent = points_of(broker_sources(config_in(tmp_path), named=False))
    assert any("home-" in line(p) for some in named.values() for p in some)
    assert not any("home-" in line(p) for some in silent.values() for p in some)
    assert named.keys() - silent.keys() == {"member_money", "member"}


def recorded(folder: Path) -> dict[str, list[Point]]:
    return points_of([BufferSource(folder / BUFFER)])


def test_a_round_is_told_when_its_awards_leave_and_is_late_after_five_seconds(tmp_path: Path) -> None:
    sent = traded(tmp_path)
    ends = [out for out in sent if isinstance(out.message, Gate | Clearing) and out.message.slot == slot(2).label]
    gate_s = slot(2).start_s - TERMS.gate_lead_s
    recorder = BrokerTelemetry(TERMS, tmp_path)
    recorder.sent(ends, gate_s + 0.25)
    recorder.sent(ends[:1], gate_s)
    recorder.sent(ends[1:], gate_s + 5.5)
    recorder.sent(ends[1:], gate_s + 5.5)
    recorder.close()
    told = [values(p) for p in recorded(tmp_path)["round"]]
    assert [(one["gate_to_award_s"], one["is_late"]) for one in told] == [(0.25, 0), (5.5, 1)], "each once"
    assert told[0]["orders"] == 2


def test_a_pause_is_told_while_it_lasts(tmp_path: Path) -> None:
    market = Market(TERMS, SECRET)
    recorder = BrokerTelemetry(TERMS, tmp_path)
    recorder.minute(START_S, market, INTAKE)
    market.apply(MarketPaused(at_s=START_S + 30, reason="drill", by="root"))
    recorder.minute(START_S + 60, market, INTAKE)
    market.apply(MarketResumed(at_s=START_S + 90, reason="over", by="root"))
    recorder.minute(START_S + 120, market, INTAKE)
    recorder.close()
    assert [values(p)["is_paused"] for p in recorded(tmp_path)["trading"]] == [0, 1, 0]


def test_members_are_silent_after_two_slots_and_a_gateway_speaks_for_its_own(tmp_path: Path) -> None:
    market = Market(TERMS, SECRET)
    market.apply(enrolled(1))
    market.apply(enrolled(2).model_copy(update={"gateway": "gate"}))
    market.apply(enrolled(3))
    market.apply(enrolled(4, suspended=True))
    recorder = BrokerTelemetry(TERMS, tmp_path)
    recorder.minute(START_S, market, INTAKE)
    recorder.heard("home-1", START_S + 1_700)
    recorder.heard("gate", START_S + 1_700)
    recorder.minute(START_S + 1_860, market, INTAKE)
    recorder.minute(START_S + 1_870, market, INTAKE)
    recorder.close()
    found = recorded(tmp_path)
    counts = [(values(p)["enrolled"], values(p)["seen"], values(p)["silent"]) for p in found["members"]]
    assert counts == [(3, 3, 0), (3, 2, 1)], "a minute has not passed the third time"
    assert values(found["members"][0])["suspended"] == 1
    silent = {values(p)["meter"]: values(p)["is_silent"] for p in found["member"] if p.at_s > START_S}
    assert silent == {"home-1": 0, "home-2": 0, "home-3": 1}
    assert [values(p)["sum_nano"] for p in found["ledger"]] == [0, 0]
    assert values(found["intake"][0])["queue_frames"] == 3
    assert values(found["intake"][1])["received"] == 2
