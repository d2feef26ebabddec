"""What the styles of a picture stand for."""

from collections.abc import Sequence

from web.charts.markup import Markup, tag

LegendItem = tuple[str, str]  # style of the swatch, text


def legend(items: Sequence[LegendItem]) -> Markup:
    """What the styles of the picture stand for."""
    entries = [tag("li", tag("span", class_=f"swatch {css}"), text) for css, text in items]
    return tag("ul", *entries, class_="legend", role="list")
