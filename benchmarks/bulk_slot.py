"""A whole slot of a large community on one core, from binary batches: decode, verify, clear, settle, publish.

`scripts/bench bulk_slot`.
"""

import argparse
import time

import numpy as np

from benchmarks.machine import own_peak_mb, table, write
from broker.bulk.members import Roll
from broker.bulk.slot import REGISTERS, BulkSlot
from broker.market.terms import Member, OutsidePrices, Terms
from wire.batch import ORDER, REPORT, Batch, decode_batch, encode_batch, signed
from wire.signing import SigningKey, key_from_seed
from wire.slots import Slot

COMMUNITY, SLOT = "large", Slot(1_800_000_900, 15)
PRICES = OutsidePrices(retail_micro=300_000, feed_in_micro=100_000)
BATCH = 1_000
WHAT = """* One process on one core; every household sends one signed order of two steps and one signed report, 1,000
  households to a batch. Times are wall time of one run, making and signing the records not counted.
* **Signatures:** Ed25519 checks of all orders (libsodium), a part of "decode and admit".
* **Publish:** the batches of all awards and bills with their Merkle trees, each under one signed root, and all
  inclusion proofs of the awards."""


def main() -> None:
    """Runs every size once and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench bulk_slot", description=__doc__)
    parser.add_argument("--households", type=int, nargs="+", default=[10_000, 100_000])
    args = parser.parse_args()
    head = (
        "households",
        "orders: decode, admit s",
        "of it signatures s",
        "clear s",
        "reports: decode, admit s",
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
    roll = Roll(
        [
            Member(meter=f"home-{i}", public_key=key.public, nameplate_import_w=11_000, nameplate_export_w=11_000)
            for i, key in enumerate(keys)
        ],
        bytes(32),
        SLOT.start_s,
    )
    orders, reports = _frames(_orders(count), "order", keys), _frames(_reports(count), "report", keys)
    slot = BulkSlot(Terms(community=COMMUNITY), roll, SLOT, PRICES, np.zeros(count, dtype=REGISTERS))
    marks = [time.perf_counter()]
    assert all(slot.take_orders(decode_batch(frame)).good.all() for frame in orders)
    marks.append(time.perf_counter())
    _, awards = slot.clear()
    marks.append(time.perf_counter())
    assert all(slot.take_reports(decode_batch(frame)).good.all() for frame in reports)
    marks.append(time.perf_counter())
    bills, _ = slot.settle()
    marks.append(time.perf_counter())
    for results in (awards, bills):
        encode_batch(results.batch)
        results.signed_root(keys[0], COMMUNITY)
    proofs = [awards.proof(i) for i in range(len(awards.batch.records))]
    marks.append(time.perf_counter())
    assert len(proofs) == count
    spent = np.diff(marks)
    order = (spent[0], _signatures_s(orders, roll), *spent[1:], marks[-1] - marks[0])
    return (f"{count:,}", *(f"{seconds:.2f}" for seconds in order), f"{own_peak_mb():.0f}")


def _signatures_s(frames: list[bytes], roll: Roll) -> float:
    """The time of the signature checks alone, measured again [s]."""
    from wire.batch import authentic, meters

    begin = time.perf_counter()
    for frame in frames:
        batch = decode_batch(frame)
        authentic(batch, COMMUNITY, [roll.keys[place] for place in roll.places(meters(batch)).tolist()])
    return time.perf_counter() - begin


def _orders(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    records = np.zeros(count, dtype=ORDER)
    records["meter"], records["sequence"], records["steps"] = [f"home-{i}".encode() for i in range(count)], 1, 2
    side = rng.integers(0, 2, count)
    prices = np.sort(rng.integers(100_000, 300_001, (count, 2)), axis=1)
    records["side"][:, :2] = side[:, None]
    records["price"][:, :2] = np.where(side[:, None] == 0, prices[:, ::-1], prices)
    records["energy"][:, :2] = rng.integers(1, 1_000, (count, 2))
    return records


def _reports(count: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    records = np.zeros(count, dtype=REPORT)
    records["meter"], records["sequence"] = [f"home-{i}".encode() for i in range(count)], 1
    records["import_to"], records["export_to"] = rng.integers(0, 2_000, count), rng.integers(0, 2_000, count)
    return records


def _frames(records: np.ndarray, kind: str, keys: list[SigningKey]) -> list[bytes]:
    frames = []
    for at in range(0, len(records), BATCH):
        batch = Batch(
            kind="order" if kind == "order" else "report",
            stage="intraday",
            slot_s=SLOT.start_s,
            records=records[at : at + BATCH],
        )
        frames.append(encode_batch(signed(batch, COMMUNITY, keys[at : at + BATCH])))
    return frames


if __name__ == "__main__":
    main()
