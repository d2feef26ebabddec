"""What the network carries in one slot where that differs from its fixed limits: a text in the journal.

The text is canonical JSON: `{"envelopes": {meter: [export W, import W]}, "lines": [[from, to, W]]}`, null for no
limit, "" where the fixed limits hold.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from broker.network.grid_text import grid_text


class PowerLimits(NamedTuple):
    """What a connection point may export and import [W]; None where nothing limits it."""

    export_w: int | None
    import_w: int | None


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """Limits by meter, and of lines by their two zones [W], in one slot."""

    envelopes: Mapping[str, PowerLimits] = field(default_factory=dict)
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def text(self) -> str:
        """The canonical text, "" without any."""
        if not self.envelopes and not self.lines:
            return ""
        document = {
            "envelopes": {meter: list(limits) for meter, limits in self.envelopes.items()},
            "lines": [[*ends, capacity_w] for ends, capacity_w in sorted(self.lines.items())],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=8)
def network_in_slot(network: str, limits: str) -> str:
    """The text of a network (`broker.network.grid_text`) with the limits of a slot in place of its fixed ones.

    A line that the network does not have is left out: a network may lose lines while limits are on their way.
    """
    if not limits:
        return network
    given = json.loads(limits)
    document: dict[str, Any] = json.loads(network) if network else {"zones": {}, "lines": [], "charges": []}
    fixed = {row["meter"]: row for row in document.get("envelopes", ())}
    told = {
        meter: {"meter": meter, "export_limit_w": export_w, "import_limit_w": import_w}
        for meter, (export_w, import_w) in given["envelopes"].items()
    }
    capacities = {(start, end): capacity_w for start, end, capacity_w in given["lines"]}
    lines = [
        {**row, "capacity_w": capacities.get((row["from"], row["to"]), row["capacity_w"])}
        for row in document["lines"]
    ]
    return grid_text({**document, "envelopes": list((fixed | told).values()), "lines": lines})
