"""A slot of batched household records gives what the market gives for single messages, to the last unit."""

import numpy as np
import pytest
from bulk_rig import LATER, METERS, PRICES, OrderHalf, ReportHalf, Sent, Singles, batch_of, bulk, roll
from hypothesis import given, settings
from hypothesis import strategies as st
from test_market_fold import COMMUNITY, KEYS, SLOT, START_S

from broker.bulk.bills import shares
from broker.bulk.intake import take
from broker.bulk.proved import Proved, leaf
from wire.batch import Batch, decode_batch, encode_batch
from wire.merkle import includes
from wire.messages import Side
from wire.quantities import largest_remainder
from wire.signing import open_frame

STEP = st.tuples(st.sampled_from(list(Side)), st.integers(99_990, 300_010), st.integers(1, 1_200))
STEPS = st.lists(STEP, max_size=4).map(lambda drawn: tuple(sorted(drawn, key=lambda s: (s[0], s[1] * _sign(s[0])))))
ORDER = st.none() | st.builds(OrderHalf, st.integers(1, 3), STEPS)
REPORT = st.none() | st.builds(
    ReportHalf, st.integers(1, 3), st.integers(0, 3_100), st.integers(0, 3_100), st.booleans()
)
SENT = st.builds(Sent, st.sampled_from(METERS), ORDER, REPORT, st.sampled_from([False] * 9 + [True])).filter(
    lambda sent: sent.order is not None or sent.report is not None
)
ROUND = st.lists(SENT, max_size=14)


def _sign(side: Side) -> int:
    return -1 if side is Side.BUY else 1


def in_one_batch(batch: Batch) -> list[Batch]:
    return [decode_batch(encode_batch(batch))]


def one_by_one(batch: Batch) -> list[Batch]:
    rows = range(len(batch.records))
    return [
        Batch(kind=batch.kind, stage=batch.stage, slot_s=batch.slot_s, records=batch.records[i : i + 1]) for i in rows
    ]


@settings(max_examples=60)
@given(ROUND, ROUND, st.sampled_from([in_one_batch, one_by_one]))
def test_verdicts_awards_and_bills_are_those_of_the_market(before: list[Sent], after: list[Sent], cut) -> None:  # type: ignore[no-untyped-def]
    """Orders before the gate; then one record has the report of this slot and the order for a later one."""
    slot, later, singles = bulk(), bulk(LATER), Singles()
    slots = {SLOT.start_s: slot, LATER.start_s: later}
    for sent, at_s, traded in ((before, START_S, SLOT), (after, SLOT.end_s, LATER)):
        taken = [take(piece, COMMUNITY, roll(), slots) for piece in cut(batch_of(sent, traded))]
        orders = [reason for verdicts in taken for reason in verdicts.orders.reasons]
        reports = [reason for verdicts in taken for reason in verdicts.reports.reasons]
        assert orders == [singles.order(item, traded, at_s) for item in sent]
        assert reports == [singles.report(item, SLOT, at_s) for item in sent]
        singles.clear(traded)
        _same_awards((slot if traded is SLOT else later).clear()[1], singles, traded.label)
        if traded is SLOT:
            singles.deliver(SLOT)
    singles.settle(SLOT)
    _same_bills(slot.settle(), singles)


def _same_awards(found: Proved, singles: Singles, label: str) -> None:
    wanted = {meter: award for (slot, meter), award in singles.awards.items() if slot == label}
    assert found.batch.records["meter"].tolist() == [meter.encode() for meter in sorted(wanted)]
    for row in found.batch.records:
        award = wanted[row["meter"].decode()]
        assert (row["sequence"], row["bought"], row["sold"]) == (award.sequence, award.bought_wh, award.sold_wh)
        assert row["amount"] == award.amount_nano


def _same_bills(found: tuple[Proved, int], singles: Singles) -> None:
    bills, kept = found
    for row in bills.batch.records:
        settlement = singles.settled.get(row["meter"].decode())
        if settlement is None:
            assert row["amount"] == 0
        else:
            assert (row["metered"], row["amount"]) == (settlement.metered_wh, settlement.total_nano)
    assert kept == sum(a.amount_nano for (slot, _), a in singles.awards.items() if slot == SLOT.label)


@given(ROUND)
@settings(max_examples=20)
def test_every_award_is_proved_under_one_signed_root(sent: list[Sent]) -> None:
    slot = bulk()
    take(batch_of(sent, SLOT), COMMUNITY, roll(), {SLOT.start_s: slot})
    _, awards = slot.clear()
    count = len(awards.batch.records)
    for i in range(count):
        assert includes(i, count, leaf(awards.batch, i), awards.proof(i), awards.root)
        if count > 1:
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


@pytest.mark.parametrize("count", [0, 1])
def test_a_slot_with_hardly_anybody_clears_and_settles(count: int) -> None:
    slot = bulk()
    sent = [Sent("home-1", OrderHalf(1, ((Side.BUY, PRICES.retail_micro, 5),)), None)][:count]
    take(batch_of(sent, SLOT), COMMUNITY, roll(), {SLOT.start_s: slot})
    outcome, awards = slot.clear()
    assert (outcome.volume, len(awards.batch.records)) == (0, count)
    assert slot.settle()[0].batch.records["amount"].tolist() == [0] * len(METERS)
