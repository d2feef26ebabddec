"""Batches at the border of the broker: bounds, who may send, journal before receipts; and bundles as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_rig import COMMUNITY, START_S, TERMS, FakeJournal, FakePrices, FakeRecorder, enrolled, meter_key, slot

from broker.control.ports import StorageFailed
from broker.control.service import Inbound, MarketService
from broker.market.events import BatchReceived, decode_event
from broker.market.market import Market
from wire.batch import HOUSEHOLD, Batch, Records, encode_batch
from wire.bundle import BundleError, Letter, decode_bundle, encode_bundle
from wire.household import GATEWAY_BYTES_MAX, GATEWAY_RECORDS_MAX, signed
from wire.messages import Receipt, Rejection
from wire.reasons import Reason
from wire.topics import Address, batch_topic, bundle_topic, parse_topic

GATEWAY = "block-7"


def service(journal: FakeJournal) -> MarketService:
    made = MarketService(Market(TERMS, bytes(32)), journal=journal, prices=FakePrices(), recorder=FakeRecorder())
    made.agree([enrolled(1).model_copy(update={"gateway": GATEWAY}), enrolled(2)], START_S)
    made.step(START_S)
    return made


def records() -> Records:
    made = np.zeros(1, dtype=HOUSEHOLD)
    made["meter"] = b"home-1"
    half = made["order"]
    half["sequence"], half["steps"], half["price"][0, 0], half["energy"][0, 0] = 1, 1, 200_000, 500
    return made


def frame(gateway: str = GATEWAY) -> Inbound:
    batch = Batch(kind="household", stage="intraday", slot_s=slot(2).start_s, records=records())
    return Inbound("batch", gateway, encode_batch(signed(batch, COMMUNITY, [meter_key(1)])))


def test_a_batch_is_journaled_as_it_came_before_its_receipts() -> None:
    journal = FakeJournal()
    market = service(journal)
    (out,) = market.handle([frame()], START_S)
    assert isinstance(out.message, Receipt)
    assert (out.meter, out.gateway) == ("home-1", GATEWAY)
    event = decode_event(journal.kept[-1])
    assert isinstance(event, BatchReceived)
    assert event.gateway == GATEWAY
    again = MarketService(Market(TERMS, bytes(32)), journal=journal, prices=FakePrices(), recorder=FakeRecorder())
    assert again.market.books[slot(2).start_s].orders == market.market.books[slot(2).start_s].orders


def test_without_a_journal_there_is_no_receipt_and_no_order() -> None:
    journal = FakeJournal()
    market = service(journal)
    journal.broken = True
    with pytest.raises(StorageFailed):
        market.handle([frame()], START_S)
    assert not market.market.books[slot(2).start_s].orders


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (frame("block-8"), Reason.WRONG_GATEWAY),
        (Inbound("batch", GATEWAY, bytes(GATEWAY_BYTES_MAX + 1)), Reason.OVERSIZED),
    ],
)
def test_a_batch_that_is_not_looked_at_leaves_no_trace(item: Inbound, code: Reason) -> None:
    journal = FakeJournal()
    market = service(journal)
    before = len(journal.kept)
    (out,) = market.handle([item], START_S)
    assert isinstance(out.message, Rejection)
    assert (out.message.code, out.gateway, len(journal.kept)) == (code, item.meter, before)


def test_everything_for_a_meter_behind_a_gateway_goes_there() -> None:
    market = service(FakeJournal())
    sent = [*market.handle([frame()], START_S), *market.step(slot(2).start_s)]
    private = [out for out in sent if out.meter]
    assert {out.message.kind for out in private} == {"receipt", "award"}
    assert {market.gateway_of(out) for out in private} == {GATEWAY}
    assert {market.gateway_of(out) for out in sent if not out.meter} == {""}


def test_a_meter_that_changes_its_gateway_is_enrolled_anew() -> None:
    market = service(FakeJournal())
    market.agree([enrolled(1), enrolled(2)], START_S)
    (out,) = market.handle([frame()], START_S)
    assert isinstance(out.message, Rejection)
    assert out.message.code is Reason.WRONG_GATEWAY


def test_the_largest_batch_holds_the_documented_number_of_records() -> None:
    batch = Batch(
        kind="household", stage="intraday", slot_s=0, records=np.zeros(GATEWAY_RECORDS_MAX, dtype=HOUSEHOLD)
    )
    assert len(encode_batch(batch)) == GATEWAY_BYTES_MAX


def test_only_batches_are_read_from_the_topics_of_gateways() -> None:
    assert parse_topic(batch_topic(COMMUNITY, GATEWAY), COMMUNITY) == Address("batch", GATEWAY)
    assert parse_topic(bundle_topic(COMMUNITY, GATEWAY), COMMUNITY) is None
    assert parse_topic(f"hearthgrid/v1/{COMMUNITY}/meter/{GATEWAY}/batch", COMMUNITY) is None


NAMES = st.text("abcdefghij-_0123456789", min_size=1, max_size=64)
LETTERS = st.lists(st.builds(Letter, NAMES, NAMES, st.binary(max_size=200)), max_size=6)


@given(LETTERS)
def test_a_bundle_survives_its_bytes(letters: list[Letter]) -> None:
    assert decode_bundle(encode_bundle(letters)) == letters


@given(LETTERS, st.data())
def test_a_bundle_that_is_cut_or_grown_is_refused(letters: list[Letter], data: st.DataObject) -> None:
    whole = encode_bundle(letters)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"x"):
        with pytest.raises(BundleError):
            decode_bundle(wrong)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_bundle_or_a_bundle_error(data: bytes) -> None:
    for tried in (data, b"HGF1" + data):
        try:
            assert encode_bundle(decode_bundle(tried)) == tried
        except BundleError:
            continue
