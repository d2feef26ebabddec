"""`scenario.json` of a scenario folder (INTERFACES 4) as a checked model."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from twin.asset_homes import meter_name
from twin.errors import InputError


class _Closed(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class CarSession(_Closed):
    """One charging session of a scenario."""

    arrival: AwareDatetime
    departure: AwareDatetime
    energy_kwh: float = Field(ge=0, allow_inf_nan=False)


class PvEntry(_Closed):
    """A PV system; its output is the household's `pv_kw`."""

    kind: Literal["pv"]
    id: str


class BatteryEntry(_Closed):
    """A battery with the keys of the planning case."""

    kind: Literal["battery"]
    id: str
    capacity_kwh: float = Field(gt=0)
    charge_kw_max: float = Field(ge=0)
    discharge_kw_max: float = Field(ge=0)
    charge_efficiency: float = Field(default=1.0, gt=0, le=1)
    discharge_efficiency: float = Field(default=1.0, gt=0, le=1)
    soc_min: float = Field(default=0.0, ge=0, le=1)
    soc_max: float = Field(default=1.0, ge=0, le=1)
    soc_initial: float = Field(ge=0, le=1)
    wear_per_kwh: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _has_a_band(self) -> Self:
        if self.soc_min > self.soc_max:
            raise ValueError("soc_min is above soc_max")
        return self


class EvEntry(_Closed):
    """A charging point with its sessions."""

    kind: Literal["ev"]
    id: str
    charge_kw_max: float = Field(gt=0)
    sessions: tuple[CarSession, ...]

    @model_validator(mode="after")
    def _one_car_at_a_time(self) -> Self:
        if any(s.departure <= s.arrival for s in self.sessions):
            raise ValueError("a session departs before it arrives")
        if any(after.arrival < before.departure for before, after in pairwise(self.sessions)):
            raise ValueError("sessions overlap or are not in order of arrival")
        return self


class HomeEntry(_Closed):
    """One home of a scenario."""

    household_id: str
    devices: tuple[Annotated[PvEntry | BatteryEntry | EvEntry, Field(discriminator="kind")], ...]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        _unique("devices", (device.id for device in self.devices))
        return self


class MarketEntry(_Closed):
    """Market settings of a scenario."""

    gate_lead_minutes: float = Field(default=0, ge=0)


class StoredEntry(_Closed):
    """Worth of stored energy at the end."""

    missing_per_kwh: float = Field(allow_inf_nan=False)
    extra_per_kwh: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _storing_is_no_trade(self) -> Self:
        if self.extra_per_kwh > self.missing_per_kwh:
            raise ValueError("extra_per_kwh is above missing_per_kwh")
        return self


class ScenarioFile(_Closed):
    """`scenario.json`."""

    name: str
    slot_minutes: int
    start: AwareDatetime
    days: int = Field(ge=1)
    warm_up_days: int = Field(ge=0)
    history_days: int = Field(ge=0)
    tariff_known_hours: float = Field(gt=0)
    market: MarketEntry = MarketEntry()
    stored_energy: StoredEntry
    homes: tuple[HomeEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _homes_differ(self) -> Self:
        _unique("homes", (meter_name(home.household_id) for home in self.homes))
        return self


def scenario_file(path: Path) -> ScenarioFile:
    """The checked content of a file. Raises: InputError with all findings."""
    try:
        return ScenarioFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}; name a scenario folder") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, "", f"is not JSON: {error}; mend it there") from None
    except ValidationError as error:
        findings = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_url=False)
        ]
        raise InputError(path, "", "; ".join(findings)) from None


def _unique(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} have the same name: {', '.join(twice)}")
