"""Outlooks of a running home: from its own past, the sensors of the last day and the tariff; nothing from later."""

import numpy as np
import pytest

from hems.control.history import History, SlotMeans
from hems.control.live_outlook import LiveOutlook
from hems.control.signal_memory import Sensed
from hems.control.weather_watch import WeatherWatch
from hems.forecasting.issued import Path
from hems.forecasting.series import DAY_S, Series
from hems.forecasting.trained import train
from hems.forecasting.weather import WeatherForecast
from hems.site.tariff import DailyPrices
from tests.fakes import START_S, idle, image, slot
from wire.slots import Slot

SLOTS = 96
PRICES = DailyPrices(0.3, 0.08, (), "UTC")
MIDNIGHT_S = START_S - START_S % DAY_S


def past(days: int, pv_kw: float = 0.0) -> History:
    """A load of 0.5 kW by night and 1.5 kW from 8 to 20 UTC, for whole days before the midnight before `START_S`."""
    history = History(slot_minutes=15)
    rows = []
    for number in range(days * SLOTS):
        at = slot((MIDNIGHT_S - START_S) // 900 - days * SLOTS + number)
        noon = 8 <= at.start_s % DAY_S // 3600 < 20
        rows.append(SlotMeans(at, 1.5 if noon else 0.5, pv_kw if noon else 0.0))
    history.load(rows)
    return history


def outlooks(history: History) -> LiveOutlook:
    return LiveOutlook(history, PRICES, timezone="UTC", slot_s=900)


def test_a_home_on_its_first_day_expects_a_typical_load_and_no_sun() -> None:
    outlook = outlooks(History(slot_minutes=15)).outlook(START_S, START_S, SLOTS)
    assert outlook.slots == SLOTS
    assert (outlook.base_kw > 0.0).all() and np.isfinite(outlook.base_kw).all()
    assert outlook.pv_kw.tolist() == [0.0] * SLOTS
    assert outlook.retail_per_kwh.tolist() == [0.3] * SLOTS
    assert outlook.feed_in_per_kwh.tolist() == [0.08] * SLOTS


def test_a_home_with_a_steady_past_expects_it_again() -> None:
    outlook = outlooks(past(14)).outlook(MIDNIGHT_S, MIDNIGHT_S, SLOTS)
    expected = np.where((np.arange(SLOTS) >= 32) & (np.arange(SLOTS) < 80), 1.5, 0.5)
    assert outlook.base_kw == pytest.approx(expected, abs=0.05)
    assert outlook.pv_kw.tolist() == [0.0] * SLOTS


def test_a_roof_that_has_ever_given_power_is_expected_to_give_again() -> None:
    outlook = outlooks(past(14, pv_kw=2.0)).outlook(MIDNIGHT_S, MIDNIGHT_S, SLOTS)
    assert outlook.pv_kw[50] == pytest.approx(2.0, abs=0.1)
    assert outlook.pv_kw[0] == pytest.approx(0.0, abs=0.01)


def test_what_is_measured_later_is_not_known_earlier() -> None:
    short, longer = past(14), past(14)
    longer.load(SlotMeans(slot((MIDNIGHT_S - START_S) // 900 + k), 99.0, 9.0) for k in range(SLOTS))
    early = [outlooks(h).outlook(MIDNIGHT_S, MIDNIGHT_S + 900, SLOTS) for h in (short, longer)]
    assert early[0].base_kw.tolist() == early[1].base_kw.tolist()
    assert early[0].pv_kw.tolist() == early[1].pv_kw.tolist()


def test_outlooks_of_one_moment_are_equal() -> None:
    source = outlooks(past(3))
    one, two = (source.outlook(START_S, START_S + 900, SLOTS) for _ in range(2))
    assert one.base_kw.tolist() == two.base_kw.tolist()


def test_signals_of_the_memory_are_part_of_the_outlook() -> None:
    source = outlooks(past(1))
    source.signals.learn(image({"zone": idle(outdoor_temp_c=4.5)}))
    outlook = source.outlook(START_S, START_S, 2)
    assert outlook.signal("zone.outdoor_temp_c", 0.0).tolist() == [4.5, 4.5]
    assert outlook.signal("zone.daylight_lux", 1.0).tolist() == [1.0, 1.0]


def test_quantiles_then_errors_of_the_last_days_give_ways_on_and_a_restart_keeps_them() -> None:
    history, days = past(14), 7
    source = LiveOutlook(history, PRICES, timezone="UTC", slot_s=900, futures=4)
    for day in range(days):
        now_s = MIDNIGHT_S - (days - day) * DAY_S
        assert len(source.outlook(now_s, now_s, SLOTS).ways_on) == 4
    rng = np.random.default_rng(1)
    first = (MIDNIGHT_S - START_S) // 900 - days * SLOTS
    history.load(SlotMeans(slot(first + k), float(rng.uniform(0.2, 2.0)), 0.0) for k in range(days * SLOTS))
    restarted = LiveOutlook(history, PRICES, timezone="UTC", slot_s=900, futures=4)
    for path in source.issued.paths():
        restarted.issued.add(Path.unpacked(path.start_s, path.packed()))
    for live in (source, restarted):
        outlook = live.outlook(MIDNIGHT_S, MIDNIGHT_S, SLOTS)
        assert len(outlook.ways_on) == 4
        assert sum(way.probability for way in outlook.ways_on) == pytest.approx(1.0)
        assert all((way.base_kw >= 0.0).all() for way in outlook.ways_on)
        assert np.std([way.base_kw for way in outlook.ways_on], axis=0).mean() > 0.1


def said(issued_s: int, temp_c: float) -> WeatherForecast:
    nothing = np.full(48, np.nan)
    return WeatherForecast(
        issued_s=issued_s,
        start_s=issued_s,
        step_s=3600,
        temp_c=np.full(48, temp_c),
        ghi_w_m2=nothing,
        dni_w_m2=nothing,
        dhi_w_m2=nothing,
    )


class NoWeather:
    async def forecast(self, now_s: int) -> WeatherForecast | None:
        return None


def test_a_home_that_heats_expects_more_load_when_the_weather_forecast_is_cold() -> None:
    days, rng = 60, np.random.default_rng(3)
    outdoor_c = np.repeat(5.0 + 6.0 * rng.standard_normal(days), 24)
    start_s = MIDNIGHT_S - days * DAY_S
    load_kw = 0.4 + 0.15 * np.maximum(15.0 - outdoor_c, 0.0) + 0.05 * rng.random(len(outdoor_c))
    history = History(slot_minutes=60)
    hours = [Slot(start_s + 3600 * k, 60) for k in range(24 * days)]
    history.load(SlotMeans(hour, float(kw), 0.0) for hour, kw in zip(hours, load_kw, strict=True))
    expected = []
    for temp_c in (-8.0, 15.0):
        watch = WeatherWatch(NoWeather())
        watch.restore([said(MIDNIGHT_S, temp_c)])
        live = LiveOutlook(history, PRICES, timezone="UTC", slot_s=3600, weather=watch)
        live.signals.restore(
            Sensed(hour.start_s, "zone.outdoor_temp_c", float(c)) for hour, c in zip(hours, outdoor_c, strict=True)
        )
        past_kw = Series(start_epoch_s=start_s, slot_s=3600, values_kw=load_kw)
        known = live.signals.outdoor(MIDNIGHT_S)
        live.models["load"] = train(past_kw, slot_s=3600, timezone="UTC", seed=1, temperature=known)
        expected.append(live.outlook(MIDNIGHT_S, MIDNIGHT_S, 24).base_kw.mean())
    cold_kw, mild_kw = expected
    assert cold_kw > mild_kw + 0.25
