"""Generation from physics: sun, clear sky and plane against published values; roofs found again from their meter."""

from datetime import datetime

import numpy as np
import pytest

from hems.forecasting.model import NotEnoughHistoryError
from hems.forecasting.pv.array import AZIMUTH_CELLS, ELEVATION_CELLS, Plane, PvArray, clear_kw
from hems.forecasting.pv.array_fit import fit_array
from hems.forecasting.pv.irradiance import Irradiance, clear_sky, from_global, on_plane
from hems.forecasting.pv.sun import Place, Sun, extraterrestrial_w_m2, sun_at
from hems.forecasting.pv.train import train
from hems.forecasting.series import DAY_S, Series

OPEN = np.ones((AZIMUTH_CELLS, ELEVATION_CELLS))
KONSTANZ = Place(latitude_deg=47.66, longitude_deg=9.17)
START = 1_456_790_400  # 2016-03-01T00:00:00Z


def epoch(text: str) -> np.ndarray:
    return np.array([datetime.fromisoformat(text).timestamp()])


def roof(*planes: tuple[float, float, float], place: Place = KONSTANZ, limit_kw: float = 99.0) -> PvArray:
    made = tuple(Plane(tilt_deg=tilt, azimuth_deg=azimuth, peak_kw=peak) for tilt, azimuth, peak in planes)
    return PvArray(place=place, planes=made, limit_kw=limit_kw, open_share=OPEN)


def measured(array: PvArray, days: int, seed: int, slot_s: int = 3600, start: int = START) -> Series:
    """Power of a roof under clouds that come and go: a third of the days clear, the others patchy or grey."""
    rng = np.random.default_rng(seed)
    per_day = DAY_S // slot_s
    kind = rng.choice([1.0, 0.7, 0.3], days, p=[0.35, 0.4, 0.25])
    patches = np.clip(rng.normal(kind[:, None], 0.2 * (kind < 1)[:, None], (days, per_day)), 0.05, 1.0)
    return Series(
        start_epoch_s=start, slot_s=slot_s, values_kw=clear_kw(array, start, slot_s, days * per_day) * patches.ravel()
    )


@pytest.mark.parametrize(
    ("when", "latitude", "longitude", "elevation", "azimuth"),
    [
        # Example of the NREL SPA report (Reda & Andreas 2004, table A5.1), elevation without refraction.
        ("2003-10-17T19:30:30+00:00", 39.742476, -105.1786, 39.872046, 194.340241),
        # pvlib 0.16.1 solarposition.get_solarposition, true elevation.
        ("2024-06-21T12:00:00+00:00", 47.66, 9.17, 64.8036, 199.0028),
        ("2024-12-21T09:30:00+00:00", 47.66, 9.17, 14.6034, 153.672),
        ("2026-01-15T02:00:00+00:00", -33.87, 151.21, 77.2376, 4.655),
        ("2026-08-01T17:45:00+00:00", -1.29, 36.82, -30.2566, 290.0164),
        ("2026-05-05T18:30:00+00:00", 63.43, 10.39, 6.6, 293.8616),
    ],
)
def test_sun_stands_where_the_almanac_says(
    when: str, latitude: float, longitude: float, elevation: float, azimuth: float
) -> None:
    sun = sun_at(epoch(when), Place(latitude_deg=latitude, longitude_deg=longitude))
    assert np.degrees(sun.elevation[0]) == pytest.approx(elevation, abs=0.02)
    assert np.degrees(sun.azimuth[0]) == pytest.approx(azimuth, abs=0.04)


def test_sunlight_outside_the_atmosphere_follows_the_distance_to_the_sun() -> None:
    assert extraterrestrial_w_m2(epoch("2024-06-21T12:00:00+00:00"))[0] == pytest.approx(1316.5, abs=2.0)
    assert extraterrestrial_w_m2(epoch("2024-12-21T12:00:00+00:00"))[0] == pytest.approx(1407.6, abs=2.0)


def test_clear_sky_is_that_of_haurwitz_and_adds_up() -> None:
    sun = Sun(elevation=np.radians([90.0, 50.0, 20.0, 5.0, -5.0]), azimuth=np.zeros(5))
    sky = clear_sky(sun)
    assert sky.ghi_w_m2 == pytest.approx([1037.2, 780.8, 317.9, 49.8, 0.0], abs=0.1)
    assert sky.dni_w_m2 * np.maximum(np.sin(sun.elevation), 0) + sky.dhi_w_m2 == pytest.approx(sky.ghi_w_m2)
    assert (sky.dhi_w_m2[:4] > 0).all() and sky.dni_w_m2[4] == 0


