"""Topic patterns: `{name}` stands for one level, `{name+}` for one or more; bound from a topic, or made a filter."""

import re
from collections.abc import Mapping

_PIECE = re.compile(r"\{([a-z_]+)(\+?)\}")


def bound_places(pattern: str, topic: str) -> dict[str, str] | None:
    """What the names in a pattern stand for in a topic; None when the topic does not fit."""
    expression, at = "", 0
    for piece in _PIECE.finditer(pattern):
        levels = ".+" if piece[2] else "[^/]+"
        expression += re.escape(pattern[at : piece.start()]) + f"(?P<{piece[1]}>{levels})"
        at = piece.end()
    found = re.fullmatch(expression + re.escape(pattern[at:]), topic)
    return None if found is None else found.groupdict()


def filled(pattern: str, places: Mapping[str, str]) -> str:
    """The pattern with its names replaced; names without a value stay."""
    return _PIECE.sub(lambda piece: places.get(piece[1], piece[0]), pattern)


def topic_filter(pattern: str) -> str:
    """The MQTT filter that covers a pattern."""
    levels: list[str] = []
    for level in pattern.split("/"):
        if "+}" in level:
            return "/".join([*levels, "#"])
        levels.append("+" if "{" in level else level)
    return "/".join(levels)
