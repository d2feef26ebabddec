"""The household's port: what can be set, what is refused, what survives a restart and what the audit log says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hems.control.household.changes import Change
from hems.control.household.household import Household, NotStoredError
from hems.control.household.options import options
from hems.control.household.outcome import Accepted, Entry, Rejected
from hems.control.household.overrides import OVERRIDE_S_MAX
from hems.io.edge_store import EdgeStore
from tests.fakes import BATTERY, CAR, LAMP, PV, START_S, ZONE, home

HOME = home(PV, replace(BATTERY, soc_min=0.1, reserve_soc=0.2), replace(CAR, capacity_kwh=60.0), ZONE, LAMP)


class Memory:
    """A store in memory that can be made to refuse."""

    def __init__(self) -> None:
        self.document: Any = None
        self.entries: list[Entry] = []
        self.is_full = False

    def household(self) -> Any:
        return self.document

    def save_household(self, document: Any, entries: Sequence[Entry]) -> None:
        if self.is_full:
            raise NotStoredError("disk is full")
        self.document, self.entries = document, [*self.entries, *entries]

    def household_entries(self, most: int) -> list[Entry]:
        return self.entries[::-1][:most]


def household(store: Any = None, now_s: int = START_S, told: list[int] | None = None) -> Household:
    heard = [] if told is None else told
    return Household(HOME, store or Memory(), now=lambda: now_s, on_change=lambda: heard.append(1))


def texts(outcome: Accepted | Rejected) -> list[str]:
    assert isinstance(outcome, Rejected)
    return [str(reason) for reason in outcome.reasons]


def test_a_change_holds_is_logged_with_who_and_when_and_is_told_at_once() -> None:
    told: list[int] = []
    wishes = household(told=told)
    outcome = wishes.change(
        [Change(name="mode", value="away"), Change(name="reserve_soc", device="battery", value=0.5)], by="page"
    )
    assert isinstance(outcome, Accepted)
    assert wishes.settings().mode == "away" and wishes.settings().reserve_soc("battery") == 0.5
    assert wishes.log() == [
        Entry(at_s=START_S, by="page", what="reserve_soc", device="battery", before=None, after=0.5),
        Entry(at_s=START_S, by="page", what="mode", device=None, before="auto", after="away"),
    ]
    assert told == [1]


def test_setting_what_is_set_already_changes_and_logs_nothing() -> None:
    told: list[int] = []
    wishes = household(told=told)
    wishes.change([Change(name="objective", value="green")], by="cli")
    assert wishes.change([Change(name="objective", value="green")], by="page") == Accepted(entries=())
    assert len(wishes.log()) == 1 and told == [1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(name="mode", value="party"), "use one of auto, save, comfort, away, manual"),
        (Change(name="colour", value="red"), "is no setting of this home"),
        (Change(name="mode", device="battery", value="auto"), "leave the device out"),
        (Change(name="reserve_soc", device="car", value=0.5), "name one of battery"),
        (Change(name="reserve_soc", device="battery", value=0.05), "is below 0.1"),
        (Change(name="reserve_soc", device="battery", value=float("nan")), "is no number"),
        (Change(name="reserve_soc", device="battery", value=True), "is no number"),
        (Change(name="reserve_soc", device="battery", value="0.5"), "is no number"),
        (Change(name="ready_by", device="car", value="7:30"), "is no time of day"),
        (Change(name="ready_by", device="car", value="24:00"), "is no time of day"),
        (Change(name="target_soc", device="car", value=1.2), "is above 1"),
        (Change(name="temp_min_c", device="zone", value=45.0), "is above 30"),
        (Change(name="mode", value=["away"]), "is not one of the choices"),  # type: ignore[arg-type]
        (Change(name="mode", device=["x"], value="away"), "leave the device out"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_change_is_refused_with_its_reason_and_nothing_changes(change: Change, said: str) -> None:
    store, told = Memory(), list[int]()
    wishes = household(store, told=told)
    good = Change(name="objective", value="local")
    outcome = wishes.change([good, change], by="page")
    assert any(said in text for text in texts(outcome)), texts(outcome)
    assert wishes.settings().values == {} and store.document is None and store.entries == [] and told == []


def test_every_mistake_of_a_request_is_said_at_once() -> None:
    wrong = [Change(name="mode", value="x"), Change(name="offset_k", device="zone", value=9.0)]
    assert len(texts(household().change(wrong, by="page"))) == 2


def test_a_band_whose_ends_are_swapped_is_refused() -> None:
    wishes = household()
    assert isinstance(wishes.change([Change(name="temp_min_c", device="zone", value=24.0)], by="page"), Accepted)
    outcome = wishes.change([Change(name="temp_max_c", device="zone", value=22.0)], by="page")
    assert "below temp_min_c 24" in texts(outcome)[0]
    assert wishes.settings().zone("zone").temp_max_c is None


def test_a_car_whose_battery_is_not_told_has_no_target() -> None:
    names = {option.name for option in options(home(CAR))}
    assert "ready_by" in names and "target_soc" not in names


def test_what_differs_from_the_toml_is_told_until_it_is_given_back() -> None:
    wishes = household()
    wishes.change(
        [
            Change(name="reserve_soc", device="battery", value=0.4),
            Change(name="temp_min_c", device="zone", value=20.0),
        ],
        by="page",
    )
    assert [(d.name, d.device, d.toml, d.now) for d in wishes.differences()] == [("reserve_soc", "battery", 0.2, 0.4)]
    wishes.change([Change(name="reserve_soc", device="battery", value=None)], by="page")
    assert wishes.differences() == ()


def test_an_override_holds_until_its_end_and_no_longer() -> None:
    wishes = household()
    assert isinstance(wishes.override("car", "on", until_s=START_S + 600, by="page"), Accepted)
    assert [o.device for o in wishes.overrides_at(START_S + 599)] == ["car"]
    assert wishes.overrides_at(START_S + 600) == ()


def test_a_second_override_replaces_the_first_and_cancelling_ends_it() -> None:
    wishes = household()
    wishes.override("battery", "on", until_s=START_S + 600, by="page")
    wishes.override("battery", "give", power_kw=1.5, until_s=START_S + 900, by="home_assistant")
    assert [(o.action, o.power_kw) for o in wishes.overrides()] == [("give", 1.5)]
    assert isinstance(wishes.cancel("battery", by="cli"), Accepted)
    assert wishes.overrides() == ()
    assert [(e.by, e.before is None, e.after is None) for e in wishes.log()] == [
        ("cli", False, True),
        ("home_assistant", False, False),
        ("page", True, False),
    ]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"device": "sauna", "action": "on"}, "is no device of this home"),
        ({"device": ["car"], "action": "on"}, "is no device of this home"),
        ({"device": "car", "action": "give"}, "use one of on, off"),
        ({"device": "pv", "action": "on"}, "use one of off"),
        ({"device": "car", "action": "on", "power_kw": -1.0}, "is no power"),
        ({"device": "car", "action": "on", "power_kw": float("inf")}, "is no power"),
        ({"device": "car", "action": "off", "power_kw": 1.0}, "leave it out"),
        ({"device": "car", "action": "on", "until_s": START_S}, "lies in the past"),
        ({"device": "car", "action": "on", "until_s": START_S + OVERRIDE_S_MAX + 1}, "more than 7 days"),
        ({"device": "car", "action": "on", "until_s": "18:00"}, "is no moment"),
    ],
)
def test_a_wrong_override_is_refused_and_nothing_changes(wish: dict[str, Any], said: str) -> None:
    store, told = Memory(), list[int]()
    wishes = household(store, told=told)
    outcome = wishes.override(**{"until_s": START_S + 600, "by": "page", **wish})
    assert any(said in text for text in texts(outcome)), texts(outcome)
    assert wishes.overrides() == () and store.document is None and told == []


def test_cancelling_what_is_not_overridden_is_refused() -> None:
    assert "is not overridden" in texts(household().cancel("car", by="page"))[0]


def test_a_store_that_is_full_refuses_and_what_held_before_still_holds() -> None:
    store, told = Memory(), list[int]()
    wishes = household(store, told=told)
    wishes.change([Change(name="mode", value="save")], by="page")
    store.is_full = True
    assert "disk is full" in texts(wishes.change([Change(name="mode", value="away")], by="page"))[0]
    assert "disk is full" in texts(wishes.override("car", "on", until_s=START_S + 60, by="page"))[0]
    assert wishes.settings().mode == "save" and wishes.overrides() == () and told == [1]


def test_settings_overrides_and_log_survive_a_restart(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    wishes = household(store)
    wishes.change(
        [Change(name="ready_by", device="car", value="07:30"), Change(name="mode", value="comfort")], by="page"
    )
    wishes.override("car", "off", until_s=START_S + 3600, by="home_assistant")
    store.close()
    again = EdgeStore(tmp_path / "ems.db")
    restarted = household(again, now_s=START_S + 60)
    assert restarted.settings() == wishes.settings() and restarted.overrides() == wishes.overrides()
    assert [(e.what, e.by) for e in restarted.log()] == [
        ("override", "home_assistant"),
        ("mode", "page"),
        ("ready_by", "page"),
    ]
    again.close()


def test_settings_of_a_device_that_left_the_toml_are_left_out_and_named() -> None:
    store = Memory()
    wishes = household(store)
    wishes.change([Change(name="offset_k", device="zone", value=1.0), Change(name="mode", value="save")], by="page")
    wishes.override("zone", "off", until_s=START_S + 60, by="page")
    smaller = Household(home(BATTERY), store, now=lambda: START_S)
    assert smaller.settings().mode == "save" and smaller.settings().value("offset_k", "zone") is None
    assert smaller.overrides() == () and len(smaller.left_out) == 2


@pytest.mark.parametrize("document", [None, [], "x", {"settings": 3}, {"settings": [[1]], "overrides": [["a"] * 6]}])
def test_a_broken_document_leaves_a_home_as_in_the_toml(document: Any) -> None:
    store = Memory()
    store.document = document
    wishes = household(store)
    assert wishes.settings().values == {} and wishes.overrides() == ()


VALUES = st.one_of(st.none(), st.text(max_size=6), st.floats(), st.sampled_from(["auto", "away", "07:30"]))
NAMES = st.sampled_from([option.name for option in options(HOME)])
DEVICES = st.sampled_from([None, *(unit.id for unit in HOME.units)])
CHANGES = st.lists(st.builds(Change, name=NAMES, device=DEVICES, value=VALUES), max_size=5)


@settings(max_examples=50)
@given(st.lists(CHANGES, max_size=4))
def test_whatever_is_asked_what_holds_is_within_the_limits_and_comes_back_from_the_store(
    requests: list[list[Change]],
) -> None:
    store = Memory()
    wishes = household(store)
    for changes in requests:
        before = wishes.settings()
        if isinstance(wishes.change(changes, by="page"), Rejected):
            assert wishes.settings() == before
    known = {(o.name, o.device): o for o in options(HOME)}
    assert all(known[place].finding(value) is None for place, value in wishes.settings().values.items())
    again = household(store)
    assert again.settings().values == wishes.settings().values and again.left_out == ()
