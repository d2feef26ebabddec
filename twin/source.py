"""The world that a command asks for: a scenario folder, measured homes with drawn assets, or the demo's community."""

import argparse
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from twin.asset_homes import meter_name, twin_home
from twin.assets import HomeAssets, assets
from twin.days import HISTORY_DAYS_MAX, Days, covered_days, end_s, midnight_s
from twin.disaggregate import finer
from twin.errors import InputError
from twin.retail import Retail, given_prices, time_of_use
from twin.scenario import measured_households, read_scenario
from twin.timeseries import HouseholdSeries
from twin.world import StoredEnergy, TwinHome, World
from wire.slots import Slot

WARM_UP_DAYS = 1
DAYS_DEFAULT = 7
SHIPPED_HOMES = 10
SHIPPED_SLOT_MINUTES = 15
DEMO_DAY = date(2017, 6, 20)
DEMO_ZONE = "America/Los_Angeles"
DEMO_FEED_IN = 0.06  # the tariff of these homes names no price for what is fed in; this one is ours
OWN_TO_HOUSEHOLDS = ("prices", "start", "days", "homes", "timezone")


def chosen_world(args: argparse.Namespace) -> World:
    """The world of `twin run`. Raises: InputError that says which option or file to mend."""
    if args.scenario is None:
        return _measured_world(args)
    for option in OWN_TO_HOUSEHOLDS:
        if getattr(args, option) is not None:
            raise InputError(f"--{option}", "", "a scenario settles this itself; use it with --households")
    return read_scenario(args.scenario)


def compared_world(args: argparse.Namespace) -> World:
    """The world of `twin compare`: as named, else the shipped homes. Raises: InputError that says what to mend."""
    if args.scenario is not None or args.households is not None:
        return chosen_world(args)
    for option in ("prices", "start", "timezone"):
        if getattr(args, option) is not None:
            raise InputError(f"--{option}", "", "the shipped homes have their own; use it with --households")
    homes = SHIPPED_HOMES if args.homes in (None, "all") else args.homes
    if not str(homes).isdecimal():
        raise InputError("--homes", "", f"{homes} is no number of homes, nor all")
    return demo_world(homes=int(homes), days=args.days or 1, slot_minutes=SHIPPED_SLOT_MINUTES, seed=args.seed)[0]


def demo_world(*, homes: int, days: int, slot_minutes: int, seed: int) -> tuple[World, dict[str, str]]:
    """The demo's community of `homes` members, and per member a note that tells measured from made.

    Measured Fontana homes at the tariff of their data set, brought from hours to `slot_minutes`; with two members or
    more the last one is a synthetic office. Raises: InputError when the data has not so many homes or days.
    """
    data = Path(str(files("twin").joinpath("data")))
    measured = measured_households(data / "fontana_ca_load_pv_60min.csv.gz")
    if not 1 <= homes <= len(measured) + 1:
        raise InputError("--homes", "", f"{homes} is not in 1..{len(measured) + 1}, what the shipped data can fill")
    has_office = homes >= 2
    chosen = dict(list(measured.items())[: homes - has_office])
    days_max = (datetime.fromtimestamp(min(map(end_s, chosen.values())), ZoneInfo(DEMO_ZONE)).date() - DEMO_DAY).days
    if not 1 <= days <= days_max:
        raise InputError("--days", "", f"{days} is not in 1..{days_max}, what the shipped data can fill")
    covered = Days(
        start_s=midnight_s(DEMO_DAY, DEMO_ZONE),
        history=HISTORY_DAYS_MAX,
        warm_up=0,
        counted=days,
        slot_s=slot_minutes * 60,
        zone=DEMO_ZONE,
    )
    retail = given_prices(
        data / "fontana_tou_tariff_60min_2016_2017.csv.gz", covered, feed_in_per_kwh=DEMO_FEED_IN, currency="USD"
    )
    world = _world(
        "demo",
        chosen=chosen,
        drawn=_drawn(chosen, covered, seed, with_pv=None, has_office=has_office),
        covered=covered,
        retail=retail,
        seed=seed,
    )
    return world, {twin.name: twin.note for twin in world.homes}


