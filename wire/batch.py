"""Orders, reports, awards and bills of many households in one binary frame of fixed records.

A gateway (the concentrator of a housing estate, a meter operator) collects the records and hands them on; it cannot
change them: every order and report carries the Ed25519 signature of its meter over the record, the kind, the
community, the stage and the slot. Awards and bills are not signed one by one; they are the leaves of a Merkle tree
whose root the broker signs once (`broker.bulk.proved`). Energy in Wh, prices in micro-currency per kWh, money in
nano-currency, all little-endian.

Frame: ``HGB1`` | kind (1 byte: 1 order, 2 report, 3 award, 4 bill) | stage (32 bytes, padded with zeros) | slot start
(8 bytes, seconds since 1970) | number of records (4 bytes) | records.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wire.signing import SigningKey, is_signed_by, signature_of

MAGIC = b"HGB1"
ID_BYTES, STEPS_MAX, SIGNATURE_BYTES = 32, 4, 64
RECORDS_MAX = 1_000_000
_HEADER = struct.Struct("<4sB32sQI")
_ID = re.compile(rb"[a-z0-9_-]{1,32}")
_SIGNATURE = ("signature", f"V{SIGNATURE_BYTES}")
_STEP = [("side", "u1", STEPS_MAX), ("price", "<i4", STEPS_MAX), ("energy", "<u4", STEPS_MAX)]
ORDER = np.dtype([("meter", f"S{ID_BYTES}"), ("sequence", "<u4"), ("steps", "u1"), *_STEP, _SIGNATURE])
_REGISTERS = [(name, "<u8") for name in ("import_from", "import_to", "export_from", "export_to")]
REPORT = np.dtype([("meter", f"S{ID_BYTES}"), ("sequence", "<u4"), *_REGISTERS, ("estimated", "u1"), _SIGNATURE])
AWARD = np.dtype(
    [("meter", f"S{ID_BYTES}"), ("sequence", "<u4"), ("bought", "<u4"), ("sold", "<u4"), ("amount", "<i8")]
)
BILL = np.dtype(
    [("meter", f"S{ID_BYTES}"), ("award", "<i8"), ("metered", "<i8"), ("inside", "<i8"), ("amount", "<i8")]
)
BUY, SELL = 0, 1
Kind = Literal["order", "report", "award", "bill"]
_KINDS: dict[Kind, tuple[int, np.dtype[Any]]] = {
    "order": (1, ORDER),
    "report": (2, REPORT),
    "award": (3, AWARD),
    "bill": (4, BILL),
}
Records = NDArray[Any]


class BatchError(ValueError):
    """The bytes are not a batch; the gateway has to build it as documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one kind for one slot: an array of the dtype of the kind, in the gateway's order."""

    kind: Kind
    stage: str
    slot_s: int
    records: Records

    @property
    def context(self) -> bytes:
        """What every signature covers beside its record: stage and slot."""
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
        raise BatchError("not a batch: it does not start with HGB1")
    _, number, stage, slot_s, count = _HEADER.unpack_from(frame)
    kind = next((kind for kind, (value, _) in _KINDS.items() if value == number), None)
    if kind is None:
        raise BatchError(f"a batch of kind {number} is not known: use 1 to 4")
    dtype = _KINDS[kind][1]
    if count > RECORDS_MAX or len(frame) != _HEADER.size + count * dtype.itemsize:
        raise BatchError(f"{count} records need {_HEADER.size + count * dtype.itemsize} bytes, not {len(frame)}")
    name = stage.rstrip(b"\x00")
    if _ID.fullmatch(name) is None:
        raise BatchError("the stage is no id")
    records = np.frombuffer(frame, dtype=dtype, offset=_HEADER.size)
    return Batch(kind=kind, stage=name.decode(), slot_s=slot_s, records=records)


def signed(batch: Batch, community: str, keys: Sequence[SigningKey]) -> Batch:
    """The batch with every record signed by its meter's key; what a gateway receives from the meters."""
    records = batch.records.copy()
    for i, key in enumerate(keys):
        payload = batch.context + records[i].tobytes()[:-SIGNATURE_BYTES]
        records["signature"][i] = np.void(signature_of(key, f"{batch.kind}-record", community, payload))
    return Batch(kind=batch.kind, stage=batch.stage, slot_s=batch.slot_s, records=records)


def authentic(batch: Batch, community: str, keys: Sequence[bytes | None]) -> NDArray[np.bool_]:
    """Which records carry their meter's signature, by the public key of each record's meter (None: unknown)."""
    raw, size = batch.records.tobytes(), batch.records.dtype.itemsize
    context, kind = batch.context, f"{batch.kind}-record"
    found = np.zeros(len(batch.records), dtype=np.bool_)
    for i, key in enumerate(keys):
        record = raw[i * size : (i + 1) * size]
        if key is not None:
            signature, body = record[-SIGNATURE_BYTES:], record[:-SIGNATURE_BYTES]
            found[i] = is_signed_by(key, kind, community, signature, context + body)
    return found


def meters(batch: Batch) -> list[str]:
    """The meter of every record; "" where the id is none."""
    names: list[bytes] = batch.records["meter"].tolist()
    return [name.decode() if _ID.fullmatch(name) else "" for name in names]
