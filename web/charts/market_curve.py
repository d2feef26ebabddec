"""Demand and supply of one slot as stairs, and the price and energy at which they met."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.charts.chart import Axis, Panel, chart, note, shape
from web.charts.markup import Markup
from web.charts.numerals import ENGLISH, Numerals
from web.charts.scale import Scale, round_ticks, scale_over
from web.charts.timeline import Label
from web.charts.trace import polyline

CURVE_PX = 300.0
Step = tuple[float, float]  # price [currency/kWh], energy [kWh]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Steps of demand (highest price first) and supply (lowest first), and what was traded; price None: nothing."""

    demand: Sequence[Step]
    supply: Sequence[Step]
    price: float | None
    volume_kwh: float


def curve_picture(
    name: str, *, title: str, desc: str, curves: Curves, currency: str, numerals: Numerals = ENGLISH
) -> Markup:
    """The picture; its horizontal axis is energy [kWh], its vertical one price."""
    scale = scale_over(_prices(curves), CURVE_PX, with_zero=True, numerals=numerals)
    ticks = round_ticks(0.0, max(total(curves.demand), total(curves.supply), 1e-3))
    return chart(
        name,
        title=title,
        desc=desc,
        axis=_energy_axis(ticks, numerals),
        panels=(_panel(curves, scale, ticks[-1], currency),),
    )


def _energy_axis(ticks: Sequence[float], numerals: Numerals) -> Axis:
    texts = Scale(low=0.0, high=ticks[-1], ticks=tuple(ticks), length_px=0.0, numerals=numerals).labels()
    labels = tuple(
        Label(at=1000 * tick / ticks[-1], text=text, anchor=_anchor(k, len(ticks)))
        for k, (tick, text) in enumerate(zip(ticks, texts, strict=True))
    )
    return Axis(length=1000, labels=(*labels[:-1], _with_unit(labels[-1])))


def _with_unit(label: Label) -> Label:
    return Label(at=label.at, text=f"{label.text} kWh", anchor=label.anchor)


def _anchor(k: int, ticks: int) -> str:
    return "start" if k == 0 else "end" if k == ticks - 1 else "middle"


def _panel(curve: Curves, scale: Scale, energy_max: float, currency: str) -> Panel:
    floor, ceiling = scale.low, scale.high

    def drawn(points: Sequence[Step]) -> str:
        return polyline((1000 * kwh / energy_max, scale.px(level)) for kwh, level in points)

    demand = _stairs(curve.demand, start=ceiling, end=floor)
    supply = _stairs(curve.supply, start=floor, end=ceiling)
    shapes = [
        shape("gain", drawn(_gain(curve)) + "Z") if curve.volume_kwh > 0 else Markup(),
        shape("supply", drawn(supply)) if curve.supply else Markup(),
        shape("demand", drawn(demand)) if curve.demand else Markup(),
    ]
    notes: tuple[Markup, ...] = ()
    if curve.price is not None:
        at = 1000 * curve.volume_kwh / energy_max
        row = scale.px(curve.price)
        shapes.append(shape("cleared", f"M0 {row:.1f}H{at:.1f}V{CURVE_PX:.0f}"))
        shapes.append(shape("dot", f"M{at:.1f} {row:.1f}h0"))
        text = f"● {scale.numerals.number(curve.price, 3)} at {scale.numerals.energy(curve.volume_kwh)}"
        notes = (note(100, -8, text, anchor="end", css="note strong"),)
    return Panel(title=f"Price, {currency}/kWh", scale=scale, shapes=tuple(shapes), notes=notes)


def _stairs(steps: Sequence[Step], *, start: float, end: float) -> list[Step]:
    """Corner points (energy, price) of the steps, upright at both ends."""
    points = [(0.0, start)]
    reached = 0.0
    for level, kwh in steps:
        points += [(reached, level), (reached + kwh, level)]
        reached += kwh
    return [*points, (reached, end)]


def _gain(curve: Curves) -> list[Step]:
    """Corner points around the area between both curves up to the traded volume."""
    upper = _cut(curve.demand, curve.volume_kwh)
    lower = _cut(curve.supply, curve.volume_kwh)
    return [*upper, *reversed(lower)]


def _cut(steps: Sequence[Step], volume_kwh: float) -> list[Step]:
    points: list[Step] = []
    reached = 0.0
    for level, kwh in steps:
        end = min(reached + kwh, volume_kwh)
        if end > reached:
            points += [(reached, level), (end, level)]
        reached += kwh
    return points or [(0.0, 0.0)]


def total(steps: Sequence[Step]) -> float:
    """The energy of all steps [kWh]."""
    return sum(kwh for _, kwh in steps)


def _prices(curve: Curves) -> list[float | None]:
    return [*(level for level, _ in curve.demand), *(level for level, _ in curve.supply), curve.price]
