"""Commands of Home Assistant: what is done, what is refused, and that a stranger's bytes never do harm."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.control.home_assistant.desk import PER_MINUTE_MAX, TEXT_MAX, CommandDesk
from hems.control.home_assistant.entities import commands
from hems.control.household.household import Household
from hems.control.household.options import options
from hems.control.household.outcome import Accepted, Rejected
from tests.fakes import BATTERY, CAR, LAMP, PV, START_S, ZONE, home
from tests.unit.test_household import Memory

HOME = home(PV, replace(BATTERY, soc_min=0.1), replace(CAR, capacity_kwh=60.0), ZONE, LAMP)
COMMANDS = commands(HOME, options(HOME))


class Desk:
    """A desk with its household, on a clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = START_S
        self.store = Memory()
        self.household = Household(HOME, self.store, now=lambda: self.now_s)
        self.desk = CommandDesk(self.household, COMMANDS, lambda: self.now_s)

    def send(self, component: str, payload: str | bytes) -> bool:
        """Whether a command was done."""
        data = payload.encode() if isinstance(payload, str) else payload
        return isinstance(self.desk.take(component, data), Accepted)


def test_selects_numbers_texts_and_thermostats_set_what_they_are_for() -> None:
    desk = Desk()
    for component, payload in (
        ("mode", "away"),
        ("objective", "green"),
        ("battery_reserve", "35"),
        ("car_ready_by", "07:30"),
        ("car_target", "80"),
        ("zone_offset", "-0.5"),
        ("zone_climate_temperature", "21.5"),
    ):
        assert desk.send(component, payload), component
    assert desk.household.settings().values == {
        ("mode", None): "away",
        ("objective", None): "green",
        ("reserve_soc", "battery"): 0.35,
        ("ready_by", "car"): "07:30",
        ("target_soc", "car"): 0.8,
        ("offset_k", "zone"): -0.5,
        ("temp_min_c", "zone"): 21.5,
    }
    assert {entry.by for entry in desk.household.log()} == {"home_assistant"}
    assert desk.desk.refusal["text"] == "none"


def test_an_empty_ready_by_gives_it_back_to_the_car() -> None:
    desk = Desk()
    desk.send("car_ready_by", "07:30")
    assert desk.send("car_ready_by", "")
    assert desk.household.settings().car("car").ready_by is None


@pytest.mark.parametrize(
    ("component", "payload", "action", "hours", "power_kw"),
    [
        ("car_override", "on", "on", 2.0, None),
        ("battery_override", "give", "give", 2.0, None),
        ("lamp_override", "off", "off", 2.0, None),
        ("zone_climate_mode", "heat", "on", 2.0, None),
        ("zone_climate_mode", "off", "off", 2.0, None),
        ("car_override", '{"action": "on", "hours": 0.5, "power_kw": 2}', "on", 0.5, 2.0),
    ],
)
def test_an_override_has_an_end(
    component: str, payload: str, action: str, hours: float, power_kw: float | None
) -> None:
    desk = Desk()
    assert desk.send(component, payload)
    (override,) = desk.household.overrides()
    assert (override.action, override.until_s, override.power_kw) == (action, START_S + hours * 3600, power_kw)
    assert override.by == "home_assistant"


def test_overrides_last_as_long_as_is_chosen_and_end_with_auto_or_the_button() -> None:
    desk = Desk()
    assert desk.send("override_hours", "0.5")
    desk.send("car_override", "on")
    assert desk.household.overrides()[0].until_s == START_S + 1800
    assert desk.send("car_override", "auto") and desk.household.overrides() == ()
    assert desk.send("car_override", "auto")
    desk.send("car_override", "on")
    desk.send("zone_climate_mode", "heat")
    assert desk.send("override_end_all", "PRESS") and desk.household.overrides() == ()


@pytest.mark.parametrize(
    ("component", "payload", "said"),
    [
        ("mode", "party", "use one of"),
        ("mode", "", "use one of"),
        ("battery_reserve", "NaN", "is no number"),
        ("battery_reserve", "inf", "is no number"),
        ("battery_reserve", "much", "is no number"),
        ("battery_reserve", "105", "is above"),
        ("battery_reserve", "5", "is below"),
        ("car_ready_by", "half past seven", "is no time of day"),
        ("car_override", "give", "use one of on, off"),
        ("car_override", "dance", "is no override"),
        ("car_override", '{"action": "on", "hours": NaN}', "is no JSON"),
        ("car_override", '{"action": "on", "hours": 1e400}', "is no override"),
        ("car_override", '{"action": "on", "hours": -1}', "is no override"),
        ("car_override", '{"action": "on", "hours": true}', "is not what"),
        ("car_override", '{"action": "on", "colour": 1}', "is not what"),
        ("car_override", '{"action": "on", "power_kw": 99}', "above its most"),
        ("car_override", "{" * 200, "is no JSON"),
        ("zone_climate_mode", "cool", "is no override"),
        ("zone_climate_temperature", "99", "is above 30"),
        ("override_hours", "1000", "choose 0.25 to 24"),
        ("override_end_all", "press", "send PRESS"),
        ("grid_power", "1", "takes no commands"),
        ("mode", b"\xff\xfe", "is no UTF-8"),
        ("mode", b"a" * (1 << 20), "send at most"),
    ],
)
def test_a_wrong_command_is_refused_with_its_reason_and_nothing_changes(
    component: str, payload: str | bytes, said: str
) -> None:
    desk = Desk()
    assert not desk.send(component, payload)
    refusal = desk.desk.refusal
    assert said in refusal["text"] and len(refusal["text"]) <= TEXT_MAX and refusal["command"] == component
    assert refusal["at"] == "2027-01-15T08:00:00Z"
    assert desk.household.settings().values == {} and desk.household.overrides() == () and desk.store.document is None


def test_a_flood_is_refused_and_a_minute_later_commands_are_taken_again() -> None:
    desk = Desk()
    done = [desk.send("mode", "away" if number % 2 else "save") for number in range(PER_MINUTE_MAX + 5)]
    assert done == [True] * PER_MINUTE_MAX + [False] * 5
    assert len(desk.store.entries) == PER_MINUTE_MAX
    desk.now_s += 60
    assert desk.send("mode", "comfort")


@settings(max_examples=50)
@given(st.sampled_from([*COMMANDS, "nothing"]), st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_whatever_comes_in_is_done_or_refused_and_told_as_json(component: str, payload: bytes | str) -> None:
    desk = Desk()
    data = payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else payload
    outcome = desk.desk.take(component, data)
    assert isinstance(outcome, Accepted | Rejected)
    json.dumps(desk.desk.refusal, allow_nan=False)
    if isinstance(outcome, Rejected):
        assert desk.store.document is None
