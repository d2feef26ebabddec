"""A whole slot of a large community on one core, from binary batches: decode, verify, clear, settle, publish.

`scripts/bench bulk_slot`.
"""

import argparse
import time

import numpy as np

from benchmarks.machine import own_peak_mb, table, write
from broker.bulk.intake import take
from broker.bulk.members import Roll
from broker.bulk.slot import REGISTERS, BulkSlot
from broker.market.terms import Member, OutsidePrices, Terms
from wire.batch import HOUSEHOLD, Batch, decode_batch, encode_batch, meters
from wire.household import authentic, signed
from wire.signing import SigningKey, key_from_seed
from wire.slots import Slot

COMMUNITY, SLOT = "large", Slot(1_800_000_900, 15)
DELIVERED = SLOT.shifted(-2)
PRICES = OutsidePrices(retail_micro=300_000, feed_in_micro=100_000)
BATCH = 1_000
WHAT = """* One process on one core, in the steady state of a market: while one slot is traded another was delivered.
  Every household sends one record with one signature: the report of the delivered slot and the order (two steps) for
  the traded one; 1,000 households to a batch. Times are wall time of one run. Making and signing the records, and
  trading the delivered slot before, are not counted.
* **Signatures:** Ed25519 checks of all records (libsodium), a part of "decode, verify, admit", measured again alone.
* **Clear:** the traded slot. **Settle:** the delivered slot.
* **Publish:** the batches of all awards and bills with their Merkle trees, each under one signed root, and all
  inclusion proofs of the awards."""


def main() -> None:
    """Runs every size once and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench bulk_slot", description=__doc__)
    parser.add_argument("--households", type=int, nargs="+", default=[10_000, 100_000])
    args = parser.parse_args()
    head = (
        "households",
        "decode, verify, admit s",
        "of it signatures s",
        "clear s",
        "settle s",
        "publish s",
        "whole slot s",
        "peak MB",
    )
    rows = [_row(count) for count in args.households]
    write("bulk_slot", "one run each", [WHAT, table(head, rows)])
    print(table(head, rows))


def _row(count: int) -> tuple[str, ...]:
    keys = [key_from_seed(i.to_bytes(32, "big")) for i in range(count)]
    roll = _roll(keys)
    delivered, traded = _slot(roll, DELIVERED), _slot(roll, SLOT)
    _take(_frames(_records(count, None, seed=1), DELIVERED, keys), roll, {DELIVERED.start_s: delivered})
    delivered.clear()
    frames = _frames(_records(count, DELIVERED, seed=2), SLOT, keys)
    marks = [time.perf_counter()]
    _take(frames, roll, {SLOT.start_s: traded, DELIVERED.start_s: delivered})
    marks.append(time.perf_counter())
    _, awards = traded.clear()
    marks.append(time.perf_counter())
    bills, _ = delivered.settle()
    marks.append(time.perf_counter())
    for results in (awards, bills):
        encode_batch(results.batch)
        results.signed_root(keys[0], COMMUNITY)
    proofs = [awards.proof(i) for i in range(len(awards.batch.records))]
    marks.append(time.perf_counter())
    assert len(proofs) == count
    spent = np.diff(marks)
    order = (spent[0], _signatures_s(frames, roll), *spent[1:], marks[-1] - marks[0])
    return (f"{count:,}", *(f"{seconds:.2f}" for seconds in order), f"{own_peak_mb():.0f}")


def _roll(keys: list[SigningKey]) -> Roll:
    members = [
        Member(meter=f"home-{i}", public_key=key.public, nameplate_import_w=11_000, nameplate_export_w=11_000)
        for i, key in enumerate(keys)
    ]
    return Roll(members, bytes(32), SLOT.start_s)


def _slot(roll: Roll, slot: Slot) -> BulkSlot:
    return BulkSlot(Terms(community=COMMUNITY), roll, slot, PRICES, np.zeros(len(roll), dtype=REGISTERS))


def _take(frames: list[bytes], roll: Roll, slots: dict[int, BulkSlot]) -> None:
    """Takes the batches; every record has to hold: a refused one would be cheaper."""
    for frame in frames:
        taken = take(decode_batch(frame), COMMUNITY, roll, slots)
        assert taken.orders.reasons == taken.reports.reasons == [None] * BATCH


def _signatures_s(frames: list[bytes], roll: Roll) -> float:
    """The time of the signature checks alone, measured again [s]."""
    begin = time.perf_counter()
    for frame in frames:
        batch = decode_batch(frame)
        authentic(batch, COMMUNITY, [roll.keys[place] for place in roll.places(meters(batch)).tolist()])
    return time.perf_counter() - begin


def _records(count: int, reported: Slot | None, seed: int) -> np.ndarray:
    """One record of every household: an order, and unless `reported` is None the report of that slot."""
    rng = np.random.default_rng(seed)
    records = np.zeros(count, dtype=HOUSEHOLD)
    records["meter"] = [f"home-{i}".encode() for i in range(count)]
    orders, reports = records["order"], records["report"]
    orders["sequence"], orders["steps"] = 1, 2
    side = rng.integers(0, 2, count)
    prices = np.sort(rng.integers(100_000, 300_001, (count, 2)), axis=1)
    orders["side"][:, :2] = side[:, None]
    orders["price"][:, :2] = np.where(side[:, None] == 0, prices[:, ::-1], prices)
    orders["energy"][:, :2] = rng.integers(1, 1_000, (count, 2))
    if reported is not None:
        reports["slot"], reports["sequence"] = reported.start_s, 1
        reports["import_to"], reports["export_to"] = rng.integers(0, 2_000, count), rng.integers(0, 2_000, count)
    return records


def _frames(records: np.ndarray, slot: Slot, keys: list[SigningKey]) -> list[bytes]:
    """The records as signed batches for a traded slot."""
    frames = []
    for at in range(0, len(records), BATCH):
        batch = Batch(kind="household", stage="intraday", slot_s=slot.start_s, records=records[at : at + BATCH])
        frames.append(encode_batch(signed(batch, COMMUNITY, keys[at : at + BATCH])))
    return frames


if __name__ == "__main__":
    main()
