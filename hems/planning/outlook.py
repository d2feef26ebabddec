"""Outlook: what a home expects over the horizon, beside what it measures now."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OUTDOOR_MEAN = "outdoor_mean_c"  # signal of the home: prevailing mean outdoor temperature of the days before


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStay:
    """A car that is expected to come: slots after the horizon's start, and energy [kWh]."""

    arrival_slot: int
    departure_slot: int
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOn:
    """One way in which load and generation may go on [kW], each (n,), and its probability."""

    probability: float
    base_kw: Floats
    pv_kw: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Expectations for n slots from `start_s` on: load and generation [kW], outside prices [currency/kWh], each (n,).

    `ways_on` are what may come instead of the expected load and generation; none when nothing is known of it.
    `net_errors_kw` (m,) is by how much the net load of a next slot like this one was more than expected [kW].
    `signals` holds other expected values by name, for instance "outdoor_temp_c" or "living.daylight_lux".
    """

    start_s: int
    base_kw: Floats
    pv_kw: Floats
    retail_per_kwh: Floats
    feed_in_per_kwh: Floats
    stays: Mapping[str, tuple[ExpectedStay, ...]] = field(default_factory=dict)
    signals: Mapping[str, Floats] = field(default_factory=dict)
    ways_on: tuple[WayOn, ...] = ()
    net_errors_kw: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def slots(self) -> int:
        """Number of slots n."""
        return len(self.base_kw)

    def signal(self, name: str, otherwise: float) -> Floats:
        """An expected value per slot (n,), or a constant when nothing is known of it."""
        known = self.signals.get(name)
        return np.full(self.slots, otherwise) if known is None else known
