"""Figure: demand and supply of one slot, and the price and volume at which they met."""

from collections.abc import Sequence

from twin.report.chart import Axis, Panel, chart, note, shape
from twin.report.data import MarketCurve, ReportData, Step
from twin.report.figure import figure
from twin.report.markup import Markup, joined
from twin.report.numerals import count, energy, number, price
from twin.report.scale import Scale, round_ticks, scale_over
from twin.report.table import table
from twin.report.timeline import Label, Timeline
from twin.report.trace import polyline

CURVE_PX = 300.0


def market_curve(data: ReportData, time: Timeline) -> Markup:
    """The figure of the market curve; an empty text without one."""
    curve = data.curve
    if curve is None:
        return Markup()
    moment = f"{time.moment(curve.slot)} UTC"
    sentence = _sentence(data, curve, moment)
    scale = scale_over(_prices(curve), CURVE_PX, with_zero=True)
    ticks = round_ticks(0.0, max(_total(curve.demand), _total(curve.supply), 1e-3))
    picture = chart(
        "curve",
        title=f"Demand and supply for the slot of {moment}",
        desc=f"{sentence} Demand falls from the highest bid, supply rises from the lowest offer.",
        axis=_energy_axis(ticks),
        panels=(_panel(data, curve, scale, ticks[-1]),),
    )
    return figure(
        "curve",
        heading="How one slot cleared",
        sentence=sentence,
        picture=picture,
        numbers=_numbers(data, curve),
        legend_items=(
            ("demand", "demand (bids, highest first)"),
            ("supply", "supply (offers, lowest first)"),
            ("gain", "gain from trade"),
        ),
        remark="The horizontal axis is energy in kWh. A bid is what a kWh is worth to a home in its plan, an offer "
        "what giving one up costs it.",
    )


def _energy_axis(ticks: Sequence[float]) -> Axis:
    texts = Scale(low=0.0, high=ticks[-1], ticks=tuple(ticks), length_px=0.0).labels()
    labels = tuple(
        Label(at=1000 * tick / ticks[-1], text=text, anchor=_anchor(k, len(ticks)))
        for k, (tick, text) in enumerate(zip(ticks, texts, strict=True))
    )
    return Axis(length=1000, labels=(*labels[:-1], _with_unit(labels[-1])))


def _with_unit(label: Label) -> Label:
    return Label(at=label.at, text=f"{label.text} kWh", anchor=label.anchor)


def _anchor(k: int, ticks: int) -> str:
    return "start" if k == 0 else "end" if k == ticks - 1 else "middle"


def _panel(data: ReportData, curve: MarketCurve, scale: Scale, energy_max: float) -> Panel:
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
        text = f"● {number(curve.price, 3)} at {energy(curve.volume_kwh)}"
        notes = (note(100, -8, text, anchor="end", css="note strong"),)
    return Panel(title=f"Price, {data.currency}/kWh", scale=scale, shapes=tuple(shapes), notes=notes)


def _stairs(steps: Sequence[Step], *, start: float, end: float) -> list[Step]:
    """Corner points (energy, price) of the steps, upright at both ends."""
    points = [(0.0, start)]
    reached = 0.0
    for level, kwh in steps:
        points += [(reached, level), (reached + kwh, level)]
        reached += kwh
    return [*points, (reached, end)]


def _gain(curve: MarketCurve) -> list[Step]:
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


def _total(steps: Sequence[Step]) -> float:
    return sum(kwh for _, kwh in steps)


def _prices(curve: MarketCurve) -> list[float | None]:
    return [*(level for level, _ in curve.demand), *(level for level, _ in curve.supply), curve.price]


def _numbers(data: ReportData, curve: MarketCurve) -> Markup:
    headings = ("Step", f"Price {data.currency}/kWh", "Energy kWh", "Up to kWh")
    return joined(
        [
            table("Demand, highest price first", headings, _rows(curve.demand)),
            table("Supply, lowest price first", headings, _rows(curve.supply)),
        ]
    )


def _rows(steps: Sequence[Step]) -> list[list[str]]:
    rows = []
    reached = 0.0
    for k, (level, kwh) in enumerate(steps, start=1):
        reached += kwh
        rows.append([str(k), number(level, 4), number(kwh, 3), number(reached, 3)])
    return rows


def _sentence(data: ReportData, curve: MarketCurve, moment: str) -> str:
    book = f"{count(len(curve.demand), 'demand step')} and {count(len(curve.supply), 'supply step')}"
    if curve.price is None:
        return f"For the slot of {moment} there were {book}, and nothing was traded."
    return (
        f"For the slot of {moment} there were {book}. They met at {price(curve.price, data.currency)}; "
        f"{energy(curve.volume_kwh)} changed hands."
    )
