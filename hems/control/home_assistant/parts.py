"""Entities that occur again and again: a power, a counter, a price, a number that can be set."""

from typing import Any

from hems.control.home_assistant.entity import Entity
from hems.control.home_assistant.topics import Topics
from hems.control.household.options import Option
from hems.control.household.settings import Place

EXPIRES_S = 90  # an energy manager tells what it measures at least once a minute


def power(id_: str, name: str, topics: Topics, key: str) -> Entity:
    """A power of now [W]."""
    return Entity(
        id=id_,
        platform="sensor",
        config={
            "name": name,
            "device_class": "power",
            "unit_of_measurement": "W",
            "state_class": "measurement",
            "state_topic": topics.live,
            "value_template": f"{{{{ value_json['{key}'] }}}}",
            "expire_after": EXPIRES_S,
        },
    )


def total(id_: str, name: str, topics: Topics, key: str) -> Entity:
    """A counter that never falls [kWh]."""
    return Entity(
        id=id_,
        platform="sensor",
        config={
            "name": name,
            "device_class": "energy",
            "unit_of_measurement": "kWh",
            "state_class": "total",
            "state_topic": topics.energy,
            "value_template": f"{{{{ value_json['{key}'] }}}}",
        },
    )


def price(id_: str, name: str, topics: Topics, currency: str) -> Entity:
    """A price of now [currency/kWh]."""
    return Entity(
        id=id_,
        platform="sensor",
        config={
            "name": name,
            "unit_of_measurement": f"{currency}/kWh",
            "state_class": "measurement",
            "suggested_display_precision": 3,
            "state_topic": topics.live,
            "value_template": f"{{{{ value_json.{id_} }}}}",
        },
    )


def number(id_: str, name: str, topics: Topics, *, low: float, high: float, step: float, unit: str) -> Entity:
    """A number that can be set."""
    config: dict[str, Any] = {
        "name": name,
        "min": low,
        "max": high,
        "step": step,
        "mode": "box",
        "unit_of_measurement": unit,
        "entity_category": "config",
        "state_topic": topics.settings,
        "value_template": f"{{{{ value_json['{id_}'] }}}}",
        "command_topic": topics.command(id_),
    }
    return Entity(id=id_, platform="number", config=config)


def option_of(known: tuple[Option, ...], name: str, device: str | None) -> Option:
    """The option of a setting.

    Raises: KeyError when the home has no such setting.
    """
    place: Place = (name, device)
    for option in known:
        if (option.name, option.device) == place:
            return option
    raise KeyError(place)
