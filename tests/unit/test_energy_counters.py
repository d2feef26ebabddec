"""Counters of devices without registers, and what energy has cost today."""

import pytest

from hems.control.day_money import DayMoney
from hems.control.energy_counters import GAP_S_MAX, STORE_EVERY_S, EnergyCounters
from hems.control.house_view.spent import SpentSlot
from hems.metering.image import DeviceImage, SiteImage
from hems.metering.reading import Reading
from tests.fakes import START_S, image
from wire.messages import Settlement
from wire.slots import format_utc


def at(after_s: int, power_w: float) -> SiteImage:
    return image({"battery": DeviceImage(power_w=power_w)}, at_s=START_S + after_s)


def test_what_is_taken_and_what_is_given_are_counted_apart() -> None:
    counters = EnergyCounters()
    for after_s, power_w in ((0, 1000.0), (60, 1000.0), (120, -2000.0), (180, -2000.0)):
        counters.add(at(after_s, power_w))
    counters.stored(counters.fact(), START_S + 180)
    taken, given = counters.kwh("battery")
    assert taken == pytest.approx(1 / 60, abs=1e-5)
    assert given == pytest.approx(0.5 / 60 + 2 / 60, abs=1e-5)


def test_nothing_is_told_before_it_is_stored_and_no_restart_makes_a_counter_fall() -> None:
    counters = EnergyCounters()
    counters.add(at(0, 6000.0))
    counters.add(at(60, 6000.0))
    assert counters.kwh("battery") == (0.0, 0.0)
    fact = counters.fact()
    counters.stored(fact, START_S + 60)
    told = counters.kwh("battery")
    counters.add(at(120, 6000.0))
    assert counters.kwh("battery") == told
    again = EnergyCounters(fact)
    assert again.kwh("battery") == told == pytest.approx((0.1, 0.0))


def test_counters_are_stored_now_and_then_and_not_when_nothing_moved() -> None:
    counters = EnergyCounters()
    counters.add(at(0, 6000.0))
    assert not counters.is_due(START_S)
    counters.add(at(60, 6000.0))
    assert counters.is_due(START_S + 60)
    counters.stored(counters.fact(), START_S + 60)
    counters.add(at(120, 6000.0))
    assert not counters.is_due(START_S + 120) and counters.is_due(START_S + 60 + STORE_EVERY_S)


def test_a_gap_a_clock_that_steps_back_and_a_device_that_was_away_count_nothing() -> None:
    counters = EnergyCounters()
    counters.add(at(0, 6000.0))
    counters.add(at(GAP_S_MAX + 1, 6000.0))
    counters.add(at(60, 6000.0))
    counters.add(image({"car": DeviceImage(power_w=5000.0)}, at_s=START_S + 90))
    assert counters.fact() == {}


@pytest.mark.parametrize("fact", [None, [], "x", {}])
def test_no_fact_means_no_energy_yet(fact: object) -> None:
    assert EnergyCounters(fact).kwh("battery") == (0.0, 0.0)


def reading(import_wh: int, export_wh: int = 0) -> Reading:
    return Reading(at_epoch_s=START_S, power_w=0, import_wh=import_wh, export_wh=export_wh)


def settlement(total: float, *, slot_s: int = START_S, corrects: int | None = None) -> Settlement:
    return Settlement(
        community="elm",
        meter="home-1",
        slot=format_utc(slot_s),
        quality="measured",
        award_wh=0,
        metered_wh=1000,
        lines=(),
        total_nano=round(total * 1e9),
        log_index=1,
        salt="00" * 32,
        corrects=corrects,
        note=None,
    )


def spent(cost: float, slot_s: int = START_S) -> SpentSlot:
    return SpentSlot(start_s=slot_s, import_kwh=1.0, export_kwh=0.0, cost=cost)


def test_a_slot_costs_what_the_tariff_bills_until_it_is_settled() -> None:
    money = DayMoney("UTC")
    assert money.today(START_S, [spent(0.56)]) == pytest.approx(0.56)
    money.learn(settlement(0.5))
    assert money.today(START_S, [spent(0.56)]) == pytest.approx(0.5)
    money.learn(settlement(-0.1, corrects=1))
    assert money.today(START_S, [spent(0.56)]) == pytest.approx(0.4)


def test_yesterday_is_no_part_of_today() -> None:
    money = DayMoney("Europe/Berlin")
    money.learn(settlement(7.0, slot_s=START_S - 86_400))
    rows = [spent(5.0, START_S - 86_400), spent(0.30)]
    assert money.today(START_S, rows) == pytest.approx(0.30)
    assert money.today(START_S + 86_400, rows) == 0.0
    assert money.since_s(START_S) == START_S - 9 * 3600
