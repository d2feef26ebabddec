"""Values that cannot be what a column is said to hold: another unit, a failed sensor. Never converted, never cut."""

import numpy as np

from hems.identification.room_record import Floats
from hems.site.finding import Finding


def absurd_findings(where: str, values: Floats, low: float, high: float, unit: str) -> list[Finding]:
    """The finding about values (n,) outside a range that every such column keeps; none when all lie inside."""
    known = values[~np.isnan(values)]
    outside = known[(known < low) | (known > high)]
    if len(outside) == 0:
        return []
    worst = float(outside[int(np.argmax(np.abs(outside)))])
    return [
        Finding(
            where=where,
            wrong=f"has {worst:g} ({len(outside)} values outside {low:g} .. {high:g} {unit})",
            remedy=f"give it in {unit}, and leave cells empty where the sensor failed",
        )
    ]
