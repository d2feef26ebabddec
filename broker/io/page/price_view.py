"""Prices and traded energy of the latest slots as a picture, one value per slot whatever its rounds were."""

from collections.abc import Sequence
from dataclasses import replace

from broker.io.page.facts import RoundLine
from broker.io.page.words import MICRO_PER_UNIT, energy_of, price_of
from web.charts.chart import Panel, chart, shape, time_axis
from web.charts.legend import legend
from web.charts.markup import Markup, tag
from web.charts.numerals import count
from web.charts.scale import scale_over
from web.charts.timeline import timeline
from web.charts.trace import filled_steps, steps
from wire.quantities import WH_PER_KWH
from wire.slots import Slot, parse_utc

PRICE_PX, TRADED_PX = 180.0, 90.0


def price_view(lines: Sequence[RoundLine], slot_minutes: int, currency: str) -> Markup:
    """The figure; empty while nothing was traded in the slots given."""
    traded = [line for line in lines if line.volume_wh and line.price_micro is not None]
    if not traded:
        return Markup()
    slots, prices, volumes = _series(lines, slot_minutes)
    sentence = _sentence(traded, currency)
    panels = (
        Panel(
            title=f"Price, {currency}/kWh",
            scale=(scale := scale_over(prices, PRICE_PX, with_zero=True)),
            shapes=(shape("market", steps(prices, scale.px)),),
        ),
        Panel(
            title="Traded, kWh per slot",
            scale=(volume := scale_over(volumes, TRADED_PX, with_zero=True, intervals=2)),
            shapes=(shape("traded", filled_steps(volumes, volume.px)),),
        ),
    )
    axis = replace(time_axis(timeline(slots, slot_minutes)), day_labels=())
    drawn = chart("prices", title="Price and traded energy per slot", desc=sentence, axis=axis, panels=panels)
    words = tag("p", sentence, class_="sentence")
    named = legend((("market", "price where something was traded"), ("traded", "traded energy")))
    return tag(
        "section", tag("h3", "Prices"), words, tag("figure", tag("div", drawn, class_="stage"), named), class_="card"
    )


def _series(lines: Sequence[RoundLine], slot_minutes: int) -> tuple[list[str], list[float | None], list[float]]:
    """Slot starts without gaps, the mean price of what was traded in each [currency/kWh], and how much [kWh]."""
    starts = [parse_utc(line.slot) for line in lines]
    first, count_of = min(starts), (max(starts) - min(starts)) // (slot_minutes * 60) + 1
    worth, volume = [0.0] * count_of, [0.0] * count_of
    for line, start in zip(lines, starts, strict=True):
        if line.volume_wh and line.price_micro is not None:
            place = (start - first) // (slot_minutes * 60)
            worth[place] += line.price_micro / MICRO_PER_UNIT * line.volume_wh
            volume[place] += line.volume_wh
    slots = [Slot(first + k * slot_minutes * 60, slot_minutes).label for k in range(count_of)]
    prices = [w / v if v else None for w, v in zip(worth, volume, strict=True)]
    return slots, prices, [v / WH_PER_KWH for v in volume]


def _sentence(traded: Sequence[RoundLine], currency: str) -> str:
    prices = [line.price_micro for line in traded if line.price_micro is not None]
    total = energy_of(sum(line.volume_wh for line in traded))
    low, high = price_of(min(prices), currency), price_of(max(prices), currency)
    return f"{total} traded in {count(len(traded), 'round')}, between {low} and {high}."
