"""What is told to Home Assistant: discovery in both forms, moves between them, and the states of all entities.

Golden files hold what is on the wire; `REWRITE_GOLDEN=1` in the environment writes them anew, to be read before they
are committed.
"""

import ast
import inspect
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hems.control.decision import Decision, Setpoint
from hems.control.home_assistant import discovery as form_module
from hems.control.home_assistant.device_entities import REASONS
from hems.control.home_assistant.discovery import About, Publication, Told, discovery, told
from hems.control.home_assistant.entities import commands, entities
from hems.control.home_assistant.entity import Entity
from hems.control.home_assistant.topics import Topics
from hems.control.home_assistant.values import Measured, energy, live, people_w, settings, why
from hems.control.household.options import options
from hems.control.household.overrides import Override
from hems.control.household.settings import HouseholdSettings
from hems.dispatch import reason
from hems.dispatch.reason import Why
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.site.home import ApplianceUnit, Home
from tests.fakes import BATTERY, CAR, LAMP, PV, START_S, ZONE, home, idle, image, slot

FOLDER = Path(__file__).parents[1] / "snapshots" / "home_assistant"
WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 1.0))
HOME = home(PV, replace(BATTERY, soc_min=0.1), replace(CAR, capacity_kwh=60.0), ZONE, LAMP, WASHER)
TOPICS = Topics(meter=HOME.meter)
ABOUT = About(version="0.1.0", page_url="http://ems.local:8080")
SCHEMA = json.loads((FOLDER / "discovery.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def all_entities(of: Home = HOME) -> tuple[Entity, ...]:
    return entities(of, options(of), TOPICS, "EUR")


def golden(name: str, document: Any) -> None:
    """Compares a document with its golden file."""
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    path = FOLDER / name
    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


def documents(publications: list[Publication]) -> dict[str, Any]:
    """What is retained on each topic in the end."""
    held: dict[str, Any] = {}
    for publication in publications:
        assert publication.retain
        held.pop(publication.topic, None)
        if publication.payload:
            held[publication.topic] = json.loads(publication.payload)
    return held


def device_form() -> dict[str, Any]:
    (document,) = documents(discovery("device", TOPICS, all_entities(), ABOUT, None)).values()
    assert isinstance(document, dict)
    return document


def test_the_device_form_is_as_it_was_and_as_the_documentation_has_it() -> None:
    document = device_form()
    VALIDATOR.validate(document)
    golden("device.json", document)


def test_the_schema_refuses_what_home_assistant_refuses() -> None:
    good = device_form()
    for change in (
        {"dev": {"name": "x"}},
        {"o": {}},
        {"cmps": {"a b": {"p": "sensor"}}},
        {"cmps": {"x": {"p": "sensor", "unique_id": "x", "name": "X"}}},
        {"cmps": {"x": {**good["cmps"]["grid_import"], "state_class": "measurement"}}},
        {"cmps": {"x": {**good["cmps"]["money_today"], "state_class": "measurement"}}},
        {"cmps": {"x": {**good["cmps"]["battery_reason"], "options": []}}},
        {"cmps": {"x": {**good["cmps"]["mode"], "colour": "red"}}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate({**good, **change})


def test_the_component_form_tells_the_same_entities_one_by_one() -> None:
    single = documents(discovery("component", TOPICS, all_entities(), ABOUT, None))
    device = device_form()
    assert len(single) == len(device["cmps"])
    for where, config in single.items():
        match = re.fullmatch(r"homeassistant/([a-z_]+)/hearthgrid_home-1_([a-z0-9_-]+)/config", where)
        assert match is not None, where
        platform, id_ = match.groups()
        component = {k: v for k, v in device["cmps"][id_].items() if k not in ("p", "default_entity_id")}
        if component.get("device_class") == "timestamp":
            assert "device_class" not in config  # releases that need this form warn of one that is not known
            del component["device_class"]
        assert component.items() <= config.items() and device["cmps"][id_]["p"] == platform
        assert config["device"] == device["dev"] and config["origin"] == device["o"]
        assert config["availability"] == device["availability"] and config["availability_mode"] == "all"


def test_every_entity_has_an_id_and_a_name_of_its_own() -> None:
    device = device_form()["cmps"]
    for key in ("unique_id", "default_entity_id", "name"):
        values = [component[key] for component in device.values()]
        assert len(set(values)) == len(values), key


@pytest.mark.parametrize("name", ["grid", "house", "market", "money", "override"])
def test_a_device_that_is_called_as_a_part_of_the_site_takes_no_name_from_it(name: str) -> None:
    made = all_entities(home(replace(BATTERY, id=name), replace(CAR, id="mode"), replace(PV, id="objective")))
    ids = [entity.id for entity in made]
    assert len(set(ids)) == len(ids)


def test_a_device_that_left_is_removed_with_its_platform_alone_and_then_left_out() -> None:
    before = told("device", TOPICS, all_entities())
    smaller = all_entities(home(PV, BATTERY))
    first, second = discovery("device", TOPICS, smaller, ABOUT, before)
    removing, after = json.loads(first.payload), json.loads(second.payload)
    VALIDATOR.validate(removing)
    gone = set(before.components) - {entity.id for entity in smaller}
    assert gone and all(removing["cmps"][id_] == {"p": before.components[id_]} for id_ in gone)
    assert set(after["cmps"]) == {entity.id for entity in smaller}
    assert first.topic == second.topic


def test_what_is_told_again_is_told_once() -> None:
    before = told("device", TOPICS, all_entities())
    assert len(discovery("device", TOPICS, all_entities(), ABOUT, before)) == 1


def test_single_components_move_into_a_device_and_are_cleared_after_it() -> None:
    made = all_entities()
    before = told("component", TOPICS, made)
    sent = discovery("device", TOPICS, made, ABOUT, before)
    count = len(made)
    assert [p.payload for p in sent[:count]] == ['{"migrate_discovery": true}'] * count
    assert sent[count].topic == TOPICS.device_config() and json.loads(sent[count].payload)["cmps"]
    assert [p.payload for p in sent[count + 1 :]] == [""] * count
    assert list(documents(sent)) == [TOPICS.device_config()]
    assert {p.topic for p in sent[:count]} == {p.topic for p in sent[count + 1 :]}


def test_a_device_moves_back_into_single_components() -> None:
    made = all_entities()
    sent = discovery("component", TOPICS, made, ABOUT, told("device", TOPICS, made))
    assert (sent[0].topic, sent[0].payload) == (TOPICS.device_config(), form_module.MIGRATE)
    assert (sent[-1].topic, sent[-1].payload) == (TOPICS.device_config(), "")
    assert len(documents(sent)) == len(made)


def test_a_component_that_left_is_cleared() -> None:
    before = told("component", TOPICS, all_entities())
    smaller = all_entities(home(PV, BATTERY))
    sent = discovery("component", TOPICS, smaller, ABOUT, before)
    cleared = {p.topic for p in sent if p.payload == ""}
    assert TOPICS.component_config("climate", "zone_climate") in cleared
    assert len(cleared) == len(all_entities()) - len(smaller)


@pytest.mark.parametrize("form", ["device", "component"])
def test_another_prefix_leaves_nothing_under_the_old_one(form: Any) -> None:
    old = Topics(meter=HOME.meter, prefix="old")
    before = told(form, old, all_entities())
    sent = discovery(form, TOPICS, all_entities(), ABOUT, before)
    assert {p.payload for p in sent if p.topic.startswith("old/")} == {""}
    assert all(topic.startswith("homeassistant/") for topic in documents(sent))


def test_what_was_told_survives_as_json_and_rubbish_is_nothing() -> None:
    before = told("device", TOPICS, all_entities())
    assert Told.of(json.loads(json.dumps(before.document()))) == before
    assert [Told.of(x) for x in (None, [], {"form": "x", "prefix": "p", "components": {}}, {"form": "device"})] == [
        None
    ] * 4


def seen() -> SiteImage:
    devices = {
        "pv": DeviceImage(power_w=-1500.0, available_w=1800.0),
        "battery": DeviceImage(power_w=-700.0, soc=0.553),
        "car": DeviceImage(power_w=4000.0, stay=Stay(energy_needed_wh=3210, departure_s=START_S + 7200)),
        "zone": DeviceImage(power_w=900.0, temp_c=20.56, outdoor_temp_c=2.0),
        "lamp": idle(daylight_lux=100.0, required_lux=500.0),
    }
    return image(devices, base_w=600.0)


def measured() -> Measured:
    because = Why(code="price_high", price_per_kwh=0.31, worth_per_h=0.02, text="Gives energy.")
    setpoint = Setpoint(device="battery", power_kw=-0.7, why=because)
    return Measured(
        image=seen(),
        decision=Decision(slot=slot(), rung="plan", setpoints=(setpoint,), net_kw=3.3),
        retail_per_kwh=0.3,
        feed_in_per_kwh=0.08,
        market_per_kwh=None,
        import_kwh=1234.567,
        export_kwh=0.0,
        device_kwh={"battery": (10.0, 9.0), "pv": (0.0, 55.5)},
        money_today=-0.1234567,
        money_since_s=START_S - 8 * 3600,
    )


def held() -> dict[str, Any]:
    values = {("mode", None): "away", ("reserve_soc", "battery"): 0.4, ("ready_by", "car"): "07:30"}
    override = Override(
        device="zone", action="off", power_kw=None, until_s=START_S + 3600, by="page", since_s=START_S
    )
    return settings(HOME, HouseholdSettings(values=values), (override,), 2.0)


def test_the_states_are_as_they_were() -> None:
    now = measured()
    assert now.decision is not None
    golden(
        "states.json",
        {
            "live": live(HOME, now),
            "energy": energy(HOME, now),
            "settings": held(),
            "why": why(now.decision.setpoints[0], now.decision, BATTERY),
        },
    )


def test_signs_are_those_that_people_read() -> None:
    """The battery gives 700 W, the roof 1500 W; car and heat pump take 4900 W, the house 600 W: 3300 W come in."""
    told_now = live(HOME, measured())
    assert told_now["grid_w"] == 3300 and told_now["house_w"] == 600
    assert (told_now["battery_w"], told_now["pv_w"], told_now["car_w"], told_now["zone_w"]) == (700, 1500, 4000, 900)
    assert told_now["house_w"] + told_now["car_w"] + told_now["zone_w"] == (
        told_now["grid_w"] + told_now["battery_w"] + told_now["pv_w"]
    )
    assert people_w(BATTERY, 500.0) == -500


def test_every_template_finds_its_value() -> None:
    """Each key that a template reads is in the document of its topic."""
    now = measured()
    assert now.decision is not None
    by_topic = {
        TOPICS.live: live(HOME, now),
        TOPICS.energy: energy(HOME, now),
        TOPICS.settings: held(),
        TOPICS.refused: {"text": "none"},
        **{TOPICS.why(unit.id): why(now.decision.setpoints[0], now.decision, BATTERY) for unit in HOME.units},
    }
    for entity in all_entities():
        for key, template in entity.config.items():
            if key.endswith("template"):
                prefix = key.removesuffix("template").removesuffix("value_").removesuffix("last_reset_")
                topic = entity.config.get(f"{prefix}topic") or entity.config["state_topic"]
                name = re.fullmatch(r"\{\{ value_json(?:\.|\[')([a-z0-9_-]+)(?:'\])? \}\}", template)
                assert name is not None and name.group(1) in by_topic[topic], (entity.id, key)


def test_a_device_that_does_not_answer_has_no_values() -> None:
    alone = replace(measured(), image=image({}, base_w=600.0))
    told_now = live(HOME, alone)
    assert told_now["battery_w"] is None and told_now["battery_soc"] is None and told_now["car_plugged"] is None


def test_every_command_topic_has_its_command_and_every_command_a_topic() -> None:
    asked = {
        topic.rsplit("/", 1)[1]
        for entity in all_entities()
        for key, topic in entity.config.items()
        if key.endswith("command_topic")
    }
    assert asked == set(commands(HOME, options(HOME)))


def test_every_reason_that_a_setpoint_can_have_is_an_option() -> None:
    tree = ast.parse(inspect.getsource(reason))
    pairs = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)]
    given = {node.value.elts[0].value for node in pairs if isinstance(node.value.elts[0], ast.Constant)}  # type: ignore[attr-defined]
    assert len(given) > 8 and given | {"manual", "comfort"} <= set(REASONS)
