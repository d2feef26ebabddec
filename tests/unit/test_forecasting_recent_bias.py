"""The bias of the last day's forecasts by lead, half of it carried on; only what was known by then counts."""

import numpy as np
import pytest

from hems.forecasting.issued import IssuedPaths, Path
from hems.forecasting.recent_bias import GAIN, LEAST_DAY, load_shift_kw, moved
from hems.forecasting.series import DAY_S, FloatArray, Forecast, Series

HOUR_S, N = 3600, 12
LEAST_ERRORS = int(24 * LEAST_DAY)
NOW_S = 40 * DAY_S


def remembered(hours: int, error_at: FloatArray, base: float = 2.0) -> tuple[IssuedPaths, Series]:
    """Paths issued every hour that expect the load `base` less their error at each lead."""
    paths = IssuedPaths()
    for back in range(hours, 0, -1):
        load = base - error_at
        paths.add(Path.of(NOW_S - back * HOUR_S, load, np.zeros(len(load))))
    return paths, Series(start_epoch_s=0, slot_s=HOUR_S, values_kw=np.full(NOW_S // HOUR_S, base))


def test_each_lead_gets_half_of_its_own_bias() -> None:
    bias = np.linspace(0.2, -0.7, N)
    paths, measured = remembered(48, bias)
    assert load_shift_kw(paths, NOW_S, N, measured) == pytest.approx(GAIN * bias, abs=1e-6)


def test_only_the_errors_of_the_last_day_count() -> None:
    paths, measured = remembered(72, np.full(N, 1.0))
    values = measured.values_kw.copy()
    values[-24 - N :] = 1.0  # as expected since then
    late = Series(start_epoch_s=0, slot_s=HOUR_S, values_kw=values)
    assert load_shift_kw(paths, NOW_S, N, late) == pytest.approx(np.zeros(N), abs=1e-6)


def test_beyond_the_last_lead_that_is_known_its_bias_goes_on() -> None:
    bias = np.arange(N, dtype=float)
    paths, measured = remembered(LEAST_ERRORS + 2, bias)
    shift = load_shift_kw(paths, NOW_S, N, measured)
    assert shift[:3] == pytest.approx([0.0, 0.5, 1.0])
    assert shift[3:] == pytest.approx(1.0)


@pytest.mark.parametrize("hours", [0, LEAST_ERRORS - 1])
def test_a_home_that_has_expected_little_yet_is_not_moved(hours: int) -> None:
    paths, measured = remembered(hours, np.ones(N))
    assert (load_shift_kw(paths, NOW_S, N, measured) == 0.0).all()


def test_nothing_measured_later_than_now_counts() -> None:
    paths, measured = remembered(48, np.ones(N))
    later = Series(start_epoch_s=0, slot_s=HOUR_S, values_kw=np.append(measured.values_kw, np.full(N, 99.0)))
    assert load_shift_kw(paths, NOW_S, N, later).tolist() == load_shift_kw(paths, NOW_S, N, measured).tolist()


def test_gaps_are_no_errors() -> None:
    paths, measured = remembered(48, np.ones(N))
    measured.values_kw[-10] = np.nan
    assert load_shift_kw(paths, NOW_S, N, measured) == pytest.approx(np.full(N, GAIN))


def test_a_history_shorter_than_the_paths_is_no_error() -> None:
    paths, measured = remembered(48, np.ones(N))
    assert load_shift_kw(paths, NOW_S, N, measured.since(NOW_S - 12 * HOUR_S)) == pytest.approx(np.full(N, GAIN))


def test_a_moved_forecast_is_nowhere_negative_and_keeps_its_order() -> None:
    levels = (0.1, 0.5, 0.9)
    forecast = Forecast(
        start_epoch_s=NOW_S,
        slot_s=HOUR_S,
        mean_kw=np.full(N, 0.4),
        spread_kw=np.full(N, 0.2),
        quantiles={level: np.full(N, level) for level in levels},
        source="seasonal",
    )
    there = moved(forecast, np.full(N, -0.5))
    assert (there.mean_kw == 0.0).all()
    assert [float(there.quantiles[level][0]) for level in levels] == pytest.approx([0.0, 0.0, 0.4])
