"""Prices over a horizon: published ones as they are, later ones forecast; a file that grows while a home runs."""

from pathlib import Path

import numpy as np
import pytest

from hems.forecasting.price_outlook import PriceOutlook
from hems.io.price_file import FilePrices
from hems.site.config import ConfigError
from hems.site.tariff import ListedPrices
from wire.slots import format_utc

MONDAY_S, DAY_S, HOUR_S = 1_704_067_200, 86_400, 3600


def listed(days: int) -> dict[int, tuple[float, float]]:
    """Dear evenings on workdays, cheap weekends, feed-in a third of it."""
    prices = {}
    for hour in range(24 * days):
        workday = hour // 24 % 7 < 5
        retail = 0.20 + (0.15 if workday and 17 <= hour % 24 < 21 else 0.0) - (0.0 if workday else 0.08)
        prices[MONDAY_S + HOUR_S * hour] = (retail, retail / 3.0)
    return prices


def test_published_prices_are_told_as_they_are() -> None:
    prices = PriceOutlook(ListedPrices(listed(14)), "UTC")
    retail, feed_in = prices.prices(MONDAY_S + DAY_S, 900, 96)
    assert retail[17 * 4] == pytest.approx(0.35) and retail[0] == pytest.approx(0.20)
    assert feed_in == pytest.approx(retail / 3.0)


def test_a_monday_that_is_not_published_is_expected_like_workdays_not_like_the_sunday_before() -> None:
    prices = PriceOutlook(ListedPrices(listed(14)), "UTC")
    sunday_evening = MONDAY_S + 13 * DAY_S + 18 * HOUR_S
    retail, feed_in = prices.prices(sunday_evening, HOUR_S, 30)
    assert retail[:6] == pytest.approx(0.12)  # still published
    assert retail[6 + 18] > 0.25 and retail[6 + 18] > retail[6 + 3] + 0.1
    assert feed_in[6 + 18] == pytest.approx(retail[6 + 18] / 3.0, abs=0.02)


def test_a_horizon_after_the_list_and_one_hour_of_prices_have_an_answer() -> None:
    late, _ = PriceOutlook(ListedPrices(listed(14)), "UTC").prices(MONDAY_S + 16 * DAY_S, 900, 96)
    assert np.isfinite(late).all() and late[18 * 4] > late[3 * 4]
    single, _ = PriceOutlook(ListedPrices({MONDAY_S: (0.31, 0.07)}), "UTC").prices(MONDAY_S, 900, 96)
    assert single == pytest.approx(0.31)


def write(path: Path, days: int) -> None:
    rows = [f"{format_utc(at)},{retail},{feed_in}" for at, (retail, feed_in) in listed(days).items()]
    path.write_text("\n".join(["time_utc,import_price_per_kwh,export_price_per_kwh", *rows, ""]))


def test_prices_that_are_added_to_the_file_hold_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    write(path, 5)
    prices, saturday = FilePrices(path, "UTC"), MONDAY_S + 5 * DAY_S
    before, _ = prices.prices(saturday, HOUR_S, 24)
    write(path, 6)
    after, _ = prices.prices(saturday, HOUR_S, 24)
    assert before[18] > 0.3 and after == pytest.approx(0.12)


def test_a_file_that_breaks_leaves_the_last_prices_in_force_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "prices.csv"
    write(path, 7)
    prices = FilePrices(path, "UTC")
    before, _ = prices.prices(MONDAY_S, HOUR_S, 24)
    for broken in ("time_utc\n", "time_utc,import_price_per_kwh\nx,y\n"):
        path.write_text(broken)
        during, _ = prices.prices(MONDAY_S, HOUR_S, 24)
        assert during.tolist() == before.tolist()
    path.unlink()
    assert prices.prices(MONDAY_S, HOUR_S, 24)[0].tolist() == before.tolist()
    assert sum("stay in force" in line for line in caplog.messages) == 1


def test_a_file_that_is_not_there_at_the_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"correct tariff\.file"):
        FilePrices(tmp_path / "none.csv", "UTC")