def _measured_world(args: argparse.Namespace) -> World:
    """Measured homes with drawn assets. Every home with measured generation keeps it."""
    path, zone = args.households, args.timezone or "UTC"
    measured = measured_households(path)
    chosen = _first_homes(measured, args.homes or "all")
    days = DAYS_DEFAULT if args.days is None else args.days
    covered = covered_days(
        path, list(chosen.values()), start=_date(args.start), days=days, warm_up=WARM_UP_DAYS, zone=zone
    )
    retail = time_of_use(covered) if args.prices is None else given_prices(args.prices, covered)
    with_pv = {name for name, series in chosen.items() if covered.of(series).pv_kw.any()}
    return _world(
        path.name.split(".")[0],
        chosen=chosen,
        drawn=_drawn(chosen, covered, args.seed, with_pv=with_pv, has_office=False),
        covered=covered,
        retail=retail,
        seed=args.seed,
    )


def _first_homes(measured: Mapping[str, HouseholdSeries], wanted: str) -> dict[str, HouseholdSeries]:
    if wanted == "all":
        return dict(measured)
    if not wanted.isdecimal() or not 1 <= int(wanted) <= len(measured):
        raise InputError("--homes", "", f"{wanted} is not in 1..{len(measured)}, the homes of the file, nor all")
    return dict(list(measured.items())[: int(wanted)])


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError("--start", "", f"{text} is no date; write it as 2017-06-20") from None


def _drawn(
    chosen: Mapping[str, HouseholdSeries], covered: Days, seed: int, *, with_pv: set[str] | None, has_office: bool
) -> tuple[HomeAssets, ...]:
    return assets(
        list(chosen),
        seed,
        covered.first_s,
        covered.total,
        covered.slot_s,
        with_pv=with_pv,
        timezone=covered.zone,
        office=has_office,
    )


def _world(
    name: str,
    *,
    chosen: Mapping[str, HouseholdSeries],
    drawn: tuple[HomeAssets, ...],
    covered: Days,
    retail: Retail,
    seed: int,
) -> World:
    try:
        first = Slot(covered.first_s, covered.slot_s // 60)
    except ValueError as error:
        raise InputError(name, "time_utc", f"{error}; --timezone says where the homes are") from None
    homes = tuple(_member(owned, chosen.get(owned.household_id), covered, seed) for owned in drawn)
    if len({twin.name for twin in homes}) < len(homes):
        raise InputError(name, "household_id", "two names differ only in case or signs; rename one")
    counted = slice((covered.history + covered.warm_up) * covered.per_day, None)
    bought, fed_in = float(retail.retail_per_kwh[counted].mean()), float(retail.feed_in_per_kwh[counted].mean())
    return World(
        name=name,
        first=first,
        history_slots=covered.history * covered.per_day,
        warm_up_slots=covered.warm_up * covered.per_day,
        counted_slots=covered.counted * covered.per_day,
        homes=homes,
        retail_per_kwh=retail.retail_per_kwh,
        feed_in_per_kwh=retail.feed_in_per_kwh,
        stored=StoredEnergy(missing_per_kwh=round(bought, 6), extra_per_kwh=round(fed_in, 6)),
        tariff_known_slots=covered.per_day,
        currency=retail.currency,
        tariff_note=retail.note,
    )


def _member(owned: HomeAssets, series: HouseholdSeries | None, covered: Days, seed: int) -> TwinHome:
    """One member; `series` None is one without any measurement."""
    load = pv = np.zeros(covered.total * covered.per_day)
    measured = ""
    if series is not None:
        fine = finer(covered.of(series), fine_slot_s=covered.slot_s, seed=seed, household=owned.household_id)
        load, pv, measured = fine.load_kw, fine.pv_kw, f"{series.slot_s // 60} min"
        if series.slot_s != covered.slot_s:
            measured += f", brought to {covered.slot_s // 60} min by a seeded method that keeps energy"
    return twin_home(
        owned,
        meter=meter_name(owned.household_id),
        load_kw=load,
        pv_kw=pv,
        slot_minutes=covered.slot_s // 60,
        borders_s=covered.borders_s(),
        measured=measured,
    )
