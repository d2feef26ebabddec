"""A batch of households into the slots that it concerns: one signature check per record, then each half by itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broker.bulk.members import Roll
from broker.bulk.slot import BulkSlot
from broker.bulk.verdicts import Verdicts
from wire.batch import Batch, BatchError, Records, meters
from wire.household import authentic, has_part
from wire.reasons import Reason

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of each half of every record; None in `reasons` also where a half is absent."""

    orders: Verdicts
    reports: Verdicts


def take(batch: Batch, community: str, roll: Roll, slots: Mapping[int, BulkSlot]) -> Taken:
    """Takes the halves that hold into `slots` (by start [s]); a refused half does not hold up the other.

    A record of a stranger, with a bad signature or without any half never has an effect.
    Raises: BatchError when the batch does not hold households; nothing is taken then.
    """
    if batch.kind != "household":
        raise BatchError(f"a batch of {batch.kind}s is not taken: send households")
    names, orders, reports = meters(batch), batch.records["order"], batch.records["report"]
    has_order, has_report = has_part(orders), has_part(reports)
    found = _authentic(batch, community, roll, names)
    found.refuse(~(has_order | has_report), Reason.MALFORMED)
    every = np.arange(len(names))
    taken = Taken(found.part(every), found.part(every))
    _orders(batch, names, np.flatnonzero(found.good & has_order), taken.orders, slots)
    _reports(reports, names, np.flatnonzero(found.good & has_report), taken.reports, slots)
    return taken


def _authentic(batch: Batch, community: str, roll: Roll, names: list[str]) -> Verdicts:
    """Refuses the records of strangers and those that their meters have not signed."""
    verdicts, places = Verdicts(len(names)), roll.places(names)
    verdicts.refuse(places < 0, Reason.UNKNOWN_METER)
    keys = [roll.keys[place] if place >= 0 else None for place in places.tolist()]
    verdicts.refuse(~authentic(batch, community, keys), Reason.BAD_SIGNATURE)
    return verdicts


def _orders(batch: Batch, names: list[str], rows: Ints, verdicts: Verdicts, slots: Mapping[int, BulkSlot]) -> None:
    slot, chosen = slots.get(batch.slot_s), verdicts.part(rows)
    if slot is None:
        chosen.refuse(chosen.good, Reason.FOREIGN_SLOT)
    else:
        slot.take_orders(batch.stage, batch.records["order"][rows], [names[row] for row in rows.tolist()], chosen)
    verdicts.put(rows, chosen)


def _reports(
    reports: Records, names: list[str], rows: Ints, verdicts: Verdicts, slots: Mapping[int, BulkSlot]
) -> None:
    named = reports["slot"][rows]
    for slot_s in np.unique(named).tolist():
        here = rows[named == slot_s]
        slot, chosen = slots.get(slot_s), verdicts.part(here)
        if slot is None:
            chosen.refuse(chosen.good, Reason.FOREIGN_SLOT)
        else:
            slot.take_reports(reports[here], [names[row] for row in here.tolist()], chosen)
        verdicts.put(here, chosen)
