"""Every entity of a home: powers, energies, money, reasons, and what can be set.

Signs are those that people read elsewhere: grid + = import, battery + = discharge, generation and loads >= 0.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hems.control.home_assistant.device_entities import device_commands, device_entities
from hems.control.home_assistant.entity import Command, Entity
from hems.control.home_assistant.parts import number, option_of, power, price, total
from hems.control.home_assistant.topics import Topics
from hems.control.household.options import Option
from hems.site.home import Home

RUNGS = ("plan", "last_plan", "rules")
HOURS_MIN, HOURS_MAX, HOURS_STEP = 0.25, 24.0, 0.25


def entities(home: Home, known: tuple[Option, ...], topics: Topics, currency: str) -> tuple[Entity, ...]:
    """All entities, those of the whole home first; `known` is what can be set."""
    return (
        *_of_site(topics, currency),
        *_settings(known, topics),
        *(entity for unit in home.units for entity in device_entities(unit, known, topics)),
    )


def _of_site(topics: Topics, currency: str) -> Iterator[Entity]:
    yield power("grid_power", "Grid power", topics, "grid_w")
    yield power("house_power", "House power", topics, "house_w")
    yield total("grid_import", "Grid import", topics, "import_kwh")
    yield total("grid_export", "Grid export", topics, "export_kwh")
    yield price("market_price", "Market price", topics, currency)
    yield price("market_retail_price", "Retail price", topics, currency)
    yield price("market_feed_in_price", "Feed-in price", topics, currency)
    yield Entity(
        id="money_today",
        platform="sensor",
        config={
            "name": "Money today",
            "device_class": "monetary",
            "unit_of_measurement": currency,
            "state_class": "total",
            "state_topic": topics.energy,
            "value_template": "{{ value_json.money_today }}",
            "last_reset_value_template": "{{ value_json.money_since }}",
        },
    )
    yield _enum("market_rung", "Decides by", topics, RUNGS, "rung")
    yield Entity(
        id="override_refused",
        platform="sensor",
        config={
            "name": "Refused command",
            "entity_category": "diagnostic",
            "state_topic": topics.refused,
            "value_template": "{{ value_json.text }}",
            "json_attributes_topic": topics.refused,
        },
    )


def _settings(known: tuple[Option, ...], topics: Topics) -> Iterator[Entity]:
    for name, words in (("mode", "Mode"), ("objective", "Objective")):
        yield Entity(
            id=name,
            platform="select",
            config={
                "name": words,
                "options": list(option_of(known, name, None).choices),
                "state_topic": topics.settings,
                "value_template": f"{{{{ value_json.{name} }}}}",
                "command_topic": topics.command(name),
            },
        )
    yield number("override_hours", "Overrides last", topics, low=HOURS_MIN, high=HOURS_MAX, step=HOURS_STEP, unit="h")
    yield Entity(
        id="override_end_all",
        platform="button",
        config={"name": "End overrides", "command_topic": topics.command("override_end_all")},
    )


def _enum(id_: str, name: str, topics: Topics, options: tuple[str, ...], key: str) -> Entity:
    config: dict[str, Any] = {
        "name": name,
        "device_class": "enum",
        "options": list(options),
        "state_topic": topics.live,
        "value_template": f"{{{{ value_json.{key} }}}}",
    }
    return Entity(id=id_, platform="sensor", config=config)


def commands(home: Home, known: tuple[Option, ...]) -> Mapping[str, Command]:
    """What each component with a command topic is for."""
    return {
        "mode": Command(kind="setting", name="mode"),
        "objective": Command(kind="setting", name="objective"),
        "override_hours": Command(kind="hours"),
        "override_end_all": Command(kind="end_all"),
        **{id_: command for unit in home.units for id_, command in device_commands(unit, known)},
    }
