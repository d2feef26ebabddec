"""Household records through a gateway do to the market what single messages do: same answers, awards, settlements."""

import base64

import numpy as np
import pytest
from bulk_rig import LATER, OrderHalf, ReportHalf, Sent, Singles, batch_of
from hypothesis import given, settings
from test_bulk_slot import ROUND
from test_market_fold import KEYS, SLOT, START_S

from broker.market.events import BatchReceived, Enrolled, decode_event, encode_event
from wire.batch import AWARD, Batch, encode_batch
from wire.household import half_digests
from wire.messages import Receipt, Rejection, Side
from wire.reasons import Reason
from wire.slots import Slot

GATEWAY = "block-7"
BOTH = Sent("home-1", OrderHalf(1, ((Side.BUY, 200_000, 100),)), ReportHalf(1, 300, 50, False))
ORDER = BOTH._replace(report=None)


@settings(max_examples=20)
@given(ROUND, ROUND)
def test_a_batch_does_what_its_halves_do_one_by_one(before: list[Sent], after: list[Sent]) -> None:
    singles, batched = Singles(), Singles(GATEWAY)
    for sent, at_s, traded in ((before, START_S, SLOT), (after, SLOT.end_s, LATER)):
        wanted = [reason for item in sent for reason in one_by_one(singles, item, traded, at_s)]
        assert batched.batch(batch_of(sent, traded), at_s) == wanted
        for market in (singles, batched):
            market.clear(traded)
            if traded is SLOT:
                market.deliver(SLOT)
    for market in (singles, batched):
        market.settle(SLOT)
    assert (batched.awards, batched.settled) == (singles.awards, singles.settled)
    assert batched.market.publisher.checkpoint == singles.market.publisher.checkpoint
    assert batched.market.totals == singles.market.totals


def one_by_one(singles: Singles, item: Sent, traded: Slot, at_s: int) -> list[Reason | None]:
    """The reasons for the report and the order of a record; a forged record has one answer."""
    report, order = singles.report(item, SLOT, at_s), singles.order(item, traded, at_s)
    if item.is_forged:
        return [Reason.BAD_SIGNATURE]
    return [report] * (item.report is not None) + [order] * (item.order is not None)


def answers(market: Singles, batch: Batch | bytes, gateway: str = GATEWAY) -> list[Receipt | Rejection]:
    """The answers to a batch; all of them go through the gateway that sent it."""
    frame = batch if isinstance(batch, bytes) else encode_batch(batch)
    event = BatchReceived(at_s=START_S, gateway=gateway, frame=base64.b64encode(frame).decode())
    assert decode_event(encode_event(event)) == event
    sent = market.market.apply(event)
    assert {out.gateway for out in sent} <= {gateway}
    found = [out.message for out in sent]
    assert all(isinstance(message, Receipt | Rejection) for message in found)
    return found  # type: ignore[return-value]


def reason(market: Singles, batch: Batch | bytes, gateway: str = GATEWAY) -> Reason:
    """The one reason for which nothing of a batch counts; the book is what it was."""
    before = dict(market.market.books[SLOT.start_s].orders)
    (message,) = answers(market, batch, gateway)
    assert isinstance(message, Rejection)
    assert market.market.books[SLOT.start_s].orders == before
    return message.code


def test_a_receipt_names_its_half_by_the_digest_that_the_meter_can_make() -> None:
    batch = batch_of([ORDER], SLOT)
    (receipt,) = answers(Singles(GATEWAY), batch)
    assert isinstance(receipt, Receipt)
    assert (receipt.meter, receipt.of, receipt.digest) == ("home-1", "order", half_digests(batch).orders[0])
    assert receipt.salt is not None


def test_the_same_half_in_another_record_is_receipted_again() -> None:
    market = Singles(GATEWAY)
    first, second = answers(market, batch_of([ORDER], SLOT)), answers(market, batch_of([BOTH], SLOT))
    assert second[1] == first[0]
    assert isinstance(second[0], Rejection)
    assert second[0].code is Reason.SLOT_NOT_OVER


def unsigned(sent: Sent) -> Batch:
    batch = batch_of([sent], SLOT)
    batch.records["signature"][0] = np.void(bytes(64))
    return batch


def renamed(name: bytes) -> Batch:
    batch = batch_of([ORDER], SLOT)
    batch.records["meter"][0] = name
    return batch


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        (b"HGB1", Reason.MALFORMED),
        (encode_batch(batch_of([ORDER], SLOT))[:-1], Reason.MALFORMED),
        (
            Batch(kind="award", stage="intraday", slot_s=SLOT.start_s, records=np.zeros(1, dtype=AWARD)),
            Reason.MALFORMED,
        ),
        (batch_of([BOTH._replace(order=None, report=None)], SLOT), Reason.MALFORMED),
        (batch_of([ORDER._replace(order=OrderHalf(0, ((Side.BUY, 200_000, 100),)))], SLOT), Reason.MALFORMED),
        (batch_of([ORDER._replace(order=OrderHalf(1, ((Side.BUY, 200_000, 0),)))], SLOT), Reason.MALFORMED),
        (batch_of([ORDER], SLOT.shifted(10**5)), Reason.FOREIGN_SLOT),
        (unsigned(ORDER), Reason.BAD_SIGNATURE),
        (renamed(b"home-2"), Reason.BAD_SIGNATURE),
        (renamed(b"home-99"), Reason.UNKNOWN_METER),
        (renamed(b"Home 1"), Reason.UNKNOWN_METER),
    ],
)
def test_what_does_not_hold_is_told_to_the_gateway_and_has_no_effect(batch: Batch | bytes, code: Reason) -> None:
    assert reason(Singles(GATEWAY), batch) is code


def test_a_record_through_another_gateway_has_no_effect() -> None:
    assert reason(Singles(GATEWAY), batch_of([ORDER], SLOT), gateway="block-8") is Reason.WRONG_GATEWAY


def test_a_record_of_a_member_without_a_gateway_has_no_effect() -> None:
    assert reason(Singles(), batch_of([ORDER], SLOT)) is Reason.WRONG_GATEWAY


def test_a_suspended_meter_is_refused_in_a_batch_too() -> None:
    market = Singles(GATEWAY)
    market.apply(
        Enrolled(
            at_s=0,
            meter="home-1",
            public_key=KEYS["home-1"].public_hex,
            nameplate_import_w=11_000,
            nameplate_export_w=11_000,
            suspended=True,
            gateway=GATEWAY,
        )
    )
    assert reason(market, batch_of([ORDER], SLOT)) is Reason.SUSPENDED


def test_times_beyond_any_calendar_are_malformed() -> None:
    batch = batch_of([ORDER], SLOT)
    beyond = Batch(kind="household", stage="intraday", slot_s=2**62, records=batch.records)
    assert reason(Singles(GATEWAY), beyond) is Reason.BAD_SIGNATURE
