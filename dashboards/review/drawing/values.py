"""A value as Grafana shows it: unit, decimals, words, colour. Pure; only what our dashboards use."""

from collections.abc import Mapping, Sequence
from typing import Any

Value = float | int | str | None
COLOURS = {
    "green": "#73bf69", "yellow": "#f2cc0c", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2",
    "purple": "#b877d9",
    "text": "#d8d9da",
}  # fmt: skip
SCALES: dict[str, list[tuple[float, str]]] = {
    "watt": [(1, "W"), (1e3, "kW"), (1e6, "MW")],
    "kwatt": [(1, "kW"), (1e3, "MW")],
    "watth": [(1, "Wh"), (1e3, "kWh"), (1e6, "MWh")],
    "kwatth": [(1, "kWh"), (1e3, "MWh")],
    "decbytes": [(1, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")],
    "decmbytes": [(1, "MB"), (1e3, "GB")],
    "s": [(1e-3, "ms"), (1, "s"), (60, "min"), (3600, "hour"), (86_400, "day")],
    "dtdurations": [(1, "s"), (60, "min"), (3600, "h"), (86_400, "d")],
    "short": [(1, ""), (1e3, "K"), (1e6, "Mil")],
}
FIXED = {"percent": "%", "celsius": "°C", "none": "", "": ""}


def shown(value: Value, field: Mapping[str, Any]) -> tuple[str, str]:
    """Text and colour of a value under the options of its field."""
    if value is None:
        return field.get("noValue", "-"), COLOURS["text"]
    for mapping in field.get("mappings", []):
        key = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if key in mapping["options"]:
            said = mapping["options"][key]
            return said["text"], COLOURS[said["color"]]
    if isinstance(value, str):
        return value, COLOURS["text"]
    return _with_unit(value, field.get("unit", ""), field.get("decimals")), _colour(value, field)


def _with_unit(value: float, unit: str, decimals: int | None) -> str:
    if unit.startswith("suffix:"):
        return f"{_number(value, decimals)}{unit.removeprefix('suffix:')}"
    if unit == "percentunit":
        return f"{_number(100 * value, decimals)} %"
    if unit in FIXED:
        return f"{_number(value, decimals)} {FIXED[unit]}".strip()
    steps = SCALES[unit]
    scale, name = next((s for s in reversed(steps) if abs(value) >= s[0]), next(s for s in steps if s[0] == 1))
    return f"{_number(value / scale, decimals)} {name}".strip()


def _number(value: float, decimals: int | None) -> str:
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 or float(value).is_integer() else 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{value:,.{decimals}f}"


def _colour(value: float, field: Mapping[str, Any]) -> str:
    found = "text"
    steps: Sequence[Mapping[str, Any]] = field.get("thresholds", {}).get("steps", [])
    for step in steps:
        if step.get("value") is None or value >= step["value"]:
            found = step["color"]
    return COLOURS[found]
