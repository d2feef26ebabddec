"""The configuration of a home: one TOML, read strictly, with all errors at once."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hems.site.home import (
    ApplianceUnit,
    BatteryUnit,
    ComfortPeriod,
    EvUnit,
    Home,
    LightingUnit,
    PvUnit,
    Unit,
    ZoneUnit,
)
from wire.slots import ALLOWED_MINUTES


class ConfigError(Exception):
    """A configuration that cannot be used: every finding, each with its place and what to do."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        raise ValueError(f"no time zone {name!r}: use a name such as Europe/Berlin") from None
    return name


Id = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NotNegative = Annotated[float, Field(ge=0, le=1e6)]
Hour = Annotated[float, Field(ge=0, le=24)]
Port = Annotated[int, Field(ge=1, le=65535)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class HomeTable(_Table):
    """`[home]`."""

    meter: Id
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    slot_minutes: Literal[ALLOWED_MINUTES] = 15  # type: ignore[valid-type]
    import_limit_kw: Positive = 17.0
    export_limit_kw: Positive = 17.0
    building: Literal["home", "office"] = "home"
    state_dir: Path


class MeterTable(_Table):
    """`[meter]`: the site meter over Modbus TCP."""

    host: str = "127.0.0.1"
    port: Port = 502
    device_id: Annotated[int, Field(ge=1, le=247)] = 1
    power_sign: Literal[1, -1] = 1


class MarketTable(_Table):
    """`[market]`: the community; without it the home only optimises against its tariff."""

    community: Id
    broker_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class PricePeriod(_Table):
    """`[[tariff.period]]`: prices between two local hours."""

    from_hour: Hour
    to_hour: Hour
    import_price_per_kwh: float
    export_price_per_kwh: float


class TariffTable(_Table):
    """`[tariff]`: constant prices, with periods of the day, or a CSV of time_utc and both prices."""

    import_price_per_kwh: float | None = None
    export_price_per_kwh: float = 0.0
    file: Path | None = None
    period: tuple[PricePeriod, ...] = ()

    @model_validator(mode="after")
    def _is_told(self) -> "TariffTable":
        if self.file is None and self.import_price_per_kwh is None:
            raise ValueError("give import_price_per_kwh, or file with the columns of a price CSV")
        return self


class _DeviceTable(_Table):
    id: Id
    host: str | None = None
    port: Port | None = None
    device_id: Annotated[int, Field(ge=1, le=247)]


class PvTable(_DeviceTable):
    """A PV inverter."""

    kind: Literal["pv"]
    peak_kw: Positive = 1e3


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
    reserve_soc: Fraction | None = None

    @model_validator(mode="after")
    def _has_room(self) -> "BatteryTable":
        if self.soc_min >= self.soc_max:
            raise ValueError(f"soc_min {self.soc_min} has to be below soc_max {self.soc_max}")
        return self


class EvTable(_DeviceTable):
    """A charging point."""

    kind: Literal["ev"]
    charge_kw_max: Positive
    charge_kw_min: NotNegative = 0.0


class ComfortTable(_Table):
    """`comfort` of a zone."""

    from_hour: Hour
    to_hour: Hour
    temp_min_c: Annotated[float, Field(ge=-50, le=60)]
    temp_max_c: Annotated[float, Field(ge=-50, le=60)]


class ZoneTable(_DeviceTable):
    """A heat pump with its zone."""

    kind: Literal["zone"]
    mode: Literal["heat", "cool"]
    electric_kw_max: Positive
    electric_kw_min: NotNegative = 0.0
    cop: Positive
    thermal_capacity_kwh_per_k: Positive
    thermal_resistance_k_per_kw: Positive
    gain_kw: float = 0.0
    discomfort_per_k_hour: NotNegative | None = None
    comfort: tuple[ComfortTable, ...] = Field(min_length=1)


class LightingTable(_DeviceTable):
    """Dimmable lighting."""

    kind: Literal["lighting"]
    rated_kw: Positive
    lux_at_rated: Positive
    required_lux: NotNegative
    dim_fraction_max: Fraction = 0.0
    discomfort_per_kwh: NotNegative = 0.0


class ApplianceTable(_DeviceTable):
    """An appliance with a programme."""

    kind: Literal["appliance"]
    quarter_hour_kw: tuple[NotNegative, ...] = Field(min_length=1, max_length=96)
    earliest_hour: Hour = 0.0
    latest_end_hour: Hour = 24.0


DeviceTable = Annotated[
    PvTable | BatteryTable | EvTable | ZoneTable | LightingTable | ApplianceTable, Field(discriminator="kind")
]


class ControlTable(_Table):
    """`[control]`: how often devices are told, and how long before the gate a home plans [s]."""

    tick_s: Annotated[int, Field(ge=1, le=60)] = 20
    plan_lead_s: Annotated[int, Field(ge=5, le=3600)] = 120
    horizon_hours: Annotated[int, Field(ge=2, le=48)] = 24


class ClockTable(_Table):
    """`[clock]`: `driven` only for accelerated demos, where a coordinator announces the time."""

    mode: Literal["system", "driven"] = "system"


class HomeConfig(_Table):
    """The whole file."""

    home: HomeTable
    meter: MeterTable
    tariff: TariffTable
    market: MarketTable | None = None
    device: tuple[DeviceTable, ...] = ()
    control: ControlTable = ControlTable()
    clock: ClockTable = ClockTable()

    @model_validator(mode="after")
    def _ids_differ(self) -> "HomeConfig":
        ids = [device.id for device in self.device]
        if len(set(ids)) < len(ids):
            raise ValueError(f"device ids have to differ: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}")
        return self

    def as_home(self) -> Home:
        """The home that the planner sees."""
        return Home(
            meter=self.home.meter,
            timezone=self.home.timezone,
            slot_minutes=self.home.slot_minutes,
            import_limit_kw=self.home.import_limit_kw,
            export_limit_kw=self.home.export_limit_kw,
            units=tuple(_unit(device) for device in self.device),
        )


def _unit(device: _DeviceTable) -> Unit:
    static = device.model_dump(exclude={"kind", "host", "port", "device_id"})
    match device:
        case PvTable():
            return PvUnit(**static)
        case BatteryTable():
            return BatteryUnit(**static)
        case EvTable():
            return EvUnit(**static)
        case ZoneTable():
            return ZoneUnit(**{**static, "comfort": tuple(ComfortPeriod(**c.model_dump()) for c in device.comfort)})
        case LightingTable():
            return LightingUnit(**static)
        case ApplianceTable():
            return ApplianceUnit(**static)
    raise AssertionError(f"no unit for {device!r}")


def parse_config(text: str, where: str) -> HomeConfig:
    """The configuration in a TOML text; `where` names it in messages.

    Raises: ConfigError with every finding.
    """
    try:
        return HomeConfig.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from None
    except ValidationError as error:
        found = [_finding(where, tuple(e["loc"]), e["type"], e["msg"]) for e in error.errors(include_url=False)]
        raise ConfigError("\n".join(found)) from None


def _finding(where: str, loc: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ".".join(str(part) for part in loc) or "file"
    if kind == "extra_forbidden":
        message = "unknown key: remove it or correct its spelling"
    elif kind == "missing":
        message = "missing: add it"
    return f"{where}: {path}: {message.removeprefix('Value error, ')}"


def resolved(base: Path, path: Path) -> Path:
    """A path of the file, relative ones starting at the file's folder."""
    return path if path.is_absolute() else base / path
