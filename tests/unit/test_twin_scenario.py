"""Scenario folders and measured homes as worlds; bad ones end in one line that says what to mend."""

import gzip
import json
import shutil
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from hems.site.home import ApplianceUnit, BatteryUnit, LightingUnit, ZoneUnit
from twin.errors import InputError
from twin.scenario import read_scenario
from twin.source import chosen_world, demo_world
from twin.stays import cut_stays
from twin.world import CarStay

assert twin.__file__ is not None
ROOT = Path(twin.__file__).parent.parent
SMALL = ROOT / "examples" / "scenario-small"
FONTANA = ROOT / "twin" / "data" / "fontana_ca_load_pv_60min.csv.gz"
TARIFF = ROOT / "twin" / "data" / "fontana_tou_tariff_60min_2016_2017.csv.gz"


def changed(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the small scenario with another scenario.json."""
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    content = json.loads((SMALL / "scenario.json").read_text())
    change(content)
    (folder / "scenario.json").write_text(json.dumps(content))
    return folder


def households(**given: Any) -> Namespace:
    """Options of `twin run --households`."""
    options: dict[str, Any] = dict.fromkeys(("scenario", "prices", "start", "days", "homes", "timezone"))
    return Namespace(**{**options, "households": FONTANA, "seed": 1, **given})


def test_the_small_scenario_has_its_days_homes_and_prices() -> None:
    world = read_scenario(SMALL)
    assert (world.history_slots, world.warm_up_slots, world.counted_slots) == (14 * 24, 24, 24)
    assert world.slot(world.count_from).label == "2017-06-20T00:00:00Z"
    assert [twin.name for twin in world.homes] == [f"us_ca_fontana_0{k}" for k in (1, 2, 5, 8)]
    assert np.isnan(world.retail_per_kwh[: world.run_from]).all()
    assert set(world.retail_per_kwh[world.count_from :].tolist()) == {0.22, 0.54}


def test_a_home_without_a_pv_device_has_no_generation() -> None:
    assert [bool(twin.pv_kw.any()) for twin in read_scenario(SMALL).homes] == [True, True, True, False]


def test_a_price_that_is_not_known_yet_is_that_of_the_same_hour_of_the_last_known_day() -> None:
    world = read_scenario(SMALL)
    retail, _ = world.prices_from(world.count_from + 12, 24)
    assert retail.tolist() == np.roll(world.retail_per_kwh[world.count_from :], -12).tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("days"), "days: Field required"),
        (lambda s: s.update(days=0), "days: "),
        (lambda s: s.update(slot_minutes=7), "does not divide an hour"),
        (lambda s: s["homes"][0].update(household_id="nobody"), "nobody has no rows"),
        (lambda s: s["homes"][0].update(household_id="us_ca_fontana_02"), "have the same name"),
        (lambda s: s["homes"][0]["devices"][1].update(id="pv"), "have the same name: pv"),
        (lambda s: s["homes"][0]["devices"][1].update(kind="flywheel"), "flywheel"),
        (lambda s: s["homes"][0]["devices"][1].update(soc_min=0.9, soc_max=0.1), "soc_min is above soc_max"),
        (lambda s: s["homes"][0]["devices"][2]["sessions"].reverse(), "not in order"),
        (lambda s: s["stored_energy"].update(extra_per_kwh=1.0), "extra_per_kwh is above missing_per_kwh"),
        (lambda s: s.update(history_days=400), "does not cover"),
        (lambda s: s.update(warm_up_days=2, history_days=13), "has no price for 2017-06-18T00:00:00Z (24 slots"),
    ],
)
def test_a_broken_scenario_is_told_in_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    folder = changed(tmp_path / "s", change)
    with pytest.raises(InputError) as told:
        read_scenario(folder)
    assert said in str(told.value) and "\n" not in str(told.value) and str(folder) in str(told.value)


def test_a_missing_folder_and_files_that_are_not_what_they_should_be_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name a scenario folder"):
        read_scenario(tmp_path / "nowhere")
    folder = changed(tmp_path / "s", lambda _: None)
    (folder / "scenario.json").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        read_scenario(folder)
    folder = changed(tmp_path / "t", lambda _: None)
    (folder / "prices.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="it must be gzip CSV"):
        read_scenario(folder)
    with gzip.open(folder / "prices.csv.gz", "wt") as file:
        file.write("time_utc,price\n2017-06-19T00:00:00Z,0.2\n")
    with pytest.raises(InputError, match="needs columns time_utc"):
        read_scenario(folder)
    (folder / "households.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"households\.csv\.gz: cannot be read"):
        read_scenario(folder)


def test_a_stay_over_a_border_is_cut_there_and_shares_its_energy_by_time() -> None:
    stays = (
        CarStay(arrival_s=50, departure_s=150, energy_kwh=8.0),
        CarStay(arrival_s=190, departure_s=230, energy_kwh=4.0),
    )
    cut = cut_stays(stays, (0, 100, 200))
    assert [(s.arrival_s, s.departure_s, s.energy_kwh) for s in cut] == [
        (50, 100, 4.0),
        (100, 150, 4.0),
        (190, 200, 1.0),
    ]


def test_measured_homes_get_assets_a_tariff_and_notes_that_say_so() -> None:
    world = chosen_world(households(homes="5", days=2, timezone="America/Los_Angeles", start="2017-01-10"))
    assert len(world.homes) == 5 and world.counted_slots == 2 * 96
    assert world.slot(world.count_from).label == "2017-01-10T08:00:00Z"
    assert "assumed time-of-use tariff" in world.tariff_note
    assert all("measured load" in twin.note and "synthetic" in twin.note for twin in world.homes)
    assert world.stored.missing_per_kwh == pytest.approx((15 * 0.30 + 9 * 0.18) / 24)
    kinds = {type(unit) for twin in world.homes for unit in twin.home.units}
    assert {BatteryUnit, ZoneUnit, ApplianceUnit} <= kinds


def test_without_a_start_the_first_days_with_a_full_history_are_taken() -> None:
    world = chosen_world(households(homes="1", days=1))
    assert (
        world.slot(world.count_from).label == "2016-08-31T00:00:00Z"
    )  # data from 2016-08-01 07:00, 1 + 28 days later
    assert world.history_slots == 28 * 96


def test_given_prices_replace_the_tariff() -> None:
    world = chosen_world(households(homes="1", days=1, prices=TARIFF, start="2017-06-20"))
    assert set(world.retail_per_kwh[world.count_from :].tolist()) == {0.22, 0.54}
    assert not world.feed_in_per_kwh.any()
    assert TARIFF.name in world.tariff_note


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"homes": "11"}, "--homes: 11 is not in 1..10"),
        ({"homes": "0"}, "--homes: 0 is not in 1..10"),
        ({"homes": "some"}, "--homes: some is not in"),
        ({"start": "yesterday"}, "--start: yesterday is no date"),
        ({"start": "2020-01-01"}, "--start: 2020-01-01 is not in 2016-08-03..2017-07-"),
        ({"days": 1000}, "ask for fewer --days or --homes"),
        ({"timezone": "Mars/Olympus"}, "--timezone: Mars/Olympus is not known"),
        ({"households": Path("nowhere.csv.gz")}, "cannot be read"),
        ({"prices": SMALL / "prices.csv.gz"}, "has no price for"),
        ({"prices": Path("nowhere.csv.gz")}, "cannot be read"),
    ],
)
def test_bad_options_of_measured_homes_are_told_in_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as told:
        chosen_world(households(**given))
    assert said in str(told.value) and "\n" not in str(told.value)


def test_options_that_a_scenario_settles_are_refused_with_it() -> None:
    with pytest.raises(InputError, match="--days: a scenario settles this itself"):
        chosen_world(households(scenario=SMALL, households=None, days=3))


def test_the_demo_has_an_office_three_heat_pumps_and_notes_for_all() -> None:
    world, notes = demo_world(homes=10, days=1, slot_minutes=15, seed=1)
    assert len(world.homes) == 10 and list(notes) == [twin.name for twin in world.homes]
    assert world.homes[-1].name == "office" and "synthetic" in notes["office"]
    assert any(isinstance(unit, LightingUnit) for unit in world.homes[-1].home.units)
    assert sum(any(isinstance(u, ZoneUnit) for u in t.home.units) for t in world.homes) >= 4
    assert world.currency == "USD" and "assumed for what is fed in" in world.tariff_note
    counted_s = world.slot(world.count_from).start_s, world.slot(world.end).start_s
    stays = [stay for twin in world.homes for stays in twin.stays.values() for stay in stays]
    assert stays and all(counted_s[0] <= s.arrival_s < s.departure_s <= counted_s[1] for s in stays)


@pytest.mark.parametrize(("homes", "days"), [(0, 1), (12, 1), (3, 0), (3, 99)])
def test_a_demo_larger_than_the_data_is_refused(homes: int, days: int) -> None:
    with pytest.raises(InputError, match="what the shipped data can fill"):
        demo_world(homes=homes, days=days, slot_minutes=15, seed=1)


def test_the_same_seed_gives_the_same_world_and_finer_slots_keep_the_measured_energy() -> None:
    once, again = (demo_world(homes=3, days=1, slot_minutes=15, seed=7)[0] for _ in range(2))
    hourly = demo_world(homes=3, days=1, slot_minutes=60, seed=7)[0]
    for a, b, coarse in zip(once.homes, again.homes, hourly.homes, strict=True):
        assert (a.load_kw == b.load_kw).all() and a.stays == b.stays
        if a.name != "office":
            assert np.allclose(a.load_kw.reshape(-1, 4).mean(axis=1), coarse.load_kw)
