"""A picture of who gets what: one group of bars per member."""

from collections.abc import Mapping

from scripts.pictures.drawing import (
    BOTTOM,
    BUY,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    SELL,
    TRADE,
    WIDTH,
    Plot,
    box,
    card,
    grid,
    plot_height,
    text,
)
from web.charts.markup import Markup
from web.charts.scale import scale_over

COLOURS = (BUY, SELL, TRADE)


def bars(title: str, unit: str, series: Mapping[str, Mapping[str, float]]) -> str:
    """Bars of every series (name -> member -> value), side by side per member."""
    members = list(dict.fromkeys(member for values in series.values() for member in values))
    every = [value for values in series.values() for value in values.values()]
    plot = Plot(x_max=float(max(len(members), 1)), y=scale_over(every, plot_height(), with_zero=True))
    parts = grid(plot, unit)
    width = (WIDTH - LEFT - RIGHT) / max(len(members), 1)
    thick = min(0.8 * width / max(len(series), 1), 48.0)
    for i, member in enumerate(members):
        middle = plot.x_px(i + 0.5)
        for k, values in enumerate(series.values()):
            if member in values:
                left = middle + (k - len(series) / 2) * thick
                parts += _bar(plot, left, thick, values[member], COLOURS[k % len(COLOURS)])
        parts.append(text(middle, HEIGHT - BOTTOM + 16, member, anchor="middle"))
    names = [
        text(LEFT + 150 * k, HEIGHT - 10, name, colour=COLOURS[k % len(COLOURS)], bold=True)
        for k, name in enumerate(series)
    ]
    return card(title, [*parts, *names])


def _bar(plot: Plot, left: float, width: float, value: float, colour: str) -> list[Markup]:
    top, foot = plot.y_px(max(value, 0.0)), plot.y_px(min(value, 0.0))
    row = top - 4 if value >= 0 else foot + 13
    return [
        box(left + 1, top, width - 2, foot - top, colour),
        text(left + width / 2, row, f"{value:.4g}", colour=INK, anchor="middle", size=11),
    ]
