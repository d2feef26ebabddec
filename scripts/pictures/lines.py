"""A picture of something over rounds or slots."""

from collections.abc import Mapping, Sequence

from scripts.pictures.drawing import (
    BOTTOM,
    BUY,
    HEIGHT,
    LEFT,
    RIGHT,
    SELL,
    TRADE,
    WIDTH,
    Plot,
    card,
    grid,
    line,
    plot_height,
    text,
)
from web.charts.scale import scale_over

COLOURS = (BUY, SELL, TRADE)


def lines(title: str, unit: str, below: str, series: Mapping[str, Sequence[float]]) -> str:
    """Every series as a line over 1..n; `below` names the horizontal axis."""
    longest = max((len(values) for values in series.values()), default=1)
    every = [value for values in series.values() for value in values]
    plot = Plot(x_max=float(max(longest - 1, 1)), y=scale_over(every, plot_height()))
    parts = grid(plot, unit)
    for k, values in enumerate(series.values()):
        points = [(plot.x_px(i), plot.y_px(value)) for i, value in enumerate(values)]
        parts.append(line(points, COLOURS[k % len(COLOURS)]))
    row = HEIGHT - BOTTOM + 18
    names = [
        text(LEFT + 150 * k, row, name, colour=COLOURS[k % len(COLOURS)], bold=True) for k, name in enumerate(series)
    ]
    ends = text(WIDTH - RIGHT, row, f"{below}, 1 to {longest}", anchor="end")
    return card(title, [*parts, *names, ends])
