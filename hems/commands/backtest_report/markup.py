"""HTML and SVG text: every plain string is escaped, only `Markup` passes as it is.

Source: HTML Living Standard, 13.3 (escaping a string), 13.1.2 (void elements).
"""

import html
from collections.abc import Iterable

VOID = frozenset({"meta", "link", "br"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def joined(parts: Iterable[str]) -> Markup:
    """All parts in a row."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def tag(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """An element; `class_` gives `class`, `text_anchor` gives `text-anchor`; None leaves an attribute out."""
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in VOID else f"{joined(children)}</{name}>"
    return Markup(f"<{name}{opening}>{end}")


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
