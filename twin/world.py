"""What a simulated community is made of: homes with measured load and generation, prices, and what they own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hems.site.home import BatteryUnit, Home
from twin.neighbourhood.neighbourhood import Neighbourhood
from wire.slots import Slot

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarStay:
    """A measured or drawn charging session: times [s since 1970] and the energy the car wants [kWh]."""

    arrival_s: int
    departure_s: int
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinHome:
    """One home of the twin; series cover the world's axis from its first slot on.

    `load_kw`, `pv_kw` (n,): base load and what the PV could give. `signals` holds weather and presence per slot by
    the names that outlooks use, for instance "living.outdoor_temp_c". `note` says what of the home is not measured.
    """

    home: Home
    load_kw: Floats
    pv_kw: Floats
    stays: Mapping[str, tuple[CarStay, ...]] = field(default_factory=dict)
    soc_initial: Mapping[str, float] = field(default_factory=dict)
    temp_initial_c: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, Floats] = field(default_factory=dict)
    note: str = ""

    @property
    def name(self) -> str:
        """The household's name."""
        return self.home.meter

    def stored_kwh(self) -> float:
        """Charge of all batteries at the start of the counted days [kWh]."""
        return sum(
            self.soc_initial[unit.id] * unit.capacity_kwh for unit in self.home.units if isinstance(unit, BatteryUnit)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEnergy:
    """What a kWh less or more in storage at the end than at the start is worth [currency/kWh]."""

    missing_per_kwh: float
    extra_per_kwh: float

    def cost(self, change_kwh: float) -> float:
        """The cost of a change of stored energy (negative for a gain)."""
        return -change_kwh * (self.missing_per_kwh if change_kwh < 0 else self.extra_per_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A community over time: the axis starts with `history_slots` for forecasts, then warm-up, then counted slots.

    `retail_per_kwh` and `feed_in_per_kwh` (n,) share the axis of the homes; they are NaN where not given (history).
    `currency` is empty when nobody named it; `tariff_note` says which tariff holds and who made it.
    `neighbourhood` is the world's own network and preferences; None: where a mechanism asks, an example is made.
    """

    name: str
    first: Slot
    history_slots: int
    warm_up_slots: int
    counted_slots: int
    homes: tuple[TwinHome, ...]
    retail_per_kwh: Floats
    feed_in_per_kwh: Floats
    stored: StoredEnergy
    gate_lead_s: int = 0
    tariff_known_slots: int = 96
    currency: str = ""
    tariff_note: str = ""
    neighbourhood: Neighbourhood | None = None

    @property
    def slots_per_day(self) -> int:
        """Slots of 24 hours."""
        return 86_400 // self.first.duration_s

    @property
    def run_from(self) -> int:
        """Index of the first simulated slot (warm-up)."""
        return self.history_slots

    @property
    def count_from(self) -> int:
        """Index of the first slot whose cost counts."""
        return self.history_slots + self.warm_up_slots

    @property
    def end(self) -> int:
        """Index after the last slot."""
        return self.count_from + self.counted_slots

    def slot(self, index: int) -> Slot:
        """The slot at an index of the axis."""
        return self.first.shifted(index)

    def index_at(self, at_s: int) -> int:
        """The index of the slot that contains a moment."""
        return (at_s - self.first.start_s) // self.first.duration_s

    def prices_from(self, index: int, count: int) -> tuple[Floats, Floats]:
        """(retail, feed-in) for `count` slots; beyond what is known yet, the same hour of the last known day."""
        known = min(index + self.tariff_known_slots, len(self.retail_per_kwh))
        wanted = np.arange(index, index + count)
        late = wanted >= known
        wanted[late] -= -(-(wanted[late] - known + 1) // self.slots_per_day) * self.slots_per_day
        return self.retail_per_kwh[wanted], self.feed_in_per_kwh[wanted]
