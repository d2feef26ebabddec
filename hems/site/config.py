"""The configuration of a home: one TOML, read strictly, with all errors at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from hems.site.config_devices import DeviceTable, unit_of
from hems.site.config_fields import Table
from hems.site.config_grid import GridLimitTable
from hems.site.config_home_assistant import HomeAssistantTable
from hems.site.config_meter import MeterTable, ModbusMeterTable, MqttTable
from hems.site.config_page import PageTable
from hems.site.config_site import (
    ClockTable,
    ControlTable,
    HomeTable,
    MarketTable,
    PricePeriod,
    TariffTable,
    WeatherTable,
)
from hems.site.config_telemetry import TelemetryTable
from hems.site.home import Home

__all__ = [
    "ConfigError",
    "HomeAssistantTable",
    "HomeConfig",
    "MarketTable",
    "PricePeriod",
    "TariffTable",
    "WeatherTable",
    "config_from",
    "parse_config",
    "resolved",
]

METER_KINDS = (("modbus",), ("mqtt",), ("p1",))
GRID_KINDS = (("signal",), ("contact",))


class ConfigError(Exception):
    """A configuration that cannot be used: every finding, each with its place and what to do."""


class HomeConfig(Table):
    """The whole file."""

    home: HomeTable
    meter: MeterTable
    mqtt: MqttTable = MqttTable()
    tariff: TariffTable
    market: MarketTable | None = None
    weather: WeatherTable | None = None
    page: PageTable | None = None
    home_assistant: HomeAssistantTable | None = None
    device: tuple[DeviceTable, ...] = Field(default=(), strict=False)
    control: ControlTable = ControlTable()
    clock: ClockTable = ClockTable()
    grid_limit: GridLimitTable | None = None
    telemetry: TelemetryTable | None = None

    @property
    def site(self) -> str:
        """What the home is called in telemetry."""
        named = None if self.telemetry is None else self.telemetry.site
        return named or self.home.meter

    @property
    def readings_file(self) -> str:
        """The file of the state directory that holds the meter's readings: that of the process that keeps them."""
        return "ems.db" if self.market is None else "meter.db"

    @field_validator("device")
    @classmethod
    def _is_reachable(cls, devices: tuple[DeviceTable, ...], info: ValidationInfo) -> tuple[DeviceTable, ...]:
        """A Modbus device is reached at the meter's host only where the meter has one on Modbus."""
        meter = info.data.get("meter")
        if meter is not None and not isinstance(meter, ModbusMeterTable):
            lost = [d.id for d in devices if d.device_id is not None and d.host is None]
            if lost:
                raise ValueError(f"{', '.join(lost)}: give host and port, the meter is not on Modbus")
        return devices

    @field_validator("clock")
    @classmethod
    def _clock_fits(cls, clock: ClockTable, info: ValidationInfo) -> ClockTable:
        meter = info.data.get("meter")
        if clock.mode == "driven" and meter is not None and not isinstance(meter, ModbusMeterTable):
            raise ValueError('mode "driven" is for demos with simulated meters on Modbus: leave [clock] out')
        return clock

    @field_validator("grid_limit")
    @classmethod
    def _has_a_real_clock(cls, table: GridLimitTable | None, info: ValidationInfo) -> GridLimitTable | None:
        clock = info.data.get("clock")
        if table is not None and clock is not None and clock.mode == "driven":
            raise ValueError("a limit is heard in real time, [clock] is driven: leave one of them out")
        return table

    @field_validator("market")
    @classmethod
    def _proposes_to_others(cls, market: MarketTable | None, info: ValidationInfo) -> MarketTable | None:
        home = info.data.get("home")
        wishes = () if market is None or market.contracts is None else market.contracts.proposal
        if home is not None and any(wish.counterparty == home.meter for wish in wishes):
            raise ValueError(f"contracts.proposal: {home.meter} is this home itself: name another member")
        return market

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
            units=tuple(unit_of(device) for device in self.device),
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


def parse_config(text: str, where: str) -> HomeConfig:
    """The configuration in a TOML text; `where` names it in messages.

    Raises: ConfigError with every finding.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}; correct that line") from None
    return config_from(tables, where)


def config_from(tables: Mapping[str, Any], where: str) -> HomeConfig:
    """The configuration in tables; `where` names them in messages.

    Raises: ConfigError with every finding.
    """
    try:
        return HomeConfig.model_validate(tables)
    except ValidationError as error:
        found = [_finding(where, tuple(e["loc"]), e["type"], e["msg"]) for e in error.errors(include_url=False)]
        raise ConfigError("\n".join(found)) from None


_IN_RANGE, _LISTED = "give a value in that range, in the unit that the key ends with", "use one of them"
_REMEDIES = {
    "int_type": "write a whole number without quotes",
    "float_type": "write a number without quotes",
    "bool_type": "write true or false without quotes",
    "string_type": "write text in quotes",
    "tuple_type": "write a list in square brackets",
    "string_pattern_mismatch": "keep to that pattern, without blanks around it",
    "literal_error": _LISTED,
    "union_tag_invalid": _LISTED,
    "union_tag_not_found": "add kind, one of those that docs/configuration.md lists",
    "finite_number": "write a number such as 10.0",
    "greater_than": _IN_RANGE,
    "greater_than_equal": _IN_RANGE,
    "less_than": _IN_RANGE,
    "less_than_equal": _IN_RANGE,
}


def _finding(where: str, loc: tuple[int | str, ...], kind: str, message: str) -> str:
    if loc[:1] == ("meter",) and loc[1:2] in METER_KINDS:
        loc = ("meter", *loc[2:])  # the kind stands in the table, not in the path of its keys
    if loc[:1] == ("grid_limit",) and loc[1:2] in GRID_KINDS:
        loc = ("grid_limit", *loc[2:])
    path = ".".join(str(part) for part in loc) or "file"
    if kind == "extra_forbidden":
        message = "unknown key: remove it or correct its spelling"
    elif kind == "missing":
        message = "missing: add it"
    elif kind in _REMEDIES:
        message = f"{message}; {_REMEDIES[kind]}"
    return f"{where}: {path}: {message.removeprefix('Value error, ')}"


def resolved(base: Path, path: Path) -> Path:
    """A path of the file, relative ones starting at the file's folder."""
    return path if path.is_absolute() else base / path
