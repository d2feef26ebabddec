"""HTML and SVG text that cannot be injected into: every plain string is escaped, only `Markup` passes as it is.

Source: HTML Living Standard, 13.3 (escaping a string), 13.1.2 (void elements).
"""

import html
import math
import re
from collections.abc import Iterable

_VOID = frozenset({"meta", "link", "input", "br"})
_SHAPES = frozenset({"path", "rect", "line", "circle"})
# C0 and C1 controls, and the characters that turn the reading direction of what follows them
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """The text as markup shows it; `Markup` comes back unchanged, unseen control characters as a visible mark."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(_UNSEEN.sub("\ufffd", text), quote=True))


def joined(parts: Iterable[str]) -> Markup:
    """All parts in a row."""
    return Markup("".join(escaped(part) for part in parts))


def tag(name: str, *children: str, **attributes: str | float | bool | None) -> Markup:
    """An element; `class_` gives `class`, `aria_label` gives `aria-label`; None and False leave an attribute out."""
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{opening}>")
    if name in _SHAPES:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{joined(children)}</{name}>")


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = coordinate(value) if isinstance(value, (int, float)) else value
    return f' {name}="{escaped(text)}"'


def coordinate(value: float) -> str:
    """The shortest text of a number with two decimals; Raises: ValueError when it is not finite."""
    if not math.isfinite(value):
        raise ValueError("a picture needs finite numbers")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
