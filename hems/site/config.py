"""The configuration of a home: one TOML, read strictly, with all errors at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

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
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the file system may refuse a name, for instance a long one
        raise ValueError(f"no time zone {name!r}: use a name such as Europe/Berlin") from None
    return name


def _whole(value: object) -> object:
    """The value itself. Of the whole numbers that are listed as allowed, true would otherwise count as 1."""
    if type(value) is not int:
        raise ValueError("give a whole number")
    return value


def _at_most(other: str) -> AfterValidator:
    """Refuses a value above that of a field that stands before it; one that is wrong itself is not compared with."""

    def check(value: float | None, info: ValidationInfo) -> float | None:
        limit = info.data.get(other)
        if value is not None and limit is not None and value > limit:
            raise ValueError(f"{value:g} is above {other} {limit:g}: lower it, or raise {other}")
        return value

    return AfterValidator(check)


def _at_least(other: str) -> AfterValidator:
    """Refuses a value below that of a field that stands before it; one that is wrong itself is not compared with."""

    def check(value: float | None, info: ValidationInfo) -> float | None:
        limit = info.data.get(other)
        if value is not None and limit is not None and value < limit:
            raise ValueError(f"{value:g} is below {other} {limit:g}: raise it, or lower {other}")
        return value

    return AfterValidator(check)


def _hours_between(from_hour: float, to_hour: float) -> float:
    """The hours from one local hour of the day to another, which may lie after midnight."""
    return to_hour - from_hour if from_hour <= to_hour else 24.0 - from_hour + to_hour


def _after_from_hour(to_hour: float, info: ValidationInfo) -> float:
    from_hour = info.data.get("from_hour")
    if from_hour is not None and _hours_between(from_hour, to_hour) == 0:
        raise ValueError(f"a period from {from_hour:g} to {to_hour:g} never holds: use 0 and 24 for the whole day")
    return to_hour


Id = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NotNegative = Annotated[float, Field(ge=0, le=1e6)]
Hour = Annotated[float, Field(ge=0, le=24)]
ToHour = Annotated[Hour, AfterValidator(_after_from_hour)]
Port = Annotated[int, Field(ge=1, le=65535)]
FilePath = Annotated[Path, Field(strict=False)]


class _Table(BaseModel):
    """Checks between fields belong to the later field: there they are found beside the mistakes of other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True, validate_default=True)


class HomeTable(_Table):
    """`[home]`."""

    meter: Id
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    slot_minutes: Annotated[Literal[ALLOWED_MINUTES], BeforeValidator(_whole)] = 15  # type: ignore[valid-type]
    import_limit_kw: Positive = 17.0
    export_limit_kw: Positive = 17.0
    building: Literal["home", "office"] = "home"
    state_dir: FilePath


class MeterTable(_Table):
    """`[meter]`: the site meter over Modbus TCP."""

    host: str = "127.0.0.1"
    port: Port = 502
    device_id: Annotated[int, Field(ge=1, le=247)] = 1
    power_sign: Annotated[Literal[1, -1], BeforeValidator(_whole)] = 1


class MarketTable(_Table):
    """`[market]`: the community; without it the home only optimises against its tariff."""

    community: Id
    broker_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None


class PricePeriod(_Table):
    """`[[tariff.period]]`: prices between two local hours."""

    from_hour: Hour
    to_hour: ToHour
    import_price_per_kwh: float
    export_price_per_kwh: float


class TariffTable(_Table):
    """`[tariff]`: constant prices, with periods of the day, or a CSV of time_utc and both prices."""

    file: FilePath | None = None
    import_price_per_kwh: float | None = None
    export_price_per_kwh: float = 0.0
    period: tuple[PricePeriod, ...] = Field(default=(), strict=False)

    @field_validator("import_price_per_kwh")
    @classmethod
    def _is_told(cls, price: float | None, info: ValidationInfo) -> float | None:
        if price is None and "file" in info.data and info.data["file"] is None:
            raise ValueError("give import_price_per_kwh, or file with the columns of a price CSV")
        return price


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
    reserve_soc: Annotated[Fraction | None, _at_least("soc_min"), _at_most("soc_max")] = None

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
    charge_kw_min: Annotated[NotNegative, _at_most("charge_kw_max")] = 0.0


class ComfortTable(_Table):
    """`comfort` of a zone."""

    from_hour: Hour
    to_hour: ToHour
    temp_min_c: Annotated[float, Field(ge=-50, le=60)]
    temp_max_c: Annotated[float, Field(ge=-50, le=60), _at_least("temp_min_c")]


class ZoneTable(_DeviceTable):
    """A heat pump with its zone."""

    kind: Literal["zone"]
    mode: Literal["heat", "cool"]
    electric_kw_max: Positive
    electric_kw_min: Annotated[NotNegative, _at_most("electric_kw_max")] = 0.0
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


class ApplianceTable(_DeviceTable):
    """An appliance with a programme; its window may pass midnight."""

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
        needed_h, window_h = len(programme) / 4.0, _hours_between(earliest_hour, latest_end_hour)
        if needed_h > window_h:
            raise ValueError(
                f"the programme takes {needed_h:g} h, the window from {earliest_hour:g} to {latest_end_hour:g} has "
                f"{window_h:g} h: widen it"
            )
        return latest_end_hour


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
    device: tuple[DeviceTable, ...] = Field(default=(), strict=False)
    control: ControlTable = ControlTable()
    clock: ClockTable = ClockTable()

    @field_validator("device", mode="wrap")
    @classmethod
    def _ids_differ(cls, given: Any, validated: ValidatorFunctionWrapHandler) -> Any:
        """The devices; ids are compared as given, so that a mistake in one device does not hide equal ids."""
        devices, found = (), list[InitErrorDetails]()
        try:
            devices = validated(given)
        except ValidationError as error:
            found = [_again(details) for details in error.errors()]
        if twice := _repeated_ids(given):
            differ = PydanticCustomError("equal_ids", "device ids have to differ: {ids}", {"ids": ", ".join(twice)})
            found.append(InitErrorDetails(type=differ, input=given))
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return devices

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


def _again(details: Any) -> InitErrorDetails:
    """A finding of pydantic, to be raised once more beside others."""
    return InitErrorDetails(
        type=details["type"], loc=details["loc"], input=details["input"], ctx=details.get("ctx", {})
    )


def _repeated_ids(given: Any) -> list[str]:
    """The ids that more than one device has; `given` is what was read, right or wrong."""
    tables = given if isinstance(given, list | tuple) else ()
    ids = [table.get("id") if isinstance(table, Mapping) else getattr(table, "id", None) for table in tables]
    return sorted({i for i in ids if isinstance(i, str) and ids.count(i) > 1})


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
