"""Batches of household records from a gateway that no member is enrolled with."""

import numpy as np

from conformance.probes.desk import GATEWAY, Ground, Probe
from wire.batch import HOUSEHOLD, Batch, encode_batch
from wire.codec import digest
from wire.household import GATEWAY_RECORDS_MAX
from wire.topics import BATCH


def batches(ground: Ground) -> list[Probe]:
    """A small batch and one of too many records; both are refused before a record is looked at."""
    return [_batch(ground, "batch.stranger", 1), _batch(ground, "batch.large", GATEWAY_RECORDS_MAX + 1)]


def _batch(ground: Ground, label: str, count: int) -> Probe:
    records = np.zeros(count, dtype=HOUSEHOLD)
    batch = Batch(kind="household", stage=ground.stage.stage, slot_s=ground.slot.start_s, records=records)
    frame = encode_batch(batch)
    gateway = ground.member(GATEWAY).meter
    return Probe(label=label, client=GATEWAY, kind=BATCH, meter=gateway, frame=frame, named=digest(frame))
