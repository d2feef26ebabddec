"""The records of the meter's process as the page reads them: what is new is taken once, what is over is let go."""

from collections.abc import Callable
from pathlib import Path

from golden_messages import GOLDEN

from hems.io.edge_store import EdgeStore
from hems.io.market_records import MarketRecords
from wire.codec import encode
from wire.messages import Award, Clearing, Message, Order, Settlement
from wire.slots import parse_utc


def _one(kind: type[Message]) -> Message:
    return next(message for message in GOLDEN if isinstance(message, kind))


CLEARING, SETTLEMENT, ORDER, AWARD = _one(Clearing), _one(Settlement), _one(Order), _one(Award)
assert isinstance(CLEARING, Clearing) and isinstance(SETTLEMENT, Settlement)
assert isinstance(ORDER, Order) and isinstance(AWARD, Award)
SLOT_S = parse_utc(CLEARING.slot)


def _updated(records: MarketRecords, from_s: int = SLOT_S - 3600) -> MarketRecords:
    records.update(month_s=from_s, day_s=from_s)
    return records


def _settle(store: EdgeStore, **changes: object) -> None:
    message = SETTLEMENT.model_copy(update={"slot": CLEARING.slot, **changes})
    kind = message.kind if message.corrects is None else f"correction-{message.log_index}"
    store.add("market", [(message.slot, kind, message.model_dump_json())])


def _filled(path: Path) -> EdgeStore:
    store = EdgeStore(path)
    name = f"{CLEARING.slot}/{CLEARING.stage}/{CLEARING.round}"
    award = AWARD.model_copy(update={"slot": CLEARING.slot, "stage": CLEARING.stage, "round": CLEARING.round})
    order = ORDER.model_copy(update={"slot": CLEARING.slot, "stage": CLEARING.stage})
    store.add("market", [(CLEARING.slot, "clearing", CLEARING.model_dump_json())])
    store.add("market", [(name, "award", award.model_dump_json())])
    store.put("order", order.slot, 1, encode(order))
    store.add("health", [(SLOT_S, "transactive_meter", "market audit: gate: an order is missing")])
    return store


def test_a_round_is_read_with_the_own_order_and_award_and_the_findings(tmp_path: Path) -> None:
    store = _filled(tmp_path / "meter.db")
    records = _updated(MarketRecords(tmp_path / "meter.db"))
    (one,) = records.rounds()
    assert one.volume_kwh == CLEARING.volume_wh / 1000
    assert len(one.asked) + len(one.offered) == len(ORDER.steps)
    assert one.bought_kwh == AWARD.bought_wh / 1000
    assert records.findings == ("gate: an order is missing",) and records.failure == ""
    records.close()
    store.close()


def test_what_is_written_later_is_read_and_told_again_counts_once(tmp_path: Path) -> None:
    store = _filled(tmp_path / "meter.db")
    records = _updated(MarketRecords(tmp_path / "meter.db"))
    number = _updated(records).number
    assert number == _updated(records).number == 1
    for _ in range(2):
        _settle(store)
    assert _updated(records).number == 2
    assert len(records.parts) == 1
    _settle(store, corrects=SETTLEMENT.log_index, log_index=SETTLEMENT.log_index + 7)
    assert len(_updated(records).parts) == 2
    records.close()
    store.close()


def test_what_is_over_is_let_go(tmp_path: Path) -> None:
    store = _filled(tmp_path / "meter.db")
    _settle(store)
    records = _updated(MarketRecords(tmp_path / "meter.db"))
    assert records.rounds() and records.parts
    _updated(records, SLOT_S + 900)
    assert records.rounds() == () and records.parts == {}
    records.close()
    store.close()


def test_no_file_yet_is_no_failure_and_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    missing = _updated(MarketRecords(tmp_path / "meter.db"))
    assert (missing.failure, missing.rounds()) == ("", ())
    (tmp_path / "meter.db").write_bytes(b"no database at all" * 100)
    assert "meter.db" in _updated(missing).failure


def test_a_file_of_another_release_is_left_alone_with_a_remedy(tmp_path: Path) -> None:
    store = _filled(tmp_path / "meter.db")
    store._db.execute("PRAGMA user_version=999")
    records = _updated(MarketRecords(tmp_path / "meter.db"))
    assert "another release" in records.failure and records.rounds() == ()
    store.close()


def test_messages_of_an_earlier_release_are_skipped_and_the_rest_is_read(tmp_path: Path) -> None:
    store = _filled(tmp_path / "meter.db")
    store.add("market", [(CLEARING.slot, "settlement", '{"old": 1}'), (CLEARING.slot, "correction-3", "no json")])
    store.put("order", "2099-01-01T00:00:00Z", 1, b"\xff")
    records = _updated(MarketRecords(tmp_path / "meter.db"))
    assert len(records.rounds()) == 1 and records.parts == {}
    records.close()
    store.close()


def test_reading_never_changes_the_file(tmp_path: Path) -> None:
    _filled(tmp_path / "meter.db").close()
    read: Callable[[], bytes] = (tmp_path / "meter.db").read_bytes
    before = read()
    records = _updated(MarketRecords(tmp_path / "meter.db"))
    records.close()
    assert read() == before
