"""Devices as the planner sees them: one frozen dataclass per kind, values per slot as arrays of shape (n,)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pv:
    """Generation: power lies in [-available_kw, 0]; not curtailable means that using all of it is a wish."""

    id: str
    available_kw: Floats
    curtailable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Electrical storage, power on the AC side; `final_value_per_kwh` is the worth of a kWh stored at the end."""

    id: str
    capacity_kwh: float
    charge_kw_max: float
    discharge_kw_max: float
    soc_initial: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    soc_min: float = 0.0
    soc_max: float = 1.0
    soc_final_min: float | None = None  # None: no wish for the end
    wear_per_kwh: float = 0.0
    reserve_soc: Floats | None = None  # None: no reserve wished
    grid_charge_allowed: bool = True
    grid_discharge_allowed: bool = True
    final_value_per_kwh: float = 0.0
    final_missing_per_kwh: float | None = None  # None: below the initial charge a kWh is worth the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A stay of a car at its charger, plugged in for `arrival_slot <= k < departure_slot`."""

    arrival_slot: int
    departure_slot: int
    soc_arrival: float
    soc_departure_min: float | None = None  # None: no wish for the departure


@dataclass(frozen=True, slots=True, kw_only=True)
class Ev:
    """A car and its charger; it charges with 0 or at least `charge_kw_min`, and gives up to `discharge_kw_max`."""

    id: str
    capacity_kwh: float
    charge_kw_max: float
    sessions: tuple[Session, ...]
    charge_kw_min: float = 0.0
    discharge_kw_max: float = 0.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    soc_min: float = 0.0
    soc_max: float = 1.0
    soc_final_min: float | None = None  # None: no wish for the end
    wear_per_kwh: float = 0.0
    reserve_soc: Floats | None = None  # None: no reserve wished
    grid_charge_allowed: bool = True
    grid_discharge_allowed: bool = True
    from_battery_allowed: bool = True
    final_value_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyAir:
    """Air that carries a room's heat or cold: its temperature and the most of it that flows, shape (n,)."""

    temp_c: Floats
    flow_max_m3_per_h: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A room with one thermal node, heated or cooled; `discomfort_per_k_hour` None makes its band a wish."""

    id: str
    heats: bool
    electric_kw_max: float
    cop: Floats
    thermal_capacity_kwh_per_k: float
    thermal_resistance_k_per_kw: float
    outdoor_temp_c: Floats
    gain_kw: Floats
    temp_initial_c: float
    temp_min_c: Floats  # -inf: no lower end
    temp_max_c: Floats  # +inf: no upper end
    electric_kw_min: float = 0.0
    discomfort_per_k_hour: float | None = None
    min_on_slots: int = 1
    min_off_slots: int = 1
    initial_on_slots: int = 0  # > 0: on before slot 0 for that many slots
    initial_off_slots: int | None = None  # None: off for long enough
    supply_air: SupplyAir | None = None  # None: no limit but the machine's own power
    outdoor_air_m3_per_h: Floats | None = None  # None: no ventilation beyond what the resistance holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """A mixed hot-water tank; `draw_kwh` is the heat taken in each slot."""

    id: str
    volume_l: float
    temp_initial_c: float
    temp_min_c: Floats  # -inf: no lower end
    temp_max_c: Floats  # +inf: no upper end
    electric_kw_max: float
    ambient_c: Floats
    draw_kwh: Floats
    cop: Floats
    loss_kw_per_k: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighting:
    """A dimmable group of lamps that covers what daylight leaves of the required lux."""

    id: str
    rated_kw: float
    lux_at_rated: float
    daylight_lux: Floats
    required_lux: Floats
    dim_fraction_max: float = 0.0
    discomfort_per_kwh: float = 0.0

    def full_kw(self) -> Floats:
        """Power that gives all the required lux [kW], shape (n,)."""
        return self._power_kw(self.required_lux)

    def floor_kw(self) -> Floats:
        """Power that gives the lux which may not be given up [kW], shape (n,)."""
        return self._power_kw(self.required_lux * (1.0 - self.dim_fraction_max))

    def _power_kw(self, lux: Floats) -> Floats:
        missing_lux = np.maximum(0.0, lux - self.daylight_lux)
        return np.asarray(np.minimum(self.rated_kw, missing_lux * (self.rated_kw / self.lux_at_rated)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load of which a share may be shed at a price."""

    id: str
    power_kw: Floats
    curtailable_fraction: float = 0.0
    discomfort_per_kwh: float = 0.0

    def full_kw(self) -> Floats:
        """Power wanted [kW], shape (n,)."""
        return self.power_kw

    def floor_kw(self) -> Floats:
        """Power below which shedding counts as lost load [kW], shape (n,)."""
        return np.asarray(self.power_kw * (1.0 - self.curtailable_fraction))


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """A programme (`profile_kw`) that runs once, or blocks of `block_kw` for `slots_required` slots, in a window."""

    id: str
    latest_end_slot: int
    profile_kw: Floats | None = None  # None: a block appliance
    block_kw: float = 0.0
    slots_required: int = 0
    min_run_slots: int = 1
    starts_max: int | None = None  # None: any number of starts
    earliest_slot: int = 0
    optional: bool = False
    value: float = 0.0
    running_since_slots: int = 0  # > 0: it was on before slot 0 for that many slots
    slots_done: int = 0  # block slots already run


@dataclass(frozen=True, slots=True, kw_only=True)
class Chp:
    """A machine that makes heat and power; its heat enters the tank or zone `feeds` (None: it is lost)."""

    id: str
    electric_kw_max: float
    electrical_efficiency: float
    fuel_price_per_kwh: Floats
    electric_kw_min: float = 0.0
    thermal_efficiency: float = 0.0
    min_on_slots: int = 1
    min_off_slots: int = 1
    initial_on_slots: int = 0  # > 0: on before slot 0 for that many slots
    initial_off_slots: int | None = None  # None: off for long enough
    feeds: str | None = None

    @property
    def heat_per_electric(self) -> float:
        """Heat made beside one kWh of electricity [kWh]."""
        return self.thermal_efficiency / self.electrical_efficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class Hydrogen:
    """Electrolyser, store and fuel cell; `level` is a fraction of `capacity_kwh`."""

    id: str
    electrolyser_kw_max: float
    electrolyser_efficiency: float
    fuel_cell_kw_max: float
    fuel_cell_efficiency: float
    capacity_kwh: float
    level_initial: float
    level_final_min: float | None = None  # None: no wish for the end


Device = Pv | Battery | Ev | Zone | Tank | Lighting | Load | Appliance | Chp | Hydrogen
