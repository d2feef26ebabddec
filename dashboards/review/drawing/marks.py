"""What is drawn in a chart: lines, areas, bars, names. Pure."""

import html
from collections.abc import Mapping, Sequence

from dashboards.review.drawing.frames import Line
from dashboards.review.drawing.plot import PALETTE, Plot


def path(plot: Plot, line: Line, colour: str, *, steps: bool, dashed: bool, gap_ms: float) -> str:
    """One line, broken where values are missing for long."""
    found, last = [], None
    for at_ms, value in line.points:
        if not isinstance(value, int | float):
            continue
        x, y = plot.x(at_ms), plot.y(value)
        begins = last is None or at_ms - last > gap_ms
        found.append(f"M{x:.1f} {y:.1f}" if begins else f"H{x:.1f}V{y:.1f}" if steps else f"L{x:.1f} {y:.1f}")
        last = at_ms
    dash = ' stroke-dasharray="8 6"' if dashed else ""
    return f'<path d="{"".join(found)}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'


def area(plot: Plot, low: Line, high: Line, colour: str) -> str:
    """The area between two lines."""
    above = [f"{plot.x(t):.1f},{plot.y(v):.1f}" for t, v in high.points if v is not None]
    below = [f"{plot.x(t):.1f},{plot.y(v):.1f}" for t, v in reversed(low.points) if v is not None]
    return f'<polygon points="{" ".join(above + below)}" fill="{colour}" fill-opacity="0.15"/>'


def bars(plot: Plot, lines: Sequence[Line], each_ms: int) -> str:
    """Stacked bars; what is below 0 is stacked downwards."""
    up, down, parts = dict[int, float](), dict[int, float](), []
    wide = max(1.0, 0.8 * (plot.x(plot.span.start_ms + each_ms) - plot.x(plot.span.start_ms)))
    for index, line in enumerate(lines):
        for at_ms, value in line.points:
            if not value:
                continue
            stack = up if value > 0 else down
            start = stack.get(at_ms, 0.0)
            stack[at_ms] = start + value
            y, tall = min(plot.y(start), plot.y(start + value)), abs(plot.y(start) - plot.y(start + value))
            parts.append(block(plot.x(at_ms), y, wide, tall, PALETTE[index % len(PALETTE)]))
    return "".join(parts)


def tallest(lines: Sequence[Line]) -> tuple[float, float]:
    """Lowest and highest end of stacked bars."""
    up, down = dict[int, float](), dict[int, float]()
    for line in lines:
        for at_ms, value in line.points:
            if isinstance(value, int | float):
                stack = up if value > 0 else down
                stack[at_ms] = stack.get(at_ms, 0.0) + value
    return min([0.0, *down.values()]), max([0.0, *up.values()])


def block(x: float, y: float, wide: float, tall: float, colour: str) -> str:
    """A filled rectangle."""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
    return f'<rect {size} fill="{colour}" fill-opacity="0.7"/>'


def legend(colours: Mapping[str, str], place: str = "legend") -> str:
    """Names in their colours."""
    marks = (f'<span><i style="background:{c}"></i>{html.escape(name)}</span>' for name, c in colours.items())
    return f'<div class="{place}">{"".join(marks)}</div>'
