"""An entity of Home Assistant: what is told about it in discovery, and the setting that it commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Platform = Literal["sensor", "binary_sensor", "number", "select", "text", "climate", "button"]
CommandKind = Literal["setting", "percent", "override", "thermostat", "hours", "end_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """`id` is unique in the home; `config` holds the keys of its platform without those that all entities share."""

    id: str
    platform: Platform
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a command topic is for: a setting (as it is, or in percent of 1), an override, a thermostat's mode, the
    length of overrides, or the end of all of them."""

    kind: CommandKind
    name: str = ""
    device: str | None = None
