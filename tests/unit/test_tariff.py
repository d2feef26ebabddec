"""Outside prices: periods of the local day across clock changes, and price lists that end."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hems.site.config import PricePeriod
from hems.site.tariff import DAY_S, DailyPrices, ListedPrices
from wire.slots import epoch_s, parse_utc

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_S = 3600


def period(from_hour: float, to_hour: float, retail: float, feed_in: float = 0.08) -> PricePeriod:
    return PricePeriod(
        from_hour=from_hour, to_hour=to_hour, import_price_per_kwh=retail, export_price_per_kwh=feed_in
    )


NIGHT = period(22.0, 6.0, 0.2)
NIGHT_TARIFF = DailyPrices(0.3, 0.08, (NIGHT,), "Europe/Berlin")


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return epoch_s(datetime(year, month, day, hour, minute, tzinfo=BERLIN))


def retail_by_local_time(start_s: int, slots: int) -> dict[str, float]:
    retail, _ = NIGHT_TARIFF.prices(start_s, HOUR_S, slots)
    times = [datetime.fromtimestamp(start_s + k * HOUR_S, BERLIN) for k in range(slots)]
    return {time.strftime("%d %H:%M %z"): price for time, price in zip(times, retail.tolist(), strict=True)}


def test_without_periods_both_prices_are_constant() -> None:
    retail, feed_in = DailyPrices(0.3, 0.1, (), "UTC").prices(0, 900, 96)
    assert retail.tolist() == [0.3] * 96
    assert feed_in.tolist() == [0.1] * 96


def test_a_period_passes_midnight_and_ends_before_its_last_hour() -> None:
    retail = retail_by_local_time(local(2026, 7, 1, 20), 12)
    cheap = [time for time, price in retail.items() if price == 0.2]
    assert cheap[0].startswith("01 22:00") and cheap[-1].startswith("02 05:00")
    assert len(cheap) == 8


@pytest.mark.parametrize(
    ("day", "hours", "cheap_hours"),
    [((2026, 3, 29), 23, 7), ((2026, 10, 25), 25, 9), ((2026, 7, 1), 24, 8)],
)
def test_on_days_of_clock_changes_periods_follow_the_local_clock(
    day: tuple[int, int, int], hours: int, cheap_hours: int
) -> None:
    """The night of 22..6 loses an hour in spring and has one more in autumn; it always ends at 6 local time."""
    retail = retail_by_local_time(local(*day), hours)
    cheap = {time for time, price in retail.items() if price == 0.2}
    assert cheap == {time for time in retail if int(time[3:5]) < 6 or int(time[3:5]) >= 22}
    assert len(cheap) == cheap_hours


def test_a_period_beside_the_missing_hour_of_spring_does_not_vanish() -> None:
    tariff = DailyPrices(0.3, 0.08, (period(2.0, 4.0, 0.1),), "Europe/Berlin")
    retail, _ = tariff.prices(local(2026, 3, 29), HOUR_S, 5)
    assert retail.tolist() == [0.3, 0.3, 0.1, 0.3, 0.3]


def test_the_doubled_hour_of_autumn_is_in_the_period_twice() -> None:
    tariff = DailyPrices(0.3, 0.08, (period(2.0, 3.0, 0.1),), "Europe/Berlin")
    retail, _ = tariff.prices(local(2026, 10, 25), HOUR_S, 5)
    assert retail.tolist() == [0.3, 0.3, 0.1, 0.1, 0.3]


def test_the_last_period_that_holds_wins_and_brings_both_prices() -> None:
    tariff = DailyPrices(0.3, 0.08, (period(6.0, 20.0, 0.4), period(12.0, 14.0, 0.15, 0.02)), "UTC")
    retail, feed_in = tariff.prices(11 * HOUR_S, HOUR_S, 4)
    assert retail.tolist() == [0.4, 0.15, 0.15, 0.4]
    assert feed_in.tolist() == [0.08, 0.02, 0.02, 0.08]


def test_minutes_of_a_period_are_hours_in_decimals() -> None:
    tariff = DailyPrices(0.3, 0.08, (period(6.5, 7.25, 0.4),), "UTC")
    retail, _ = tariff.prices(6 * HOUR_S, 900, 6)
    assert retail.tolist() == [0.3, 0.3, 0.4, 0.4, 0.4, 0.3]


START = parse_utc("2026-07-01T00:00:00Z")


def hourly(days: int) -> dict[int, tuple[float, float]]:
    """Prices that tell hour and day: 10.2 on day 2 at 10:00."""
    return {START + HOUR_S * h: (h % 24 + h // 24 / 10.0, 0.05 * (h % 24)) for h in range(24 * days)}


def test_listed_prices_hold_for_their_whole_interval() -> None:
    retail, feed_in = ListedPrices(hourly(1)).prices(START + 2 * HOUR_S, 900, 8)
    assert retail.tolist() == [2.0] * 4 + [3.0] * 4
    assert np.allclose(feed_in, [0.1] * 4 + [0.15] * 4)


def test_what_is_not_listed_yet_is_as_at_the_same_time_of_the_last_listed_day() -> None:
    prices = ListedPrices(hourly(2))
    retail, _ = prices.prices(START + 2 * DAY_S + 10 * HOUR_S, HOUR_S, 3)
    assert retail.tolist() == [10.1, 11.1, 12.1]
    later, _ = prices.prices(START + 30 * DAY_S + 10 * HOUR_S, HOUR_S, 3)
    assert later.tolist() == retail.tolist()


def test_a_half_known_day_is_listed_as_far_as_it_goes() -> None:
    listed = {at_s: pair for at_s, pair in hourly(2).items() if at_s < START + DAY_S + 12 * HOUR_S}
    retail, _ = ListedPrices(listed).prices(START + DAY_S + 10 * HOUR_S, HOUR_S, 4)
    assert retail.tolist() == [10.1, 11.1, 12.0, 13.0]


def test_a_hole_in_the_list_is_filled_from_the_day_before() -> None:
    listed = hourly(2)
    del listed[START + DAY_S + 5 * HOUR_S]
    retail, _ = ListedPrices(listed).prices(START + DAY_S + 4 * HOUR_S, HOUR_S, 3)
    assert retail.tolist() == [4.1, 5.0, 6.1]


def test_before_the_list_begins_its_first_price_holds() -> None:
    retail, feed_in = ListedPrices(hourly(1)).prices(START - 2 * DAY_S, HOUR_S, 3)
    assert retail.tolist() == [0.0] * 3
    assert feed_in.tolist() == [0.0] * 3


def test_one_listed_price_holds_at_any_time() -> None:
    prices = ListedPrices({START: (0.31, 0.07)})
    for start_s in (START - 99 * HOUR_S, START, START + 9 * DAY_S + 900):
        retail, feed_in = prices.prices(start_s, 900, 2)
        assert retail.tolist() == [0.31, 0.31]
        assert feed_in.tolist() == [0.07, 0.07]


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        ListedPrices({})
