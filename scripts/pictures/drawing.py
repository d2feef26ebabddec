"""One look for all pictures of the documents: a white card, two colours for the two sides, plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.charts.markup import Markup, tag
from web.charts.scale import Scale

WIDTH, HEIGHT = 640.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 24.0, 56.0, 44.0
BUY, SELL, TRADE, INK, FAINT = "#0b6bcb", "#c2410c", "#15803d", "#1f2937", "#d1d5db"
FONT = "system-ui, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The area inside the axes: `x` 0..`x_max` to pixels, values of `y` to pixels."""

    x_max: float
    y: Scale

    def x_px(self, value: float) -> float:
        """The pixel column of a value."""
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.x_max

    def y_px(self, value: float) -> float:
        """The pixel row of a value."""
        return TOP + self.y.px(value)


def plot_height() -> float:
    """The height of the area inside the axes [px]."""
    return HEIGHT - TOP - BOTTOM


def text(
    x: float,
    y: float,
    words: str,
    *,
    colour: str = INK,
    anchor: str = "start",
    size: float = 12.0,
    bold: bool = False,
) -> Markup:
    """A text at a place."""
    weight = "600" if bold else None
    return tag(
        "text",
        words,
        x=x,
        y=y,
        fill=colour,
        text_anchor=anchor,
        font_size=size,
        font_weight=weight,
        stroke="#ffffff",
        stroke_width=3,
        paint_order="stroke",
    )


def line(
    points: Sequence[tuple[float, float]], colour: str, *, width: float = 2.0, dashes: str | None = None
) -> Markup:
    """A line through pixel points."""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return tag("path", d=path, fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dashes)


def area(points: Sequence[tuple[float, float]], colour: str, opacity: float = 0.15) -> Markup:
    """A filled area between pixel points."""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"
    return tag("path", d=path, fill=colour, fill_opacity=opacity)


def box(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    """A filled rectangle."""
    return tag("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), fill=colour, rx=2)


def grid(plot: Plot, unit: str) -> list[Markup]:
    """Horizontal lines with their values, and the unit above them."""
    parts: list[Markup] = []
    for tick, label in zip(plot.y.ticks, plot.y.labels(), strict=True):
        row = plot.y_px(tick)
        parts.append(line([(LEFT, row), (WIDTH - RIGHT, row)], INK if tick == 0 else FAINT, width=1.0))
        parts.append(text(LEFT - 8, row + 4, label, anchor="end", size=11))
    return [*parts, text(LEFT, TOP - 8, unit, size=11)]


def card(title: str, parts: Sequence[Markup]) -> str:
    """The whole picture as the text of an SVG file."""
    drawn = tag(
        "svg",
        tag("title", title),
        tag("rect", x=0, y=0, width=WIDTH, height=HEIGHT, fill="#ffffff", rx=8),
        text(16, 26, title, size=15, bold=True),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        width=WIDTH,
        height=HEIGHT,
        font_family=FONT,
        role="img",
    )
    return f"{drawn}\n"
