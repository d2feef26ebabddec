"""Generation in the program: PV that may be used less than available."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Pv
from hems.planning.model.arrays import Ints, Rank
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPart:
    """Columns of the power used, of the slots with any available and of slot 0."""

    used: Flow
    take_rows: Ints | None = None  # None: nothing has to be taken

    def power_kw(self, x: Floats, slots: int) -> Floats:
        """Power into the device [kW], never positive, shape (slots,)."""
        power = np.zeros(slots)
        power[self.used.slots] = -x[self.used.columns]
        return power


def add_pv(site: SiteRows, device: Pv) -> PvPart:
    """Columns of a generator; the amount not taken of one that must be taken is a wish of the lowest rank."""
    at = device.available_kw > 0.0
    at[0] = True
    slots = np.flatnonzero(at)
    available = device.available_kw[slots]
    used = Flow(columns=site.model.columns(len(slots), upper=available), slots=slots)
    site.feed(used)
    site.generated.append(used)
    site.supplied.append(used)
    if device.curtailable:
        return PvPart(used=used)
    spilled = site.model.columns(len(slots), rank=Rank.TAKE, weight=site.slot_h)
    rows = site.model.rows(len(slots), lower=available)
    site.model.entries(rows, used.columns, 1.0)
    site.model.entries(rows, spilled, 1.0)
    return PvPart(used=used, take_rows=rows)
