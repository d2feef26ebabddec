"""Balance rows of a site and what devices tell each other while the program is built."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hems.planning.model.arrays import Ints, Model, Rank

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Currency per kWh that acting in the last slot costs more than acting in the first one. Far below any price, it only
# decides between plans of the same cost: energy moves as early as possible.
EARLY_PREFERENCE_PER_KWH = 2e-5
TURN_SHARE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Columns of a power and the slots they act in; a unit of a column is `kw_per_unit` (same shape) or 1 kW."""

    columns: Ints
    slots: Ints
    kw_per_unit: Floats | float = 1.0


@dataclass(slots=True)
class SiteRows:
    """Context of a build: horizon, balance rows `grid - sum(device power) + unserved = base` and shared flows."""

    model: Model
    slots: int
    slot_h: float
    outage: Bools
    short: Bools  # slots in which need may occur, shape (n,)
    exclusive: dict[str, Bools] = field(default_factory=dict)  # id -> slots with an either-or decision
    late_ids: frozenset[str] = frozenset()  # appliances that may run late
    lost_load_value_per_kwh: float = 10.0
    balance: Ints = field(init=False)
    turn: int = 0  # number of the device whose columns are being added
    base_kw: Floats = field(init=False)  # right-hand side of the balance
    generated: list[Flow] = field(default_factory=list)  # pv and chp
    supplied: list[Flow] = field(default_factory=list)  # any kind but battery
    taken: list[Flow] = field(default_factory=list)  # power taken by devices
    given_up: list[Flow] = field(default_factory=list)  # power that loads and lamps leave out
    own_charge: list[Flow] = field(default_factory=list)  # charge that may not come from the grid
    own_discharge: list[Flow] = field(default_factory=list)  # discharge that may not go to the grid
    no_battery: list[Flow] = field(default_factory=list)  # car charge that may not come from a battery
    heat: dict[str, list[tuple[Flow, float]]] = field(default_factory=dict)  # heated id -> heat per column unit
    heat_kw_max: dict[str, float] = field(default_factory=dict)  # heated id -> the most heat that is fed [kW]

    def __post_init__(self) -> None:
        """Create the balance rows."""
        self.base_kw = np.zeros(self.slots)
        self.balance = self.model.rows(self.slots, lower=0.0, upper=0.0)

    @property
    def early(self) -> Floats:
        """Time preference [currency/kW], shape (n,), stronger for each further device: no two change places."""
        per_kwh = EARLY_PREFERENCE_PER_KWH * (1.0 + TURN_SHARE * self.turn)
        return np.asarray(per_kwh * self.slot_h * np.arange(1, self.slots + 1) / self.slots)

    def draw(self, flow: Flow) -> None:
        """Let a flow take power from the site."""
        self.model.entries(self.balance[flow.slots], flow.columns, -1.0 * flow.kw_per_unit)
        self.taken.append(flow)

    def feed(self, flow: Flow) -> None:
        """Let a flow give power to the site."""
        self.model.entries(self.balance[flow.slots], flow.columns, flow.kw_per_unit)

    def wish_below(
        self, rows_upper: ArrayLike, columns: Ints, sign: float, *, weight: float, cost: ArrayLike = 0.0
    ) -> Ints:
        """Columns of the amounts by which `sign * columns <= rows_upper` is broken (one row and amount each)."""
        count = len(columns)
        rank = Rank.WISH if weight > 0 else Rank.NONE
        amount = self.model.columns(count, cost=cost, rank=rank, weight=weight)
        rows = self.model.rows(count, upper=rows_upper)
        self.model.entries(rows, columns, sign)
        self.model.entries(rows, amount, -1.0)
        return amount

    def either_or(self, key: str, first: Flow, second: Flow, first_max: ArrayLike, second_max: ArrayLike) -> Flow:
        """Decisions (1: the first) between two flows over the same slots, where `exclusive[key]` asks for it."""
        at = self.exclusive[key][first.slots] if key in self.exclusive else np.zeros(0, bool)
        if not at.any() or not len(second.columns):
            return Flow(columns=first.columns[:0], slots=first.slots[:0])
        count = int(at.sum())
        choice = self.model.binaries(count)
        high_first, high_second = (np.broadcast_to(h, len(at))[at] for h in (first_max, second_max))
        rows = self.model.rows(count, upper=0.0)
        self.model.entries(rows, first.columns[at], 1.0)
        self.model.entries(rows, choice, -high_first)
        rows = self.model.rows(count, upper=high_second)
        self.model.entries(rows, second.columns[at], 1.0)
        self.model.entries(rows, choice, high_second)
        return Flow(columns=choice, slots=first.slots[at])