@pytest.mark.parametrize(
    ("face", "zenith", "sun_azimuth", "parts", "expected"),
    [
        # pvlib 0.16.1 irradiance.get_total_irradiance(model="haydavies", dni_extra=1361, albedo=0.2).
        ((30.0, 180.0), 40.0, 200.0, (800.0, 700.0, 100.0), 894.256),
        ((45.0, 90.0), 60.0, 120.0, (600.0, 400.0, 100.0), 667.704),
        ((10.0, 270.0), 75.0, 250.0, (300.0, 150.0, 72.0), 204.976),
    ],
)
def test_tilted_plane_gets_what_hay_and_davies_say(
    face: tuple[float, float], zenith: float, sun_azimuth: float, parts: tuple[float, ...], expected: float
) -> None:
    dni, ghi, dhi = (np.array([part]) for part in parts)
    sun = Sun(elevation=np.radians([90.0 - zenith]), azimuth=np.radians([sun_azimuth]))
    sky = Irradiance(ghi_w_m2=ghi, dni_w_m2=dni, dhi_w_m2=dhi)
    got = on_plane(sky, sun, np.array([1361.0]), tilt=np.radians(face[0]), azimuth=np.radians(face[1]))
    assert got[0] == pytest.approx(expected, rel=0.002)


def test_global_light_splits_into_parts_that_add_up_and_grey_skies_have_no_beam() -> None:
    sun = Sun(elevation=np.radians([40.0, 40.0, 0.2]), azimuth=np.zeros(3))
    split = from_global(np.array([80.0, 700.0, 3.0]), sun, np.full(3, 1361.0))
    assert split.dni_w_m2 * np.sin(sun.elevation) + split.dhi_w_m2 == pytest.approx(split.ghi_w_m2, rel=1e-6)
    assert split.dhi_w_m2[0] > 0.95 * 80 and split.dhi_w_m2[1] < 0.5 * 700


ROOFS = {
    "south": roof((30.0, 180.0, 5.0)),
    "west": roof((20.0, 250.0, 3.5)),
    "east and west": roof((35.0, 95.0, 3.0), (35.0, 265.0, 4.0)),
    "south, small inverter": roof((35.0, 170.0, 8.0), limit_kw=5.0),
    "Fontana": roof((22.0, 220.0, 4.0), place=Place(latitude_deg=34.1, longitude_deg=-117.4)),
    "Sydney": roof((25.0, 20.0, 4.0), place=Place(latitude_deg=-33.9, longitude_deg=151.2)),
}


@pytest.mark.parametrize("name", ROOFS)
@pytest.mark.parametrize("slot_s", [900, 3600])
def test_envelope_of_a_roof_is_found_within_a_tenth_from_sixty_cloudy_days(name: str, slot_s: int) -> None:
    array = ROOFS[name]
    offset_s = round(array.place.longitude_deg / 15) * 3600
    found = fit_array(measured(array, 60, 7, slot_s), utc_offset_s=offset_s)
    later, n = START + 60 * DAY_S, 14 * DAY_S // slot_s
    true, got = clear_kw(array, later, slot_s, n), clear_kw(found, later, slot_s, n)
    assert np.abs(got - true).mean() < 0.10 * true.mean()
    assert got.max() == pytest.approx(true.max(), rel=0.10)


def test_orientation_of_a_roof_in_a_known_place_is_found_from_a_year() -> None:
    found = fit_array(measured(ROOFS["west"], 360, 3), utc_offset_s=3600, place=KONSTANZ)
    (plane,) = found.planes
    assert plane.azimuth_deg == pytest.approx(250, abs=10) and plane.tilt_deg == pytest.approx(20, abs=7.5)
    assert plane.peak_kw == pytest.approx(3.5, rel=0.1)


def test_place_is_found_from_a_year_of_dawns_and_dusks() -> None:
    found = fit_array(measured(ROOFS["south"], 360, 5, 900), utc_offset_s=3600).place
    assert found.latitude_deg == pytest.approx(47.66, abs=4.0)
    assert found.longitude_deg == pytest.approx(9.17, abs=2.0)


def test_a_tree_in_the_west_shades_the_envelope_there_and_nowhere_else() -> None:
    open_share = OPEN.copy()
    open_share[23:29, :7] = 0.3  # west, up to 30 degrees
    array = PvArray(place=KONSTANZ, planes=ROOFS["south"].planes, limit_kw=99.0, open_share=open_share)
    found = fit_array(measured(array, 90, 11), utc_offset_s=3600, place=KONSTANZ)
    noon = START + 95 * DAY_S + 11 * 3600
    for hours, tolerance in ((0, 0.1), (6, 0.3)):
        true, got = (clear_kw(one, noon + hours * 3600, 3600, 1)[0] for one in (array, found))
        assert got == pytest.approx(true, rel=tolerance)


def test_gaps_and_negative_values_do_not_move_the_roof() -> None:
    whole = measured(ROOFS["south"], 60, 2)
    values = whole.values_kw.copy()
    values[np.random.default_rng(1).random(len(values)) < 0.3] = np.nan
    values[::24] = -0.02
    holed = Series(start_epoch_s=START, slot_s=3600, values_kw=values)
    first, second = (clear_kw(fit_array(one, utc_offset_s=3600), START, 3600, 480) for one in (whole, holed))
    assert np.abs(first - second).mean() < 0.05 * first.mean()


@pytest.mark.parametrize("values", [np.zeros(24 * 40), np.full(24 * 40, np.nan), np.ones(24 * 3), np.zeros(0)])
def test_without_light_or_days_there_is_no_model(values: np.ndarray) -> None:
    with pytest.raises(NotEnoughHistoryError):
        train(Series(start_epoch_s=START, slot_s=3600, values_kw=values), timezone="UTC")
