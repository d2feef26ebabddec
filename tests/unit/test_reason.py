"""Every command explains itself: code, price, worth and a sentence."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.dispatch.reason import Prices, why
from hems.metering.image import DeviceImage, Stay
from hems.site.home import ApplianceUnit, Unit
from tests.fakes import BATTERY, CAR, LAMP, PV, ZONE, idle

STAY = Stay(energy_needed_wh=5400, departure_s=1_800_090_000)
WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(2.0,))
PRICES = Prices(now=0.12, retail=0.3, feed_in=0.1, later=0.25)
UNITS: tuple[Unit, ...] = (PV, BATTERY, CAR, ZONE, LAMP, WASHER)


@pytest.mark.parametrize(
    ("unit", "kw", "seen", "surplus_kw", "code"),
    [
        (PV, -2.0, idle(available_w=2000.0), 1.0, "feed_in"),
        (PV, -1.0, idle(available_w=2000.0), 1.0, "grid_limit"),
        (PV, 0.0, idle(), 0.0, "feed_in"),
        (BATTERY, 1.0, idle(soc=0.5), 1.5, "solar_surplus"),
        (BATTERY, 1.5, idle(soc=0.5), 1.5, "solar_surplus"),
        (BATTERY, 5.0, idle(soc=0.5), 1.5, "price_low"),
        (BATTERY, 1.0, idle(soc=0.5), -0.5, "price_low"),
        (BATTERY, -1.0, idle(soc=0.5), 0.0, "price_high"),
        (BATTERY, 0.0, idle(soc=0.5), 2.0, "idle"),
        (CAR, 0.0, idle(), 0.0, "idle"),
        (CAR, 4.0, idle(stay=STAY), 0.0, "price_low"),
        (CAR, 0.0, idle(stay=STAY), 0.0, "waiting"),
        (ZONE, 1.0, idle(temp_c=20.0), 0.0, "comfort"),
        (ZONE, 0.0, idle(temp_c=22.0), 0.0, "idle"),
        (LAMP, 0.1, idle(), 0.0, "occupied"),
        (LAMP, 0.0, idle(), 0.0, "idle"),
        (WASHER, 2.0, idle(), 0.0, "cheapest_window"),
        (WASHER, 0.0, idle(), 0.0, "idle"),
    ],
)
def test_every_command_has_the_code_of_its_cause(
    unit: Unit, kw: float, seen: DeviceImage, surplus_kw: float, code: str
) -> None:
    assert why(unit, kw, seen, surplus_kw, PRICES).code == code


def test_charging_cheap_is_worth_the_difference_to_the_later_price() -> None:
    made = why(BATTERY, 2.0, idle(soc=0.5), 0.0, PRICES)
    assert made.price_per_kwh == 0.12
    assert made.worth_per_h == pytest.approx(0.26)
    assert "0.120" in made.text and "0.250" in made.text


def test_sun_that_is_only_a_part_of_a_charge_is_told_as_a_part() -> None:
    text = why(BATTERY, 5.0, idle(soc=0.5), 1.5, PRICES).text
    assert text == "Charges at 0.120 per kWh, partly from the sun: the energy is worth 0.250 later."
    assert "sun" not in why(BATTERY, 5.0, idle(soc=0.5), 0.0, PRICES).text


def test_giving_dear_is_worth_the_difference_to_the_later_price() -> None:
    dear = Prices(now=0.4, retail=0.4, feed_in=0.1, later=0.25)
    assert why(BATTERY, -2.0, idle(soc=0.5), 0.0, dear).worth_per_h == pytest.approx(0.3)


def test_a_car_is_told_how_much_it_still_needs() -> None:
    assert "5.4 kWh" in why(CAR, 4.0, idle(stay=STAY), 0.0, PRICES).text


@st.composite
def images(draw: st.DrawFn) -> DeviceImage:
    available_w = draw(st.none() | st.floats(0.0, 5000.0))
    return idle(stay=draw(st.none() | st.just(STAY)), available_w=available_w)


@given(
    st.sampled_from(UNITS),
    st.floats(-10.0, 10.0),
    images(),
    st.floats(-5.0, 5.0),
    st.builds(Prices, **dict.fromkeys(("now", "retail", "feed_in", "later"), st.floats(-0.5, 1.0))),
)
def test_any_command_has_a_whole_sentence_and_a_worth_that_is_never_negative(
    unit: Unit, kw: float, seen: DeviceImage, surplus_kw: float, prices: Prices
) -> None:
    made = why(unit, kw, seen, surplus_kw, prices)
    assert made.worth_per_h >= 0.0
    assert made.price_per_kwh == prices.now
    assert re.fullmatch(r"[A-Z][^{}]*\.", made.text)
    assert re.fullmatch(r"[a-z_]+", made.code)
