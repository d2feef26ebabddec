"""Figure: demand and supply of one slot, and the price and volume at which they met."""

from collections.abc import Sequence

from twin.report.data import MarketCurve, ReportData, Step
from twin.report.figure import figure
from web.charts.market_curve import Curves, curve_picture
from web.charts.markup import Markup, joined
from web.charts.numerals import count, energy, number, price
from web.charts.table import table
from web.charts.timeline import Timeline


def market_curve(data: ReportData, time: Timeline) -> Markup:
    """The figure of the market curve; an empty text without one."""
    curve = data.curve
    if curve is None:
        return Markup()
    moment = f"{time.moment(curve.slot)} UTC"
    sentence = _sentence(data, curve, moment)
    picture = curve_picture(
        "curve",
        title=f"Demand and supply for the slot of {moment}",
        desc=f"{sentence} Demand falls from the highest bid, supply rises from the lowest offer.",
        curves=Curves(demand=curve.demand, supply=curve.supply, price=curve.price, volume_kwh=curve.volume_kwh),
        currency=data.currency,
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
