"""The network of a community as a text in its terms: JSON in watts, from which every slot has its limits in Wh.

The text is canonical, so the journal can tell whether the network of the terms has changed.
"""

import json
from functools import lru_cache
from typing import Any

from broker.network.grid import Envelope, Grid, Line

MINUTES_PER_HOUR = 60


@lru_cache(maxsize=8)
def grid_in_slot(text: str, slot_minutes: int) -> Grid | None:
    """The network in a slot of some length, None for an empty text; a limit in W is rounded down to whole Wh."""
    if not text:
        return None
    document: dict[str, Any] = json.loads(text)

    def energy(power_w: int | None) -> int | None:
        return None if power_w is None else energy_wh(power_w, slot_minutes)

    return Grid(
        envelopes={
            row["meter"]: Envelope(energy(row["export_limit_w"]), energy(row["import_limit_w"]))
            for row in document["envelopes"]
        },
        zones={meter: zone for zone, meters in document["zones"].items() for meter in meters},
        lines=tuple(
            Line(row["from"], row["to"], energy_wh(row["capacity_w"], slot_minutes)) for row in document["lines"]
        ),
        charges={(row["from"], row["to"]): row["micro_per_kwh"] for row in document["charges"]},
        losses={(row["from"], row["to"]): row["ppm"] for row in document.get("losses", ())},
    )


def energy_wh(power_w: int, slot_minutes: int) -> int:
    """What a power carries in a slot, in whole Wh, rounded down."""
    return power_w * slot_minutes // MINUTES_PER_HOUR


def grid_text(document: dict[str, Any]) -> str:
    """The canonical text of a network: `envelopes`, `zones`, `lines`, `charges` as `grid_in_slot` reads them.

    `losses` may be left out where nothing is lost.
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
