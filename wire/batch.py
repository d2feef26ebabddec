"""Households, awards and bills of many members in one binary frame of fixed records.

A gateway (the concentrator of a housing estate, a meter operator) collects the records of its meters and hands them
on; it cannot change them, because every household record carries its meter's signature (`wire.household`). Awards and
bills are not signed one by one; they are the leaves of a Merkle tree whose root the broker signs once
(`broker.bulk.proved`). Energy in Wh, prices in micro-currency per kWh, money in nano-currency, all little-endian.

Frame, version 1: ``HGB1`` | kind (1 byte: 1 household, 2 award, 3 bill) | stage (32 bytes, padded with zeros) | start
of the traded slot (8 bytes, seconds since 1970) | number of records (4 bytes) | records.
"""

import re
import struct
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MAGIC = b"HGB1"
ID_BYTES, STEPS_MAX, SIGNATURE_BYTES = 32, 4, 64
RECORDS_MAX = 1_000_000
BUY, SELL = 0, 1
_HEADER = struct.Struct("<4sB32sqI")
HEADER_BYTES = _HEADER.size
_ID = re.compile(rb"[a-z0-9_-]{1,32}")
_METER = ("meter", f"S{ID_BYTES}")
REPORT = np.dtype(
    [
        ("slot", "<i8"),
        ("sequence", "<u4"),
        ("import_from", "<u8"),
        ("import_to", "<u8"),
        ("export_from", "<u8"),
        ("export_to", "<u8"),
        ("estimated", "u1"),
    ]
)
ORDER = np.dtype(
    [
        ("sequence", "<u4"),
        ("steps", "u1"),
        ("side", "u1", STEPS_MAX),
        ("price", "<i4", STEPS_MAX),
        ("energy", "<u4", STEPS_MAX),
    ]
)
HOUSEHOLD = np.dtype([_METER, ("report", REPORT), ("order", ORDER), ("signature", f"V{SIGNATURE_BYTES}")])
AWARD = np.dtype([_METER, ("sequence", "<u4"), ("bought", "<u4"), ("sold", "<u4"), ("amount", "<i8")])
BILL = np.dtype([_METER, ("award", "<i8"), ("metered", "<i8"), ("inside", "<i8"), ("amount", "<i8")])
Kind = Literal["household", "award", "bill"]
_KINDS: dict[Kind, tuple[int, np.dtype[Any]]] = {
    "household": (1, HOUSEHOLD),
    "award": (2, AWARD),
    "bill": (3, BILL),
}
Records = NDArray[Any]


class BatchError(ValueError):
    """The bytes are not a batch; the gateway has to build it as documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one kind: an array of the dtype of the kind, in the gateway's order.

    `stage` and `slot_s` [s since 1970] say what the orders, awards or bills are for.
    """

    kind: Kind
    stage: str
    slot_s: int
    records: Records

    @property
    def context(self) -> bytes:
        """What every signature and every leaf covers beside its record: stage and slot."""
        return b"%s\x00%d\x00" % (self.stage.encode(), self.slot_s)


def encode_batch(batch: Batch) -> bytes:
    """The frame of a batch."""
    number, dtype = _KINDS[batch.kind]
    assert batch.records.dtype == dtype, "records of another kind"
    header = _HEADER.pack(MAGIC, number, batch.stage.encode(), batch.slot_s, len(batch.records))
    return header + batch.records.tobytes()


def decode_batch(frame: bytes) -> Batch:
    """The batch of a frame; signatures and values of the records are not checked yet.

    Raises: BatchError when the frame does not have the form of a batch.
    """
    if len(frame) < _HEADER.size or frame[: len(MAGIC)] != MAGIC:
        raise BatchError("not a batch: it does not start with HGB1 and a header")
    _, number, stage, slot_s, count = _HEADER.unpack_from(frame)
    kind = next((kind for kind, (value, _) in _KINDS.items() if value == number), None)
    if kind is None:
        raise BatchError(f"a batch of kind {number} is not known: use 1 to {len(_KINDS)}")
    dtype = _KINDS[kind][1]
    if count > RECORDS_MAX or len(frame) != _HEADER.size + count * dtype.itemsize:
        raise BatchError(f"{count} records need {_HEADER.size + count * dtype.itemsize} bytes, not {len(frame)}")
    name = stage.rstrip(b"\x00")
    if _ID.fullmatch(name) is None:
        raise BatchError("the stage is no id")
    records = np.frombuffer(frame, dtype=dtype, offset=_HEADER.size)
    return Batch(kind=kind, stage=name.decode(), slot_s=slot_s, records=records)


def meters(batch: Batch) -> list[str]:
    """The meter of every record; "" where the id is none."""
    names: list[bytes] = batch.records["meter"].tolist()
    return [name.decode() if _ID.fullmatch(name) else "" for name in names]
