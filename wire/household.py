"""What a household sends once per slot: the report of a slot that is over, the order for a coming one, one signature.

Either half may be absent: all its bytes are zero then (a sequence starts at 1). The signature covers the record, the
community and the stage and slot of the order, so a record counts in one batch context only; the report names its own
slot. Sequences are those of the protocol: (meter, stage, slot, sequence) names an order, (meter, slot, sequence) a
report, and a record that comes again changes nothing.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wire.batch import HEADER_BYTES, HOUSEHOLD, ID_BYTES, SIGNATURE_BYTES, Batch, Records
from wire.signing import SigningKey, is_signed_by, signature_of

Bools = NDArray[np.bool_]
GATEWAY_RECORDS_MAX = 500
GATEWAY_BYTES_MAX = HEADER_BYTES + GATEWAY_RECORDS_MAX * HOUSEHOLD.itemsize
"""The largest batch that a running broker takes in one message."""
_KIND = "household"


def signed(batch: Batch, community: str, keys: Sequence[SigningKey]) -> Batch:
    """The batch with every record signed by its meter's key; what a gateway receives from the meters."""
    records = batch.records.copy()
    for i, (key, body) in enumerate(zip(keys, _bodies(batch), strict=True)):
        records["signature"][i] = np.void(signature_of(key, _KIND, community, body))
    return Batch(kind=batch.kind, stage=batch.stage, slot_s=batch.slot_s, records=records)


def authentic(batch: Batch, community: str, keys: Sequence[bytes | None]) -> Bools:
    """Which records carry their meter's signature, by the public key of each record's meter (None: unknown), (n,)."""
    signatures = batch.records["signature"].tobytes()
    found = np.zeros(len(batch.records), dtype=np.bool_)
    for i, (key, body) in enumerate(zip(keys, _bodies(batch), strict=True)):
        if key is not None:
            signature = signatures[i * SIGNATURE_BYTES : (i + 1) * SIGNATURE_BYTES]
            found[i] = is_signed_by(key, _KIND, community, signature, body)
    return found


class HalfDigests(NamedTuple):
    """The digest of each record's order and of its report [64 hexadecimal digits]."""

    orders: list[str]
    reports: list[str]


def half_digests(batch: Batch) -> HalfDigests:
    """What answers name the halves by: SHA-256 of half's name, zero byte, context, meter and the half's bytes."""
    ids = [name.ljust(ID_BYTES, b"\0") for name in batch.records["meter"].tolist()]
    found = []
    for half in ("order", "report"):
        start, bodies = half.encode() + b"\0" + batch.context, as_bytes(batch.records[half])
        pairs = zip(ids, bodies, strict=True)
        found.append([hashlib.sha256(start + meter + body.tobytes()).hexdigest() for meter, body in pairs])
    return HalfDigests(*found)


def has_part(half: Records) -> Bools:
    """Where a half of the records is there: any of its bytes is not zero, (n,)."""
    return np.asarray(as_bytes(half).any(axis=1))


def as_bytes(half: Records) -> NDArray[np.uint8]:
    """The bytes of a half of the records, (n, size)."""
    size = half.dtype.itemsize
    return np.ascontiguousarray(half).view(np.uint8).reshape(len(half), size)


def _bodies(batch: Batch) -> list[bytes]:
    raw, size, context = batch.records.tobytes(), batch.records.dtype.itemsize, batch.context
    return [context + raw[at : at + size - SIGNATURE_BYTES] for at in range(0, len(raw), size)]
