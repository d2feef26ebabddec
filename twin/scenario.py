"""A scenario folder (INTERFACES 4) as a world."""

import csv
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hems.site.home import BatteryUnit, EvUnit, Home, PvUnit, Unit
from twin.asset_homes import meter_name
from twin.errors import InputError
from twin.neighbourhood.network_file import read_network
from twin.scenario_file import BatteryEntry, CarSession, EvEntry, HomeEntry, PvEntry, scenario_file
from twin.stays import cut_stays
from twin.timeseries import DataError, HouseholdSeries, read_households
from twin.world import CarStay, StoredEnergy, TwinHome, World
from wire.slots import Slot, epoch_s, parse_utc

Floats = NDArray[np.float64]


def read_scenario(folder: Path) -> World:
    """The world of a scenario folder.

    Raises: InputError that names the file, what is wrong and what to do.
    """
    given = scenario_file(folder / "scenario.json")
    try:
        counted = Slot(epoch_s(given.start), given.slot_minutes)
    except ValueError as error:
        raise InputError(folder / "scenario.json", "start", str(error)) from None
    per_day = 24 * 60 // given.slot_minutes
    history, warm_up = given.history_days * per_day, given.warm_up_days * per_day
    first = counted.shifted(-history - warm_up)
    total = history + warm_up + given.days * per_day
    borders_s = (counted.shifted(-warm_up).start_s, counted.start_s, counted.shifted(given.days * per_day).start_s)
    households = measured_households(folder / "households.csv.gz")
    homes = []
    for entry in given.homes:
        series = _covering(folder / "households.csv.gz", households, entry.household_id, first, total)
        homes.append(_home(entry, given.slot_minutes, *series, borders_s))
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
        tariff_note="prices of the scenario",
        neighbourhood=read_network(folder, [twin.name for twin in homes]),
    )


def _covering(
    path: Path, households: dict[str, HouseholdSeries], name: str, first: Slot, total: int
) -> tuple[Floats, Floats]:
    """Load and generation of a household (total,). Raises: InputError when it is not there or too short."""
    series = households.get(name)
    if series is None:
        raise InputError(path, "household_id", f"{name} has no rows; add them or take the home out of scenario.json")
    offset = (first.start_s - series.start_epoch_s) // first.duration_s
    load, pv = series.load_kw[max(offset, 0) :][:total], series.pv_kw[max(offset, 0) :][:total]
    if series.slot_s != first.duration_s or offset < 0 or len(load) < total:
        needed = f"{total} slots of {first.minutes} min from {first.label}"
        raise InputError(path, name, f"does not cover {needed}; give data for history, warm-up and all days")
    return load, pv


def measured_households(path: Path) -> dict[str, HouseholdSeries]:
    """Measured series by household. Raises: InputError when the file is no clean measurement."""
    try:
        return read_households(path)
    except DataError as error:
        raise InputError(path, "", str(error).removeprefix(path.name).removeprefix(":").strip()) from None


def _home(
    entry: HomeEntry, slot_minutes: int, load_kw: Floats, pv_kw: Floats, borders_s: tuple[int, int, int]
) -> TwinHome:
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
                stays[device.id] = cut_stays(map(_stay, device.sessions), borders_s)
    has_pv = any(isinstance(unit, PvUnit) for unit in units)
    home = Home(
        meter=meter_name(entry.household_id),
        slot_minutes=slot_minutes,
        import_limit_kw=100.0,
        export_limit_kw=100.0,
        units=tuple(units),
    )
    return TwinHome(
        home=home,
        load_kw=load_kw,
        pv_kw=pv_kw if has_pv else np.zeros_like(pv_kw),
        stays=stays,
        soc_initial=soc,
        note="load and generation as in the scenario",
    )


def _stay(session: CarSession) -> CarStay:
    return CarStay(
        arrival_s=epoch_s(session.arrival), departure_s=epoch_s(session.departure), energy_kwh=session.energy_kwh
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
    except (OSError, EOFError, csv.Error) as error:
        raise InputError(path, "", f"cannot be read ({error}); it must be gzip CSV") from None
    except (KeyError, ValueError, TypeError) as error:
        needed = "columns time_utc, import_price_per_kwh, export_price_per_kwh"
        raise InputError(path, "", f"needs {needed} ({error})") from None
    missing = np.flatnonzero(~np.isfinite(retail[from_index:]) | ~np.isfinite(feed_in[from_index:]))
    if len(missing):
        gap = first.shifted(from_index + int(missing[0])).label
        raise InputError(
            path, "time_utc", f"has no price for {gap} ({len(missing)} slots in all); give every slot one"
        )
    return retail, feed_in
