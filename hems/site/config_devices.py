"""The `[[device]]` tables of a home's configuration, one per kind, and the units that the planner sees of them."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from hems.site.config_fields import (
    Fraction,
    Hour,
    Id,
    NotNegative,
    Port,
    Positive,
    Table,
    ToHour,
    at_least,
    at_most,
    hours_between,
    whole_or_none,
)
from hems.site.config_meter import Place, Quantity, TemplateName, Topic, ValueTable
from hems.site.home import (
    PEAK_UNKNOWN_KW,
    AdaptivePeriod,
    ApplianceUnit,
    BatteryUnit,
    ComfortPeriod,
    EvUnit,
    LightingUnit,
    PvUnit,
    Unit,
    ZoneUnit,
)


class _PlacedTable(Table):
    id: Id
    host: str | None = None
    port: Port | None = None


class _DeviceTable(_PlacedTable):
    device_id: Annotated[int, Field(ge=1, le=247)]


class _MqttDeviceTable(_PlacedTable):
    """A device that may also be reached over MQTT: by a template instead of a device id."""

    device_id: Annotated[int, Field(ge=1, le=247)] | None = None
    template: TemplateName | None = None
    topic: Topic | None = None
    fill: dict[Id, Place] = Field(default_factory=dict)
    value: dict[Quantity, ValueTable] = Field(default_factory=dict)

    @field_validator("template")
    @classmethod
    def _has_one_place(cls, template: str | None, info: ValidationInfo) -> str | None:
        if "device_id" in info.data and (template is None) == (info.data["device_id"] is None):
            raise ValueError("give device_id (Modbus), or template and topic (MQTT), one of them")
        return template


class PvTable(_MqttDeviceTable):
    """A PV inverter. Over MQTT its production is read; it is then never curtailed."""

    kind: Literal["pv"]
    peak_kw: Positive = PEAK_UNKNOWN_KW


class BatteryTable(_DeviceTable):
    """A battery."""

    kind: Literal["battery"]
    capacity_kwh: Positive
    charge_kw_max: Positive
    discharge_kw_max: Positive
    charge_efficiency: Annotated[float, Field(gt=0, le=1)] = 1.0
    discharge_efficiency: Annotated[float, Field(gt=0, le=1)] = 1.0
    soc_min: Fraction = 0.0
    soc_max: Fraction = 1.0
    wear_per_kwh: NotNegative = 0.0
    reserve_soc: Annotated[Fraction | None, at_least("soc_min"), at_most("soc_max")] = None

    @field_validator("soc_max")
    @classmethod
    def _has_room(cls, soc_max: float, info: ValidationInfo) -> float:
        soc_min = info.data.get("soc_min")
        if soc_min is not None and soc_min >= soc_max:
            raise ValueError(f"soc_min {soc_min} has to be below soc_max {soc_max}")
        return soc_max


class EvTable(_DeviceTable):
    """A charging point."""

    kind: Literal["ev"]
    charge_kw_max: Positive
    charge_kw_min: Annotated[NotNegative, at_most("charge_kw_max")] = 0.0
    capacity_kwh: Positive | None = None


class ComfortTable(Table):
    """`comfort` of a zone: fixed limits, or by the weather so that `adaptive` per cent of people accept it."""

    from_hour: Hour
    to_hour: ToHour
    temp_min_c: Annotated[float | None, Field(ge=-50, le=60)] = None
    temp_max_c: Annotated[float | None, Field(ge=-50, le=60), at_least("temp_min_c")] = None
    adaptive: Annotated[Literal[80, 90] | None, BeforeValidator(whole_or_none)] = None
    offset_k: Annotated[float, Field(ge=-5, le=5)] = 0.0
    air_speed_m_s: Annotated[float, Field(ge=0, le=1.2)] = 0.0

    @field_validator("adaptive")
    @classmethod
    def _has_a_band(cls, adaptive: int | None, info: ValidationInfo) -> int | None:
        limits = [info.data.get(name, 0.0) for name in ("temp_min_c", "temp_max_c")]  # a wrong one is named itself
        if adaptive is None and None in limits:
            raise ValueError("give temp_min_c and temp_max_c, or adaptive = 80 (or 90) for a band by the weather")
        return adaptive

    @field_validator("offset_k", "air_speed_m_s")
    @classmethod
    def _shifts_a_band(cls, value: float, info: ValidationInfo) -> float:
        if value != 0.0 and "adaptive" in info.data and info.data["adaptive"] is None:
            raise ValueError(
                "is for an adaptive band only: give adaptive = 80 (or 90), or move temp_min_c, temp_max_c"
            )
        return value

    def as_period(self) -> ComfortPeriod:
        """The period that planner and rules see."""
        hours = {"from_hour": self.from_hour, "to_hour": self.to_hour}
        given = {"temp_min_c": self.temp_min_c, "temp_max_c": self.temp_max_c}
        limits = {name: limit for name, limit in given.items() if limit is not None}
        if self.adaptive is None:
            return ComfortPeriod(**hours, **limits)
        return AdaptivePeriod(
            **hours,
            **limits,
            acceptability=self.adaptive,
            offset_k=self.offset_k,
            air_speed_m_s=self.air_speed_m_s,
        )


class ZoneTable(_DeviceTable):
    """A heat pump with its zone."""

    kind: Literal["zone"]
    mode: Literal["heat", "cool"]
    electric_kw_max: Positive
    electric_kw_min: Annotated[NotNegative, at_most("electric_kw_max")] = 0.0
    cop: Positive
    thermal_capacity_kwh_per_k: Positive
    thermal_resistance_k_per_kw: Positive
    gain_kw: float = 0.0
    discomfort_per_k_hour: NotNegative | None = None
    comfort: tuple[ComfortTable, ...] = Field(min_length=1, strict=False)


class LightingTable(_DeviceTable):
    """Dimmable lighting."""

    kind: Literal["lighting"]
    rated_kw: Positive
    lux_at_rated: Positive
    required_lux: NotNegative
    dim_fraction_max: Fraction = 0.0
    discomfort_per_kwh: NotNegative = 0.0


class ApplianceTable(_MqttDeviceTable):
    """An appliance with a programme; its window may pass midnight. Over MQTT a relay starts and stops it."""

    kind: Literal["appliance"]
    quarter_hour_kw: tuple[NotNegative, ...] = Field(min_length=1, max_length=96, strict=False)
    earliest_hour: Hour = 0.0
    latest_end_hour: Hour = 24.0

    @field_validator("latest_end_hour")
    @classmethod
    def _has_time(cls, latest_end_hour: float, info: ValidationInfo) -> float:
        programme, earliest_hour = info.data.get("quarter_hour_kw"), info.data.get("earliest_hour")
        if programme is None or earliest_hour is None:
            return latest_end_hour
        needed_h, window_h = len(programme) / 4.0, hours_between(earliest_hour, latest_end_hour)
        if needed_h > window_h:
            raise ValueError(
                f"the programme takes {needed_h:g} h, the window from {earliest_hour:g} to {latest_end_hour:g} has "
                f"{window_h:g} h: widen it"
            )
        return latest_end_hour


DeviceTable = Annotated[
    PvTable | BatteryTable | EvTable | ZoneTable | LightingTable | ApplianceTable, Field(discriminator="kind")
]


def unit_of(device: DeviceTable) -> Unit:
    static = device.model_dump(exclude={"kind", "host", "port", "device_id", "template", "topic", "fill", "value"})
    match device:
        case PvTable():
            return PvUnit(**static, curtailable=device.template is None)
        case BatteryTable():
            return BatteryUnit(**static)
        case EvTable():
            return EvUnit(**static)
        case ZoneTable():
            return ZoneUnit(**{**static, "comfort": tuple(c.as_period() for c in device.comfort)})
        case LightingTable():
            return LightingUnit(**static)
        case ApplianceTable():
            return ApplianceUnit(**static)
    raise AssertionError(f"no unit for {device!r}")
