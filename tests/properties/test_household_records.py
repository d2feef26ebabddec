"""Household records: what is malformed, forged or replayed is named and has no effect; halves stand alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bulk_rig import LATER, OrderHalf, ReportHalf, Sent, batch_of, bulk, roll
from hypothesis import given, settings
from hypothesis import strategies as st
from test_market_fold import COMMUNITY, KEYS, SLOT

from broker.bulk.held import turns
from broker.bulk.intake import Taken, take
from broker.bulk.slot import BulkSlot
from wire.batch import AWARD, BILL, HOUSEHOLD, Batch, BatchError, decode_batch, encode_batch
from wire.household import half_digests, signed
from wire.messages import Side
from wire.reasons import Reason

STEPS = ((Side.BUY, 200_000, 100),)
BOTH = Sent("home-1", OrderHalf(1, STEPS), ReportHalf(1, 300, 50, False))
HEADER = 49


def pair() -> dict[int, BulkSlot]:
    """A slot that was delivered, and one that is traded."""
    delivered, traded = bulk(SLOT), bulk(LATER)
    delivered.clear()
    return {SLOT.start_s: delivered, LATER.start_s: traded}


def into(slots: dict[int, BulkSlot], batch: Batch) -> Taken:
    return take(batch, COMMUNITY, roll(), slots)


def result(slots: dict[int, BulkSlot]) -> tuple[bytes, bytes]:
    """All awards of the traded slot and all bills of the delivered one."""
    awards, (bills, _) = slots[LATER.start_s].clear()[1], slots[SLOT.start_s].settle()
    return awards.batch.records.tobytes(), bills.batch.records.tobytes()


def changed(half: str, cells: dict[str, Any]) -> Batch:
    """The record with both halves, some cells of one changed by its own meter."""
    records = batch_of([BOTH], LATER).records.copy()
    for name, value in cells.items():
        (records[half] if half else records)[name][0] = value
    batch = Batch(kind="household", stage="intraday", slot_s=LATER.start_s, records=records)
    return signed(batch, COMMUNITY, [KEYS["home-1"]])


ORDERS_REFUSED = [
    ({"sequence": 0}, Reason.MALFORMED),
    ({"steps": 5}, Reason.MALFORMED),
    ({"side": [2, 0, 0, 0]}, Reason.MALFORMED),
    ({"energy": [0, 0, 0, 0]}, Reason.MALFORMED),
    ({"energy": [100, 1, 0, 0]}, Reason.MALFORMED),
    ({"steps": 4, "price": [100_000] * 4, "energy": [1] * 4}, Reason.TOO_MANY_STEPS),
    ({"price": [300_001, 0, 0, 0]}, Reason.PRICE_OUT_OF_BAND),
    ({"steps": 2, "price": [150_000, 200_000, 0, 0], "energy": [1, 1, 0, 0]}, Reason.NOT_MONOTONE),
    (
        {"steps": 2, "side": [0, 1, 0, 0], "price": [200_000, 200_000, 0, 0], "energy": [1, 1, 0, 0]},
        Reason.SELF_CROSSING,
    ),
    ({"energy": [2_751, 0, 0, 0]}, Reason.OVER_NAMEPLATE),
]
REPORTS_REFUSED = [
    ({"sequence": 0}, Reason.MALFORMED),
    ({"estimated": 2}, Reason.MALFORMED),
    ({"import_to": 2**64 - 1}, Reason.MALFORMED),
    ({"import_from": 301}, Reason.REGISTER_WENT_BACK),
    ({"export_to": 3_026}, Reason.OVER_NAMEPLATE),
    ({"slot": SLOT.start_s - 900}, Reason.FOREIGN_SLOT),
    ({"slot": SLOT.start_s + 1}, Reason.FOREIGN_SLOT),
    ({"slot": LATER.start_s}, Reason.SLOT_NOT_OVER),
]


@pytest.mark.parametrize(("cells", "reason"), ORDERS_REFUSED, ids=lambda item: str(item)[:40])
def test_an_order_that_does_not_hold_is_refused_and_the_report_counts(cells: dict[str, Any], reason: Reason) -> None:
    slots, alone = pair(), pair()
    taken = into(slots, changed("order", cells))
    assert (taken.orders.reasons, taken.reports.reasons) == ([reason], [None])
    into(alone, batch_of([BOTH._replace(order=None)], LATER))
    assert result(slots) == result(alone)


@pytest.mark.parametrize(("cells", "reason"), REPORTS_REFUSED, ids=lambda item: str(item)[:40])
def test_a_report_that_does_not_hold_is_refused_and_the_order_counts(cells: dict[str, Any], reason: Reason) -> None:
    slots, alone = pair(), pair()
    taken = into(slots, changed("report", cells))
    assert (taken.orders.reasons, taken.reports.reasons) == ([None], [reason])
    into(alone, batch_of([BOTH._replace(report=None)], LATER))
    assert result(slots) == result(alone)


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (changed("", {"meter": b"home-99"}), Reason.UNKNOWN_METER),
        (changed("", {"meter": b"Home 1"}), Reason.UNKNOWN_METER),
        (changed("", {"meter": b"home-2"}), Reason.BAD_SIGNATURE),
        (batch_of([BOTH._replace(order=None, report=None)], LATER), Reason.MALFORMED),
    ],
)
def test_a_record_of_nobody_or_of_nothing_has_no_effect(batch: Batch, reason: Reason) -> None:
    slots = pair()
    taken = into(slots, batch)
    assert (taken.orders.reasons, taken.reports.reasons) == ([reason], [reason])
    assert result(slots) == result(pair())


@settings(max_examples=60)
@given(st.integers(HEADER, HEADER + HOUSEHOLD.itemsize - 1), st.integers(1, 255))
def test_a_record_that_the_gateway_changed_anywhere_has_no_effect(at: int, mask: int) -> None:
    frame = bytearray(encode_batch(batch_of([BOTH], LATER)))
    frame[at] ^= mask
    slots = pair()
    taken = into(slots, decode_batch(bytes(frame)))
    assert taken.orders.reasons[0] == taken.reports.reasons[0]
    assert taken.orders.reasons[0] in (Reason.BAD_SIGNATURE, Reason.UNKNOWN_METER)
    assert result(slots) == result(pair())


@pytest.mark.parametrize("context", [{"slot_s": SLOT.start_s}, {"stage": "other"}])
def test_a_record_counts_in_the_context_that_it_was_signed_for_only(context: dict[str, Any]) -> None:
    batch = batch_of([BOTH], LATER)
    moved = Batch(
        **{"kind": batch.kind, "stage": batch.stage, "slot_s": batch.slot_s, "records": batch.records} | context
    )
    slots = pair()
    assert into(slots, moved).orders.reasons == [Reason.BAD_SIGNATURE]
    assert result(slots) == result(pair())


def test_a_record_of_another_community_is_refused() -> None:
    assert take(batch_of([BOTH], LATER), "oak", roll(), pair()).reports.reasons == [Reason.BAD_SIGNATURE]


def test_a_record_that_comes_again_changes_nothing() -> None:
    """The same record late, twice, or behind a newer one."""
    newer = BOTH._replace(order=OrderHalf(2, ((Side.SELL, 150_000, 70),)), report=None)
    slots, once = pair(), pair()
    into(once, batch_of([BOTH, newer], LATER))
    first = batch_of([BOTH], LATER)
    assert into(slots, first).orders.reasons == [None]
    assert into(slots, first).orders.reasons == [None]
    assert into(slots, batch_of([newer], LATER)).orders.reasons == [None]
    again = into(slots, first)
    assert (again.orders.reasons, again.reports.reasons) == ([Reason.STALE_SEQUENCE], [None])
    assert result(slots) == result(once)
    late = into(slots, first)
    assert (late.orders.reasons, late.reports.reasons) == ([Reason.GATE_CLOSED], [None])


def test_a_meter_that_sends_too_many_orders_is_told_so() -> None:
    slots = pair()
    sent = [BOTH._replace(order=OrderHalf(k, STEPS), report=None) for k in range(1, 6)]
    reasons = into(slots, batch_of(sent, LATER)).orders.reasons
    assert reasons == [None] * 3 + [Reason.QUOTA_EXCEEDED] * 2


def test_a_stranger_in_the_batch_does_not_hold_up_its_neighbours() -> None:
    slots, alone = pair(), pair()
    batch = batch_of([BOTH, BOTH._replace(meter="home-2")], LATER)
    batch.records["signature"][1] = np.void(bytes(64))
    taken = into(slots, batch)
    assert taken.orders.reasons == taken.reports.reasons == [None, Reason.BAD_SIGNATURE]
    into(alone, batch_of([BOTH], LATER))
    assert result(slots) == result(alone)


@given(st.lists(st.integers(0, 5), max_size=30), st.data())
def test_turns_hold_every_row_once_and_no_place_twice(places: list[int], data: st.DataObject) -> None:
    rows = np.array(sorted(data.draw(st.sets(st.sampled_from(range(len(places))))) if places else []), dtype=np.int64)
    given_places = np.array(places, dtype=np.int64)
    found = [turn.tolist() for turn in turns(rows, given_places)]
    assert sorted(row for turn in found for row in turn) == rows.tolist()
    for turn in found:
        assert len({places[row] for row in turn}) == len(turn)
    for place in range(6):
        mine = [row for turn in found for row in turn if places[row] == place]
        assert mine == sorted(mine)


def test_a_digest_names_a_half_of_one_meter_in_one_context() -> None:
    found = half_digests(batch_of([BOTH, BOTH._replace(report=None), BOTH._replace(meter="home-2")], LATER))
    assert found.orders[0] == found.orders[1] != found.orders[2]
    assert len({*found.reports, found.orders[0], *half_digests(batch_of([BOTH], SLOT)).reports}) == 5


FRAME = encode_batch(batch_of([BOTH], LATER))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "HGB1"),
        (b"HGB1" + bytes(45), "kind 0"),
        (FRAME[:4] + b"\x04" + FRAME[5:], "kind 4"),
        (b"HGB2" + FRAME[4:], "HGB1"),
        (FRAME[:-1], "bytes"),
        (FRAME + b"x", "bytes"),
        (FRAME[:5] + bytes(32) + FRAME[37:], "stage"),
    ],
)
def test_a_frame_that_is_no_batch_says_why(frame: bytes, words: str) -> None:
    with pytest.raises(BatchError, match=words):
        decode_batch(frame)


def test_a_batch_of_awards_is_not_taken() -> None:
    batch = Batch(kind="award", stage="intraday", slot_s=LATER.start_s, records=np.zeros(1, dtype=AWARD))
    with pytest.raises(BatchError, match="households"):
        into(pair(), batch)


@given(st.binary(max_size=500))
def test_any_bytes_are_a_batch_or_a_batch_error(data: bytes) -> None:
    """What is not signed by a member never counts; what is no batch says so."""
    for frame in (
        data,
        b"HGB1" + data,
        FRAME[:HEADER] + data,
        FRAME[:HEADER] + data.ljust(HOUSEHOLD.itemsize, b"\0"),
    ):
        slots = pair()
        try:
            taken = into(slots, decode_batch(frame))
        except BatchError:
            continue
        assert None not in taken.orders.reasons
        assert result(slots) == result(pair())


def test_the_documented_layout_is_that_of_the_record() -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol" / "batches.md").read_text("utf-8")
    told = re.findall(r"^\| `([a-z_.]+)` \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    assert [(name, int(offset), int(size)) for name, offset, size in told] == list(layout(HOUSEHOLD))
    assert f"## Household record, {HOUSEHOLD.itemsize} bytes" in text
    assert f"{AWARD.itemsize} and {BILL.itemsize} bytes" in text


def layout(dtype: np.dtype[Any], prefix: str = "", start: int = 0) -> Iterator[tuple[str, int, int]]:
    """(name, offset, size) of every field."""
    assert dtype.fields is not None
    for name, (inner, offset, *_) in dtype.fields.items():
        if inner.fields is None:
            yield prefix + name, start + offset, inner.itemsize
        else:
            yield from layout(inner, f"{prefix}{name}.", start + offset)
