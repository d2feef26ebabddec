"""A picture of an auction: demand falls, supply rises, and where they meet."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.pictures.drawing import (
    BOTTOM,
    BUY,
    HEIGHT,
    INK,
    RIGHT,
    SELL,
    TRADE,
    WIDTH,
    Plot,
    area,
    card,
    grid,
    line,
    plot_height,
    text,
)
from web.charts.markup import Markup
from web.charts.scale import scale_over

Orders = Sequence[Mapping[str, Any]]
Steps = list[tuple[float, float]]


def curves(title: str, bids: Orders, offers: Orders, volume: float, prices: Mapping[str, float]) -> str:
    """Bids and offers (`price`, `qty`) as stairs; the traded `volume` shaded; named prices as lines up to it."""
    demand = sorted(((float(b["price"]), float(b["qty"])) for b in bids), reverse=True)
    supply = sorted((float(o["price"]), float(o["qty"])) for o in offers)
    total = max(sum(q for _, q in demand), sum(q for _, q in supply), 1e-9)
    values = [price for price, _ in (*demand, *supply)]
    every = [*values, *prices.values()]
    is_far_up = min(every, default=0.0) > 0.5 * max(every, default=0.0)
    plot = Plot(x_max=total, y=scale_over(every, plot_height(), with_zero=not is_far_up))
    parts = grid(plot, "price per kWh")
    if volume > 0:
        upper, lower = _corners(plot, demand, volume), _corners(plot, supply, volume)
        parts.append(area([*upper, *reversed(lower)], TRADE))
    parts.append(line(_corners(plot, demand, total), BUY))
    parts.append(line(_corners(plot, supply, total), SELL))
    parts += _prices(plot, prices, volume)
    return card(title, [*parts, *_legend(plot, volume)])


def _corners(plot: Plot, steps: Steps, until: float) -> list[tuple[float, float]]:
    points, reached = [], 0.0
    for price, quantity in steps:
        end = min(reached + quantity, until)
        if end > reached:
            points += [(plot.x_px(reached), plot.y_px(price)), (plot.x_px(end), plot.y_px(price))]
        reached += quantity
    return points or [(plot.x_px(0.0), plot.y_px(0.0))]


def _prices(plot: Plot, prices: Mapping[str, float], volume: float) -> list[Markup]:
    parts = []
    end = plot.x_px(volume) if volume > 0 else WIDTH - RIGHT
    for place, (name, price) in enumerate(sorted(prices.items(), key=lambda item: -item[1])):
        row = plot.y_px(price)
        parts.append(line([(plot.x_px(0.0), row), (end, row)], TRADE, dashes="5 4"))
        parts.append(text(end + 6, row - 4 if place == 0 else row + 14, f"{name} {price:g}", colour=TRADE, bold=True))
    return parts


def _legend(plot: Plot, volume: float) -> list[Markup]:
    row = HEIGHT - BOTTOM + 18
    return [
        text(plot.x_px(0.0), row, "demand", colour=BUY, bold=True),
        text(plot.x_px(0.0) + 70, row, "supply", colour=SELL, bold=True),
        text(plot.x_px(0.0) + 140, row, f"traded: {volume:g} kWh", colour=TRADE, bold=True),
        text(WIDTH - RIGHT, row, f"energy, 0 to {plot.x_max:g} kWh", colour=INK, anchor="end"),
    ]
