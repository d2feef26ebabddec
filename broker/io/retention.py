"""Who a revoked member was, erased by itself after a time: the community's `[privacy]`."""

import logging
from collections.abc import Mapping
from pathlib import Path

from broker.control.ports import StorageFailed
from broker.io.operator_files import ActFile, OperatorFiles
from broker.io.people import forget

LOG = logging.getLogger(__name__)
DAY_S = 86_400
BY = "retention"


def due(revoked_s: Mapping[str, int], kept_days: int, now_s: int) -> list[str]:
    """The meters whose revocation [s since 1970] is so many days ago."""
    return sorted(meter for meter, since_s in revoked_s.items() if now_s - since_s >= kept_days * DAY_S)


def erase(people: Path, acts: OperatorFiles, meters: list[str]) -> list[str]:
    """Erases names as `forget-member` does and leaves the act for the journal; returns whose names were known.

    A file that cannot be written is told and left for the next time.
    """
    erased = []
    for meter in meters:
        try:
            if forget(people, meter):
                acts.write(ActFile(act="forget", meter=meter, by=BY))
                erased.append(meter)
        except (StorageFailed, OSError) as error:
            LOG.warning("who %s was cannot be erased: %s", meter, error)
    return erased
