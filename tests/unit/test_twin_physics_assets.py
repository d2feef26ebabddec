"""Weather, presence and assets: plausible, seeded, independent of the window."""

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from twin.assets import OFFICE_ID, assets
from twin.ev_sessions import residential_sessions
from twin.physics import occupancy, weather
from twin.physics.weather import FONTANA, Place

ZONE = "America/Los_Angeles"
HOMES = [f"home_{k:02d}" for k in range(10)]
DAY, QUARTER = 86_400, 900
JUNE = int(datetime(2017, 6, 19, 7, tzinfo=UTC).timestamp())  # Monday, local midnight
JANUARY = int(datetime(2017, 1, 9, 8, tzinfo=UTC).timestamp())


def test_summer_is_warmer_than_winter_and_afternoon_warmer_than_night() -> None:
    june, january = (weather.outdoor_temp_c(start, 3600, 24 * 28, FONTANA, 1) for start in (JUNE, JANUARY))
    assert june.mean() > january.mean() + 6
    by_hour = june.reshape(28, 24).mean(axis=0)
    assert by_hour[15] > by_hour[4] + 8


def test_south_of_the_equator_january_is_summer() -> None:
    sydney = Place(latitude_deg=-33.9, longitude_deg=151.2, mean_temp_c=18.0, season_swing_c=5.0, day_swing_c=4.0)
    january, june = (weather.outdoor_temp_c(start, 3600, 24 * 28, sydney, 1) for start in (JANUARY, JUNE))
    assert january.mean() > june.mean() + 5


def test_sun_at_noon_of_the_solstice_stands_where_geometry_says() -> None:
    # 90 - 34.1 + 23.45 deg = 79.35 deg, at solar noon (11:50 standard time at this longitude).
    height = weather.sun_height(JUNE + 2 * DAY, 300, 288, FONTANA)
    assert abs(np.degrees(np.arcsin(height.max())) - 79.35) < 0.1
    assert height[0] < 0 and weather.indoor_daylight_lux(JUNE, 3600, 24, FONTANA, 1)[0] == 0.0


def test_weather_of_an_instant_does_not_depend_on_the_window_or_the_seed_of_others() -> None:
    long = weather.outdoor_temp_c(JUNE, QUARTER, 96 * 3, FONTANA, 5)
    late = weather.outdoor_temp_c(JUNE + DAY, QUARTER, 96, FONTANA, 5)
    assert np.allclose(long[96:192], late)
    assert not np.allclose(late, weather.outdoor_temp_c(JUNE + DAY, QUARTER, 96, FONTANA, 6))


def test_office_is_empty_at_night_and_on_weekends() -> None:
    desks = occupancy.office(JUNE, 3600, 7 * 24, timezone=ZONE, seed=1).reshape(7, 24)
    assert (desks[:, :7] == 0).all() and (desks[5:] == 0).all()
    assert (desks[:5, 10] > 0.5).all() and (desks <= 1).all()


def test_somebody_is_home_every_night_and_often_away_on_weekdays() -> None:
    present = occupancy.home(JUNE, 3600, 28 * 24, timezone=ZONE, seed=1).reshape(28, 24)
    assert (present[:, :6] == 1).all()
    weekdays = [day for day in range(28) if day % 7 < 5]
    assert 0.4 < 1 - present[weekdays, 12].mean() < 0.95


def sessions(seed: int = 1, start: int = JUNE, days: int = 200) -> tuple:  # type: ignore[type-arg]
    return residential_sessions("a", seed, start, days, slot_s=QUARTER, timezone=ZONE, charge_kw_max=7.4)


def test_sessions_follow_their_documented_distribution() -> None:
    drawn = [s for seed in range(6) for s in sessions(seed)]
    arrivals = np.asarray(
        [((s.arrival_epoch_s - JUNE) % DAY) / 3600 for s in drawn if s.arrival_epoch_s < JUNE + 100 * DAY]
    )
    energies = np.asarray([s.energy_kwh for s in drawn])
    assert 0.55 < len(drawn) / 1200 < 0.65
    assert abs(arrivals.mean() - 17.65) < 0.2
    assert abs(energies.mean() - 9.0) < 0.5


def test_sessions_never_overlap_and_can_be_met() -> None:
    drawn = sessions()
    for before, after in pairwise(drawn):
        assert before.departure_epoch_s <= after.arrival_epoch_s
    for s in drawn:
        assert s.energy_kwh <= 7.4 * (s.departure_epoch_s - s.arrival_epoch_s) / 3600
        assert s.arrival_epoch_s % QUARTER == s.departure_epoch_s % QUARTER == 0


def test_sessions_do_not_depend_on_the_window() -> None:
    late = sessions(start=JUNE + 50 * DAY, days=20)
    assert set(late) <= set(sessions())


def test_same_seed_gives_the_same_assets_and_another_seed_others() -> None:
    def owned(seed: int) -> list[list[str]]:
        return [[device["id"] for device in home.devices] for home in assets(HOMES, seed, JUNE, 2, QUARTER)]

    assert owned(1) == owned(1) != owned(2)


def test_community_has_every_kind_of_asset_and_one_office() -> None:
    community = assets(HOMES, 1, JUNE, 7, QUARTER)
    kinds = [device["kind"] for home in community for device in home.devices]
    assert [home.household_id for home in community] == [*HOMES, OFFICE_ID]
    assert kinds.count("zone") >= 4 and kinds.count("lighting") == 1
    assert kinds.count("pv") == 8 and kinds.count("battery") >= 4 and kinds.count("ev") == 6
    assert kinds.count("appliance") >= 6
    for home in community:
        ids = [device["id"] for device in home.devices]
        assert len(ids) == len(set(ids))
        assert "battery" not in ids or home.uses_measured_pv
        assert all(series.shape == (7 * 96,) and np.isfinite(series).all() for series in home.signals.values())


def test_small_communities_still_get_three_heat_pumps() -> None:
    community = assets(HOMES[:4], 1, JUNE, 1, QUARTER, office=False)
    assert sum(device["kind"] == "zone" for home in community for device in home.devices) == 3


def test_zones_heat_in_winter_and_cool_in_summer() -> None:
    for start, mode in ((JANUARY, "heat"), (JUNE, "cool")):
        zones = [d for home in assets(HOMES, 1, start, 7, QUARTER) for d in home.devices if d["kind"] == "zone"]
        assert {zone["mode"] for zone in zones} == {mode}
        for zone in zones:
            assert all(band["temp_min_c"] < band["temp_max_c"] for band in zone["comfort"])


def test_office_has_a_base_load_of_its_own_and_homes_keep_the_measured_one() -> None:
    *homes, office = assets(HOMES, 1, JUNE, 7, QUARTER)
    assert all(home.uses_measured_load and home.base_load_kw is None for home in homes)
    assert not office.uses_measured_load and office.base_load_kw is not None
    assert (office.base_load_kw >= 0.35).all() and 0.4 < office.base_load_kw.mean() < 1.5
    assert set(office.signals["lighting.required_lux"]) == {0.0, 500.0}
