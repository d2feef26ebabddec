"""Forced powers in the program: a row per forced slot, with amounts for being above or below it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.planning.forced import FORCED_WEIGHT, Forced
from hems.planning.model.arrays import Rank
from hems.planning.model.generation import PvPart
from hems.planning.model.site_rows import Flow, SiteRows
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart

Floats = NDArray[np.float64]


def add_forced(site: SiteRows, parts: Mapping[str, Any], forced: tuple[Forced, ...]) -> None:
    """Rows that hold the power of forced devices; a device that the plan does not have is left out."""
    for one in forced:
        if one.device in parts:
            _add(site, _signed_flows(parts[one.device]), one.power_kw)


def _add(site: SiteRows, flows: list[tuple[Flow, float]], power_kw: Floats) -> None:
    model, count = site.model, min(len(power_kw), site.slots)
    rows = model.rows(count, lower=power_kw[:count], upper=power_kw[:count])
    for flow, sign in flows:
        inside = flow.slots < count
        model.entries(rows[flow.slots[inside]], flow.columns[inside], sign)
    for sign in (-1.0, 1.0):
        amount = model.columns(count, rank=Rank.WISH, weight=FORCED_WEIGHT * site.slot_h)
        model.entries(rows, amount, sign)


def _signed_flows(part: Any) -> list[tuple[Flow, float]]:
    """The flows of a device and whether they take (+) or give (-)."""
    match part:
        case StoragePart():
            return [(part.charge, 1.0), (part.discharge, -1.0)]
        case PvPart():
            return [(part.used, -1.0)]
        case TakerPart():
            return [(part.power, 1.0)]
    raise ValueError(f"{type(part).__name__}: a device of this kind cannot be forced: change its window or need")
