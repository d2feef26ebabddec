"""The text of a home's configuration with comments, for people who start from nothing."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

COMMENTS = {
    "tariff": "What the supplier charges and pays per kWh, in your currency; see docs/configuration.md for periods.",
    "meter": "The meter at the connection. `hems meter test --config <this file>` says whether it is read well.",
    "mqtt": "The home's own MQTT server, on which the meter speaks.",
    "home": "The name of the meter in the community, the clock on the wall, and where the programs keep their files.",
    "page": "The page of the home, for this computer; docs/household-page.md opens it to phones in your network.",
    "market": "The community: its name and the key of its operator, as in your invitation.",
    "device": "A device under control.",
}
INLINE = ("tariff", "meter", "mqtt")


def config_text(tables: Mapping[str, Mapping[str, Any]], devices: Sequence[Mapping[str, Any]] = ()) -> str:
    """The TOML text of tables and devices, each under a comment. Short tables stand in one line."""
    lines = ["# A home for Hearthgrid. Check it with `hems run --config <this file> --check`."]
    for name in (*INLINE, *(n for n in tables if n not in INLINE)):
        table = tables.get(name)
        if not table:
            continue
        lines += ["", f"# {COMMENTS[name]}", f"{name} = {_value(table)}"] if name in INLINE else _table(name, table)
    for device in devices:
        lines += ["", f"# {COMMENTS['device']}", "[[device]]", *key_lines(device)]
    return "\n".join(lines) + "\n"


def table_text(name: str, table: Mapping[str, Any]) -> str:
    """The TOML text of one table under its comment."""
    return "\n".join(_table(name, table)[1:]) + "\n"


def _table(name: str, table: Mapping[str, Any]) -> list[str]:
    return ["", f"# {COMMENTS[name]}", f"[{name}]", *key_lines(table)]


def key_lines(table: Mapping[str, Any]) -> list[str]:
    """The lines of the keys of a table."""
    return [f"{name} = {_value(value)}" for name, value in table.items()]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")  # a TOML string as JSON writes it
