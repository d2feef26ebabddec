"""The page of a generated home: the one place that puts its address into a home.toml."""

from hems.site.config import HomeConfig

FIRST_PORT = 8081


def page_port(number: int) -> int:
    """The port of the page of the n-th home (from 1), when they run on one machine."""
    return FIRST_PORT + number - 1


def page_table(port: int, *, lan: bool = False) -> list[str]:
    """The `[page]` table as lines of TOML; `lan` opens it to others, who then need the one-time link.

    Nothing where this release of `hems` serves no page.
    """
    if "page" not in HomeConfig.model_fields:
        return []
    return ["", "[page]", f"port = {port}", *(["lan = true"] if lan else [])]
