"""A scenario folder (INTERFACES 4) as a world."""

import csv
import gzip
import json
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hems.site.home import BatteryUnit, EvUnit, Home, PvUnit, Unit
from twin.errors import InputError
from twin.timeseries import read_households
from twin.world import CarStay, StoredEnergy, TwinHome, World
from wire.slots import Slot, epoch_s, parse_utc

Floats = NDArray[np.float64]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class CarSession(_Closed):
    """One charging session of a scenario."""

    arrival: AwareDatetime
    departure: AwareDatetime
    energy_kwh: float = Field(ge=0)


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


class EvEntry(_Closed):
    """A charging point with its sessions."""

    kind: Literal["ev"]
    id: str
    charge_kw_max: float = Field(gt=0)
    sessions: tuple[CarSession, ...]


class HomeEntry(_Closed):
    """One home of a scenario."""

    household_id: str
    devices: tuple[PvEntry | BatteryEntry | EvEntry, ...]


class MarketEntry(_Closed):
    """Market settings of a scenario."""

    gate_lead_minutes: float = Field(default=0, ge=0)


class StoredEntry(_Closed):
    """Worth of stored energy at the end."""

    missing_per_kwh: float
    extra_per_kwh: float


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


def read_scenario(folder: Path) -> World:
    """The world of a scenario folder.

    Raises: InputError that names the file, what is wrong and what to do.
    """
    given = _scenario_file(folder / "scenario.json")
    try:
        counted = Slot(epoch_s(given.start), given.slot_minutes)
    except ValueError as error:
        raise InputError(folder / "scenario.json", "start", str(error)) from None
    per_day = 24 * 60 // given.slot_minutes
    history, warm_up = given.history_days * per_day, given.warm_up_days * per_day
    first = counted.shifted(-history - warm_up)
    total = history + warm_up + given.days * per_day
    households = read_households(folder / "households.csv.gz")
    homes = []
    for entry in given.homes:
        series = households.get(entry.household_id)
        if series is None:
            raise InputError(folder / "households.csv.gz", "household_id", f"{entry.household_id} has no rows")
        offset = (first.start_s - series.start_epoch_s) // first.duration_s
        load, pv = series.load_kw[max(offset, 0) :][:total], series.pv_kw[max(offset, 0) :][:total]
        if series.slot_s != first.duration_s or offset < 0 or len(load) < total:
            needed = f"{total} slots of {given.slot_minutes} min from {first.label}"
            raise InputError(folder / "households.csv.gz", entry.household_id, f"does not cover {needed}")
        homes.append(_home(entry, given.slot_minutes, load, pv))
    retail, feed_in = _prices(folder / "prices.csv.gz", first, total, from_index=history)
    return World(
        name=given.name,
        first=first,
        history_slots=history,
        warm_up_slots=warm_up,
        counted_slots=given.days * per_day,
        homes=tuple(homes),
        retail_per_kwh=retail,
        feed_in_per_kwh=feed_in,
        stored=StoredEnergy(
            missing_per_kwh=given.stored_energy.missing_per_kwh, extra_per_kwh=given.stored_energy.extra_per_kwh
        ),
        gate_lead_s=round(given.market.gate_lead_minutes * 60),
        tariff_known_slots=round(given.tariff_known_hours * 60 / given.slot_minutes),
    )


def _scenario_file(path: Path) -> ScenarioFile:
    try:
        return ScenarioFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}; name a scenario folder") from None
    except json.JSONDecodeError as error:
        raise InputError(path, "", f"is not JSON: {error}") from None
    except ValidationError as error:
        findings = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_url=False)
        ]
        raise InputError(path, "", "; ".join(findings)) from None


def _home(entry: HomeEntry, slot_minutes: int, load_kw: Floats, pv_kw: Floats) -> TwinHome:
    units: list[Unit] = []
    stays: dict[str, tuple[CarStay, ...]] = {}
    soc: dict[str, float] = {}
    for device in entry.devices:
        match device:
            case PvEntry():
                units.append(PvUnit(id=device.id))
            case BatteryEntry():
                static = device.model_dump(exclude={"kind", "soc_initial"})
                units.append(BatteryUnit(**static))
                soc[device.id] = device.soc_initial
            case EvEntry():
                units.append(EvUnit(id=device.id, charge_kw_max=device.charge_kw_max))
                stays[device.id] = tuple(
                    CarStay(arrival_s=epoch_s(s.arrival), departure_s=epoch_s(s.departure), energy_kwh=s.energy_kwh)
                    for s in device.sessions
                )
    has_pv = any(isinstance(unit, PvUnit) for unit in units)
    home = Home(
        meter=entry.household_id.lower(),
        slot_minutes=slot_minutes,
        import_limit_kw=100.0,
        export_limit_kw=100.0,
        units=tuple(units),
    )
    return TwinHome(
        home=home, load_kw=load_kw, pv_kw=pv_kw if has_pv else np.zeros_like(pv_kw), stays=stays, soc_initial=soc
    )


def _prices(path: Path, first: Slot, total: int, *, from_index: int) -> tuple[Floats, Floats]:
    retail, feed_in = np.full(total, np.nan), np.full(total, np.nan)
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                index = (parse_utc(row["time_utc"]) - first.start_s) // first.duration_s
                if 0 <= index < total:
                    retail[index] = float(row["import_price_per_kwh"])
                    feed_in[index] = float(row["export_price_per_kwh"])
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error}") from None
    except (KeyError, ValueError, TypeError) as error:
        needed = "columns time_utc, import_price_per_kwh, export_price_per_kwh"
        raise InputError(path, "", f"needs {needed} ({error})") from None
    missing = np.flatnonzero(np.isnan(retail[from_index:]) | np.isnan(feed_in[from_index:]))
    if len(missing):
        gap = first.shifted(from_index + int(missing[0])).label
        raise InputError(path, "time_utc", f"has no price for {gap} ({len(missing)} slots in all)")
    return retail, feed_in
