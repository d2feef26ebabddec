"""A slot of batched binary records gives what the market gives for the same orders and reports, to the last unit."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_market_fold import COMMUNITY, KEYS, SLOT, START_S, TERMS, received

from broker.bulk.bills import shares
from broker.bulk.members import Roll
from broker.bulk.proved import leaf
from broker.bulk.slot import REGISTERS, BulkSlot
from broker.market.events import DeliveryEnded, Enrolled, Event, GateClosed, SettlementDue, SlotOpened
from broker.market.market import Market
from broker.market.terms import Member, OutsidePrices
from wire.batch import ORDER, REPORT, Batch, BatchError, decode_batch, encode_batch, signed
from wire.merkle import includes
from wire.messages import Award, MeterReport, Order, OrderStep, Settlement, Side
from wire.quantities import largest_remainder
from wire.reasons import Reason
from wire.signing import open_frame

NAMEPLATE_W = 11_000
PRICES = OutsidePrices(retail_micro=300_000, feed_in_micro=100_000)
STEPS = st.lists(st.tuples(st.integers(100_000, 300_000), st.integers(1, 600)), max_size=2)
HOME = st.tuples(STEPS, STEPS, st.integers(0, 2_000), st.integers(0, 2_000), st.booleans())
HOMES = st.lists(HOME, min_size=len(KEYS), max_size=len(KEYS))


def roll() -> Roll:
    return Roll(
        [
            Member(
                meter=meter,
                public_key=key.public,
                nameplate_import_w=NAMEPLATE_W,
                nameplate_export_w=NAMEPLATE_W,
            )
            for meter, key in KEYS.items()
        ],
        bytes(32),
        SLOT.start_s,
    )


def bulk() -> BulkSlot:
    return BulkSlot(TERMS, roll(), SLOT, PRICES, np.zeros(len(KEYS), dtype=REGISTERS))


def steps_of(home: Any) -> list[tuple[Side, int, int]]:
    buys, sells, *_ = home
    bought = sorted(((Side.BUY, p, e) for p, e in buys), key=lambda s: -s[1])
    floor = max((p for _, p, _ in bought), default=0)
    sold = sorted(((Side.SELL, p, e) for p, e in sells if p > floor), key=lambda s: s[1])
    return [*bought, *sold]


def order_batch(homes: list[Any], sequence: int = 1) -> Batch:
    records = np.zeros(len(homes), dtype=ORDER)
    for i, (meter, home) in enumerate(zip(KEYS, homes, strict=True)):
        steps = steps_of(home)
        records[i]["meter"], records[i]["sequence"], records[i]["steps"] = meter.encode(), sequence, len(steps)
        for k, (side, price, energy) in enumerate(steps):
            records["side"][i, k], records["price"][i, k] = side is Side.SELL, price
            records["energy"][i, k] = energy
    batch = Batch(kind="order", stage=TERMS.stage, slot_s=SLOT.start_s, records=records)
    return signed(batch, COMMUNITY, list(KEYS.values()))


def report_batch(homes: list[Any]) -> Batch:
    reporting = [(meter, home) for meter, home in zip(KEYS, homes, strict=True) if home[4]]
    records = np.zeros(len(reporting), dtype=REPORT)
    for i, (meter, home) in enumerate(reporting):
        records[i]["meter"], records[i]["sequence"] = meter.encode(), 1
        records[i]["import_to"], records[i]["export_to"] = home[2], home[3]
    batch = Batch(kind="report", stage=TERMS.stage, slot_s=SLOT.start_s, records=records)
    return signed(batch, COMMUNITY, [KEYS[meter] for meter, _ in reporting])


def market_results(homes: list[Any]) -> tuple[dict[str, Award], dict[str, Settlement]]:
    members = [
        Enrolled(
            at_s=0,
            meter=meter,
            public_key=key.public_hex,
            nameplate_import_w=NAMEPLATE_W,
            nameplate_export_w=NAMEPLATE_W,
        )
        for meter, key in KEYS.items()
    ]
    opened = SlotOpened(
        at_s=START_S, slot_s=SLOT.start_s, retail_micro=PRICES.retail_micro, feed_in_micro=PRICES.feed_in_micro
    )
    orders, reports = [], []
    for meter, home in zip(KEYS, homes, strict=True):
        steps = tuple(OrderStep(side=s, price_micro_per_kwh=p, energy_wh=e) for s, p, e in steps_of(home))
        message = Order(
            community=COMMUNITY,
            meter=meter,
            stage=TERMS.stage,
            slot=SLOT.label,
            sequence=1,
            steps=steps,
            sent_at=SLOT.label,
        )
        orders.append(received(meter, message, START_S))
        if home[4]:
            report = MeterReport(
                community=COMMUNITY,
                meter=meter,
                slot=SLOT.label,
                sequence=1,
                import_from_wh=0,
                import_to_wh=home[2],
                export_from_wh=0,
                export_to_wh=home[3],
                quality="measured",
                replaces=None,
            )
            reports.append(received(meter, report, SLOT.end_s))
    gate = GateClosed(at_s=SLOT.start_s - 60, slot_s=SLOT.start_s)
    ended = DeliveryEnded(at_s=SLOT.end_s, slot_s=SLOT.start_s)
    due = SettlementDue(at_s=SLOT.end_s, slot_s=SLOT.start_s)
    events: list[Event] = [*members, opened, *orders, gate, ended, *reports, due]
    market = Market(TERMS, bytes(32))
    said = [out.message for event in events for out in market.apply(event)]
    awards = {item.meter: item for item in said if isinstance(item, Award)}
    return awards, {item.meter: item for item in said if isinstance(item, Settlement)}


@settings(max_examples=60)
@given(HOMES)
def test_awards_and_bills_are_those_of_the_market(homes: list[Any]) -> None:
    slot = bulk()
    verdicts = slot.take_orders(decode_batch(encode_batch(order_batch(homes))))
    assert verdicts.reasons == [None] * len(homes)
    _, awards = slot.clear()
    assert slot.take_reports(decode_batch(encode_batch(report_batch(homes)))).good.all()
    bills, kept = slot.settle()
    wanted, settled = market_results(homes)
    for row in awards.batch.records:
        award = wanted[row["meter"].decode()]
        assert (row["bought"], row["sold"], row["amount"]) == (award.bought_wh, award.sold_wh, award.amount_nano)
    for row in bills.batch.records:
        meter = row["meter"].decode()
        if meter in settled:
            assert (row["metered"], row["amount"]) == (settled[meter].metered_wh, settled[meter].total_nano)
        else:
            assert row["amount"] == 0
    assert kept == sum(a.amount_nano for a in wanted.values())


@given(HOMES)
@settings(max_examples=20)
def test_every_award_is_proved_under_one_signed_root(homes: list[Any]) -> None:
    slot = bulk()
    slot.take_orders(order_batch(homes))
    _, awards = slot.clear()
    count = len(awards.batch.records)
    for i in range(count):
        assert includes(i, count, leaf(awards.batch, i), awards.proof(i), awards.root)
        assert not includes(i, count, leaf(awards.batch, (i + 1) % count), awards.proof(i), awards.root)
    key = next(iter(KEYS.values()))
    assert awards.root.hex().encode() in open_frame(
        awards.signed_root(key, COMMUNITY), key.public, "batch-root", COMMUNITY
    )


@given(st.integers(0, 5_000), st.lists(st.integers(0, 900), min_size=1, max_size=12))
def test_shares_are_those_of_the_largest_remainder(total: int, weights: list[int]) -> None:
    names = [f"m{i:02}" for i in range(len(weights))]
    assert shares(total, np.array(weights)).tolist() == largest_remainder(total, weights, names)


def test_shares_stay_exact_where_64_bits_would_not() -> None:
    assert shares(2**40, np.array([2**30, 2**30])).tolist() == [2**39, 2**39]


def one_order(**cells: Any) -> Batch:
    records = np.zeros(1, dtype=ORDER)
    records["meter"], records["sequence"], records["steps"] = b"home-1", 1, 1
    records["price"][0, 0], records["energy"][0, 0] = 200_000, 100
    for name, value in cells.items():
        records[name][0] = value
    batch = Batch(kind="order", stage=TERMS.stage, slot_s=SLOT.start_s, records=records)
    return signed(batch, COMMUNITY, [KEYS["home-1"]])


REFUSED = [
    ({"meter": b"home-99"}, Reason.UNKNOWN_METER),
    ({"meter": b"home-2"}, Reason.BAD_SIGNATURE),
    ({"sequence": 0}, Reason.MALFORMED),
    ({"steps": 5}, Reason.MALFORMED),
    ({"side": [2, 0, 0, 0]}, Reason.MALFORMED),
    ({"energy": [0, 0, 0, 0]}, Reason.MALFORMED),
    ({"energy": [100, 1, 0, 0]}, Reason.MALFORMED),
    ({"price": [300_001, 0, 0, 0]}, Reason.PRICE_OUT_OF_BAND),
    ({"steps": 2, "price": [150_000, 200_000, 0, 0], "energy": [1, 1, 0, 0]}, Reason.NOT_MONOTONE),
    (
        {"steps": 2, "side": [0, 1, 0, 0], "price": [200_000, 200_000, 0, 0], "energy": [1, 1, 0, 0]},
        Reason.SELF_CROSSING,
    ),
    ({"energy": [2_751, 0, 0, 0]}, Reason.OVER_NAMEPLATE),
]


@pytest.mark.parametrize(("cells", "reason"), REFUSED, ids=lambda item: str(item)[:40])
def test_a_record_that_does_not_hold_is_refused_with_its_reason(cells: dict[str, Any], reason: Reason) -> None:
    slot = bulk()
    assert slot.take_orders(one_order(**cells)).reasons == [reason]
    outcome, awards = slot.clear()
    assert (outcome.volume, len(awards.batch.records)) == (0, 0)


def test_a_record_that_the_gateway_changed_is_refused() -> None:
    batch = one_order()
    records = batch.records.copy()
    records["price"][0, 0] -= 1
    changed = Batch(kind="order", stage=batch.stage, slot_s=batch.slot_s, records=records)
    assert bulk().take_orders(changed).reasons == [Reason.BAD_SIGNATURE]


def test_the_highest_sequence_counts_in_any_order() -> None:
    batches = [one_order(sequence=s, price=[100_000 + s, 0, 0, 0]) for s in (1, 2, 3)]
    for _ in range(5):
        random.Random(_).shuffle(batches)
        slot = bulk()
        for batch in batches:
            slot.take_orders(batch)
        _, awards = slot.clear()
        assert awards.batch.records["sequence"].tolist() == [3]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "HGB1"),
        (b"HGB1" + bytes(45), "kind 0"),
        (encode_batch(one_order())[:-1], "bytes"),
        (encode_batch(one_order()) + b"x", "bytes"),
        (encode_batch(one_order())[:5] + bytes(32) + encode_batch(one_order())[37:], "stage"),
    ],
)
def test_a_frame_that_is_no_batch_says_why(frame: bytes, words: str) -> None:
    with pytest.raises(BatchError, match=words):
        decode_batch(frame)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_batch_or_a_batch_error(data: bytes) -> None:
    """What is not signed by a member never counts; what is no batch says so."""
    for frame in (data, b"HGB1" + data, encode_batch(one_order())[:49] + data):
        slot = bulk()
        try:
            verdicts = slot.take_orders(decode_batch(frame))
        except BatchError:
            verdicts = None
        assert verdicts is None or not verdicts.good.any()
        assert slot.clear()[0].volume == 0
