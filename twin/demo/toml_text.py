"""Values and tables as TOML."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from broker.io.network_config import NetworkSettings
from twin.neighbourhood.neighbourhood import Neighbourhood


def toml(value: Any) -> str:
    """A value in one line; keys of a table whose value is None are left out."""
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return "{" + ", ".join(f"{name} = {toml(part)}" for name, part in value.items() if part is not None) + "}"
        case list() | tuple():
            return "[" + ", ".join(toml(part) for part in value) + "]"
        case _:
            return repr(value)


def keys(table: Mapping[str, Any]) -> list[str]:
    """A line for each key of a table that has a value."""
    return [f"{name} = {toml(value)}" for name, value in table.items() if value is not None]


def network_table(around: Neighbourhood | None) -> list[str]:
    """The `[network]` of a broker's configuration, no lines where none is given."""
    if around is None or around.network == NetworkSettings():
        return []
    return ["[network]", *keys(around.network.model_dump(by_alias=True, exclude_defaults=True))]


def preference_keys(around: Neighbourhood | None, meter: str) -> list[str]:
    """What a member sells and wants, as keys of its `[[members]]`."""
    own = None if around is None else around.preferences.get(meter)
    return [] if own is None else keys(own.model_dump(exclude_defaults=True, exclude={"meter"}))
