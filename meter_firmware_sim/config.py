"""Configuration of the stand-alone simulator, from a TOML file; all its mistakes are told at once."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from meter_firmware_sim.device import NAMEPLATES, Nameplate
from meter_firmware_sim.faults import FAULTS, FaultKind, ScheduledFault, parameter_problem
from meter_firmware_sim.meter import MeterConfig
from meter_firmware_sim.noise import ACCURACY_PPM
from meter_firmware_sim.profiles import PROFILES
from wire.registers import DeviceKind


class ConfigError(ValueError):
    """The configuration cannot be used; each line of the message names a key and what is wrong."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeterTable(_Table):
    """Table [meter]."""

    serial: str = Field(default="SIM00000001", min_length=1, max_length=16)
    slot_s: int = Field(default=900, ge=60, le=3600)
    power_max_w: int = Field(default=30_000, ge=1000, le=10_000_000)
    accuracy_class: Literal["exact", "A", "B", "C"] = "B"
    drift_ppm: int = Field(default=0, ge=-1000, le=1000)
    rtc_battery: bool = True
    import_start_wh: int = Field(default=0, ge=0)
    export_start_wh: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _slots_divide_an_hour(self) -> Self:
        if 3600 % self.slot_s:
            raise ValueError(f"slot_s {self.slot_s} does not divide an hour")
        return self


class ServerTable(_Table):
    """Table [server]."""

    host: str = "127.0.0.1"
    port: int = Field(default=5020, ge=0, le=65535)
    control: bool = True
    state_file: Path | None = None


class DeviceTable(_Table):
    """One [[device]]; with `capacity_kwh` a battery fills and empties, with `peak_kw` panels follow the day."""

    id: int = Field(ge=2, le=246)
    kind: DeviceKind
    capacity_kwh: float | None = Field(default=None, gt=0, le=10_000)
    peak_kw: float | None = Field(default=None, gt=0, le=10_000)

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> Self:
        for key, kind in (("capacity_kwh", DeviceKind.BATTERY), ("peak_kw", DeviceKind.PV)):
            if getattr(self, key) is not None and self.kind is not kind:
                raise ValueError(f"{key} is for a {kind.value}, not for a {self.kind.value}: remove it")
        return self

    def nameplate(self) -> Nameplate:
        """The limits of the device."""
        usual = NAMEPLATES[self.kind]
        if self.capacity_kwh is not None:
            return replace(usual, capacity_wh=round(self.capacity_kwh * 1000))
        if self.peak_kw is not None:
            return replace(usual, power_out_max_w=round(self.peak_kw * 1000))
        return usual


class FaultTable(_Table):
    """One [[fault]]."""

    kind: FaultKind
    device: int = Field(default=1, ge=1, le=246)
    parameter: int | None = None
    after_s: float = Field(default=0, ge=0)
    for_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _parameter_fits(self) -> Self:
        value = FAULTS[self.kind].default if self.parameter is None else self.parameter
        if (problem := parameter_problem(self.kind, value)) is not None:
            raise ValueError(problem)
        if FAULTS[self.kind].meter_only and self.device != 1:
            raise ValueError(f"fault {self.kind.value} exists for the meter (device 1) only")
        return self

    def scheduled(self) -> ScheduledFault:
        """The fault of this table."""
        return ScheduledFault(
            kind=self.kind,
            device_id=self.device,
            parameter=self.parameter,
            after_s=self.after_s,
            for_s=self.for_s,
        )


class SimulatorConfig(_Table):
    """The whole file."""

    profile: str = "home"
    seed: int = 1
    meter: MeterTable = MeterTable()
    server: ServerTable = ServerTable()
    device: list[DeviceTable] = []
    fault: list[FaultTable] = []

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        if self.profile not in PROFILES:
            raise ValueError(f"profile {self.profile!r} does not exist: choose {', '.join(PROFILES)}")
        ids = [d.id for d in self.device]
        if len(set(ids)) < len(ids):
            raise ValueError("two devices have the same id")
        if missing := {f.device for f in self.fault} - {1, *ids}:
            raise ValueError(f"faults name devices that do not exist: {sorted(missing)}")
        return self

    def meter_config(self) -> MeterConfig:
        """Configuration of the meter."""
        return MeterConfig(
            serial=self.meter.serial,
            slot_s=self.meter.slot_s,
            power_max_w=self.meter.power_max_w,
            accuracy_ppm=ACCURACY_PPM[self.meter.accuracy_class],
            seed=self.seed,
            drift_ppm=self.meter.drift_ppm,
            rtc_battery=self.meter.rtc_battery,
            import_start_wh=self.meter.import_start_wh,
            export_start_wh=self.meter.export_start_wh,
        )


def load_config(path: Path) -> SimulatorConfig:
    """Configuration in this TOML file; a relative state file lies beside it.

    Raises: ConfigError naming every mistake.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    config = checked_config(table, str(path))
    if config.server.state_file is None:
        return config
    server = config.server.model_copy(update={"state_file": path.parent / config.server.state_file})
    return config.model_copy(update={"server": server})


def checked_config(table: dict[str, Any], origin: str) -> SimulatorConfig:
    """Configuration out of plain values that came from `origin`. Raises ConfigError naming every mistake."""
    try:
        return SimulatorConfig.model_validate(table)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{origin}: {line}" for line in _findings(error))) from None


def checked_fault(text: str) -> FaultTable:
    """Fault out of `KIND` or `KIND=PARAMETER`, as on the command line. Raises ConfigError."""
    kind, _, parameter = text.partition("=")
    table: dict[str, object] = {"kind": kind}
    if parameter:
        table["parameter"] = parameter
    try:
        return FaultTable.model_validate(table)
    except ValidationError as error:
        lines = "; ".join(_findings(error))
        raise ConfigError(f"fault {text!r}: {lines}; known: {', '.join(FAULTS)}") from None


def _findings(error: ValidationError) -> list[str]:
    lines = []
    for finding in error.errors():
        key = ".".join(str(part) for part in finding["loc"]) or "file"
        lines.append(f"{key}: {finding['msg']}")
    return lines
