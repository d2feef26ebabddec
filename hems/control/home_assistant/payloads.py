"""Commands of Home Assistant as they come in: bytes of a stranger, read strictly, never guessed."""

import json
import math
from dataclasses import dataclass
from typing import Any

from hems.site.finding import Finding

BYTES_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideWish:
    """An override that was asked for: an action, or `auto` for none; hours and power where they were given."""

    action: str
    hours: float | None = None
    power_kw: float | None = None


def text_of(payload: bytes, where: str) -> str | Finding:
    """The text of a command, or what is wrong with it before it is read at all."""
    if len(payload) > BYTES_MAX:
        return Finding(where=where, wrong=f"{len(payload)} bytes", remedy=f"send at most {BYTES_MAX}")
    try:
        return payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        return Finding(where=where, wrong="is no UTF-8 text", remedy="send text")


def number_of(text: str, where: str) -> float | Finding:
    """The number that a text is."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    return Finding(where=where, wrong=f"{text[:40]!r} is no number", remedy="send a number, for example 20")


def override_of(text: str, where: str) -> OverrideWish | Finding:
    """An override: a plain word, or JSON such as {"action": "on", "hours": 1.5, "power_kw": 3}."""
    if not text.startswith("{"):
        return OverrideWish(action=text)
    remedy = 'send a word, or {"action": "on", "hours": 1.5}'
    try:
        given: Any = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return Finding(where=where, wrong="is no JSON", remedy=remedy)
    known = {"action", "hours", "power_kw"}
    numbers = (given.get("hours"), given.get("power_kw"))
    if not isinstance(given.get("action"), str) or not set(given) <= known or not all(map(_is_number, numbers)):
        return Finding(where=where, wrong="is not what an override is told with", remedy=remedy)
    return OverrideWish(action=given["action"], hours=numbers[0], power_kw=numbers[1])


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _refused(word: str) -> float:
    raise ValueError(f"{word} is not a number in JSON")
