"""A picture of pairs: sellers on the left, buyers on the right, one band per trade, as wide as its energy."""

from collections.abc import Sequence

from scripts.pictures.drawing import BUY, HEIGHT, SELL, TRADE, WIDTH, box, card, text
from web.charts.markup import Markup, tag

LEFT_PX, RIGHT_PX, TOP_PX, ROOM_PX, GAP_PX = 150.0, WIDTH - 150.0, 56.0, HEIGHT - 90.0, 12.0


def flows(title: str, trades: Sequence[tuple[str, str, float, str]]) -> str:
    """`trades` are (seller, buyer, energy in kWh, words on the band)."""
    sellers = _places([(seller, energy) for seller, _, energy, _ in trades])
    buyers = _places([(buyer, energy) for _, buyer, energy, _ in trades])
    used: dict[tuple[str, str], float] = {}
    parts: list[Markup] = []
    for seller, buyer, energy, words in trades:
        a, width = _next(used, "sell", seller, sellers, energy)
        b, _ = _next(used, "buy", buyer, buyers, energy)
        parts += _band(a, b, width, words)
    for x, places, colour, anchor in ((LEFT_PX, sellers, SELL, "end"), (RIGHT_PX, buyers, BUY, "start")):
        for name, (top, height, total) in places.items():
            parts.append(box(x - 5, top, 10, height, colour))
            at = x - 12 if anchor == "end" else x + 12
            parts.append(
                text(at, top + height / 2 + 4, f"{name}: {total:g} kWh", colour=colour, anchor=anchor, bold=True)
            )
    return card(title, parts)


def _places(rows: Sequence[tuple[str, float]]) -> dict[str, tuple[float, float, float]]:
    """(top px, height px, energy) per name; heights follow the energies."""
    totals: dict[str, float] = {}
    for name, energy in rows:
        totals[name] = totals.get(name, 0.0) + energy
    scale = (ROOM_PX - GAP_PX * (len(totals) - 1)) / max(sum(totals.values()), 1e-9)
    places, top = {}, TOP_PX
    for name, total in totals.items():
        places[name] = (top, total * scale, total)
        top += total * scale + GAP_PX
    return places


def _next(
    used: dict[tuple[str, str], float],
    side: str,
    name: str,
    places: dict[str, tuple[float, float, float]],
    energy: float,
) -> tuple[float, float]:
    """The top of the next free part of a name's bar, and its height."""
    top, height, total = places[name]
    width = height * energy / total
    start = used.get((side, name), 0.0)
    used[side, name] = start + width
    return top + start, width


def _band(a: float, b: float, width: float, words: str) -> list[Markup]:
    left, right, middle = LEFT_PX + 5, RIGHT_PX - 5, (LEFT_PX + RIGHT_PX) / 2
    path = (
        f"M{left:.1f} {a:.1f}C{middle:.1f} {a:.1f} {middle:.1f} {b:.1f} {right:.1f} {b:.1f}"
        f"V{b + width:.1f}C{middle:.1f} {b + width:.1f} {middle:.1f} {a + width:.1f} {left:.1f} {a + width:.1f}Z"
    )
    shape = tag("path", d=path, fill=TRADE, fill_opacity=0.25)
    return [shape, text(middle, (a + b + width) / 2 + 4, words, anchor="middle")]
