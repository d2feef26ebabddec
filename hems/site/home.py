"""What is installed in a home and what its people wish for: the static part of every planning problem."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from hems.site.comfort import Acceptability, adaptive_band

PEAK_UNKNOWN_KW = 1e3  # of a roof whose peak is not configured


@dataclass(frozen=True, slots=True, kw_only=True)
class PvUnit:
    """A PV inverter; what it could give is measured and forecast. One that takes no commands is not `curtailable`."""

    id: str
    peak_kw: float = PEAK_UNKNOWN_KW
    curtailable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUnit:
    """A battery with its inverter, powers on the AC side."""

    id: str
    capacity_kwh: float
    charge_kw_max: float
    discharge_kw_max: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    soc_min: float = 0.0
    soc_max: float = 1.0
    wear_per_kwh: float = 0.0
    reserve_soc: float | None = None  # None: no reserve wished


@dataclass(frozen=True, slots=True, kw_only=True)
class EvUnit:
    """A charging point; `capacity_kwh` is the usable battery of the car that charges there."""

    id: str
    charge_kw_max: float
    charge_kw_min: float = 0.0
    capacity_kwh: float | None = None  # None: not told, charge is counted in kWh only


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortPeriod:
    """A band of room temperature [degC] from one local hour of the day (included) to another (excluded)."""

    from_hour: float
    to_hour: float
    temp_min_c: float
    temp_max_c: float

    def holds_at(self, hour: float) -> bool:
        """Whether a local hour of the day (0..24) lies in the period, which may pass midnight."""
        if self.from_hour <= self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return hour >= self.from_hour or hour < self.to_hour

    def band_c(self, outdoor_mean_c: float) -> tuple[float, float]:
        """(lowest, highest) room temperature [degC] after days of this prevailing mean outdoor temperature."""
        del outdoor_mean_c  # a band of fixed temperatures holds in any weather
        return self.temp_min_c, self.temp_max_c


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptivePeriod(ComfortPeriod):
    """A comfort period whose band follows the weather; the person's own limits narrow it, without them it is as wide
    as the standard's."""

    temp_min_c: float = -math.inf
    temp_max_c: float = math.inf
    acceptability: Acceptability
    offset_k: float = 0.0
    air_speed_m_s: float = 0.0

    def band_c(self, outdoor_mean_c: float) -> tuple[float, float]:
        """What the standard's band and the person's limits have in common; where that is nothing, the limits."""
        band = adaptive_band(
            outdoor_mean_c, self.acceptability, offset_k=self.offset_k, air_speed_m_s=self.air_speed_m_s
        )
        low_c, high_c = max(band.temp_min_c, self.temp_min_c), min(band.temp_max_c, self.temp_max_c)
        return (low_c, high_c) if low_c <= high_c else (self.temp_min_c, self.temp_max_c)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneUnit:
    """A room or house with a heat pump: electrical limits, 1R1C model, comfort."""

    id: str
    mode: str
    electric_kw_max: float
    cop: float
    thermal_capacity_kwh_per_k: float
    thermal_resistance_k_per_kw: float
    comfort: tuple[ComfortPeriod, ...]
    electric_kw_min: float = 0.0
    gain_kw: float = 0.0
    discomfort_per_k_hour: float | None = None  # None: the band is a wish


@dataclass(frozen=True, slots=True, kw_only=True)
class LightingUnit:
    """A dimmable group of lamps with a presence and a daylight sensor."""

    id: str
    rated_kw: float
    lux_at_rated: float
    required_lux: float
    dim_fraction_max: float = 0.0
    discomfort_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceUnit:
    """A programme that runs once a day between two local hours; mean powers [kW] per quarter of an hour."""

    id: str
    quarter_hour_kw: tuple[float, ...]
    earliest_hour: float = 0.0
    latest_end_hour: float = 24.0


Unit = PvUnit | BatteryUnit | EvUnit | ZoneUnit | LightingUnit | ApplianceUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One building: its meter's name in the community, clock, connection and devices."""

    meter: str
    timezone: str = "UTC"
    slot_minutes: int = 15
    import_limit_kw: float = 17.0
    export_limit_kw: float = 17.0
    units: tuple[Unit, ...] = field(default_factory=tuple)

    def local_hour(self, at_s: int) -> float:
        """The local hour of the day at a moment, 0..24."""
        moment = datetime.fromtimestamp(at_s, ZoneInfo(self.timezone))
        return moment.hour + moment.minute / 60.0

    def local_day(self, at_s: int) -> int:
        """The number of the local calendar day at a moment."""
        return datetime.fromtimestamp(at_s, ZoneInfo(self.timezone)).toordinal()

    @property
    def slot_h(self) -> float:
        """Slot length [h]."""
        return self.slot_minutes / 60.0

    @property
    def slot_s(self) -> int:
        """Slot length [s]."""
        return self.slot_minutes * 60
