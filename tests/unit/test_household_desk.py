"""The household's port for programs: requests as JSON, ends as people write them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.commands.set import change_of
from hems.control.household.desk import answer
from hems.control.household.ends import end_s
from hems.control.household.household import Household
from hems.site.finding import Finding
from tests.fakes import BATTERY, CAR, START_S, ZONE, home
from tests.unit.test_household import Memory

HOME = home(BATTERY, CAR, ZONE)


def asked(household: Household, request: dict[str, Any]) -> dict[str, Any]:
    said = answer(household, request, by="cli", now_s=START_S, timezone="UTC")
    json.dumps(said, allow_nan=False)
    return said


def fresh() -> Household:
    return Household(HOME, Memory(), now=lambda: START_S)


def test_a_wish_is_set_shown_and_taken_back() -> None:
    household = fresh()
    said = asked(household, {"ask": "set", "changes": [change_of("mode=away"), change_of("offset_k.zone=-0.5")]})
    assert said == {
        "accepted": True,
        "changes": [
            {"what": "mode", "device": None, "before": "auto", "after": "away"},
            {"what": "offset_k", "device": "zone", "before": None, "after": -0.5},
        ],
    }
    shown = {(one["name"], one["device"]): one["value"] for one in asked(household, {"ask": "show"})["settings"]}
    assert shown["mode", None] == "away" and shown["offset_k", "zone"] == -0.5
    asked(household, {"ask": "set", "changes": [change_of("offset_k.zone=")]})
    assert household.settings().value("offset_k", "zone") is None


def test_an_override_is_made_shown_and_ended() -> None:
    household = fresh()
    request = {"ask": "override", "device": "battery", "action": "give", "until": "2h", "power_kw": 1.5}
    assert asked(household, request)["accepted"]
    (shown,) = asked(household, {"ask": "show"})["overrides"]
    assert shown == {
        "device": "battery",
        "action": "give",
        "power_kw": 1.5,
        "until_s": START_S + 7200,
        "by": "cli",
    }
    assert asked(household, {"ask": "cancel", "device": "battery"})["accepted"]
    assert household.overrides() == ()


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({}, "is not understood"),
        ({"ask": "dance"}, "is not understood"),
        ({"ask": "set", "changes": "mode=away"}, "is not understood"),
        ({"ask": "set", "changes": [1]}, "is not understood"),
        ({"ask": "set", "changes": [{"name": "mode", "value": "party"}]}, "use one of auto"),
        ({"ask": "set", "changes": [{}] * 60}, "send at most 50"),
        ({"ask": "override", "device": "car", "action": "on", "until": "later"}, "is no end"),
        ({"ask": "override", "device": "car", "action": "dance", "until": "2h"}, "use one of on, off"),
        ({"ask": "override", "device": "car", "action": "on", "until": "2h", "power_kw": "much"}, "is no power"),
        ({"ask": "cancel", "device": "car"}, "is not overridden"),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason_and_nothing_changes(request_: dict[str, Any], said: str) -> None:
    household = fresh()
    outcome = asked(household, request_)
    assert not outcome["accepted"] and any(said in reason for reason in outcome["reasons"]), outcome
    assert household.settings().values == {} and household.overrides() == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
REQUESTS = st.fixed_dictionaries(
    {"ask": st.sampled_from(["set", "override", "cancel", "show"])},
    optional={
        "changes": st.lists(st.dictionaries(st.sampled_from(["name", "device", "value"]), JSON), max_size=3),
        "device": st.sampled_from(["car", "battery", "zone"]) | JSON,
        "action": st.sampled_from(["on", "off", "give"]) | JSON,
        "until": st.sampled_from(["2h", "18:00"]) | JSON,
        "power_kw": JSON,
    },
)


@settings(max_examples=50)
@given(REQUESTS)
def test_whatever_is_asked_is_answered(request_: dict[str, Any]) -> None:
    household = fresh()
    said = asked(household, request_)
    assert request_["ask"] == "show" or isinstance(said["accepted"], bool)


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("18:00", 9 * 3600),  # it is 09:00 in Berlin
        ("08:30", 23 * 3600 + 1800),
        ("tomorrow", 15 * 3600),
        ("90m", 5400),
        ("1.5h", 5400),
        ("2d", 2 * 86_400),
        ("2027-01-15T10:00+01:00", 3600),
        ("2027-01-15T09:00:00Z", 3600),
    ],
)
def test_ends_are_read_as_people_write_them(text: str, after_s: int) -> None:
    assert end_s(text, START_S, "Europe/Berlin") == START_S + after_s


@pytest.mark.parametrize("text", ["", "later", "25:00", "6 pm", "-2h", "2027-01-15T10:00", "99999999999h", "٣:٠٠"])
def test_other_ends_are_refused(text: str) -> None:
    found = end_s(text, START_S, "Europe/Berlin")
    assert isinstance(found, Finding) and "write 18:00" in found.remedy
