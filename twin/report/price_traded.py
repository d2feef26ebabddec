"""Figure: the market price between feed-in and retail price, and the energy traded in each slot."""

from twin.report.data import ReportData
from twin.report.figure import figure
from twin.report.slot_tables import Column, slot_tables
from twin.report.summary import Summary
from web.charts.chart import Panel, chart, shape, time_axis
from web.charts.markup import Markup
from web.charts.numerals import count, energy, percent, price
from web.charts.scale import scale_over
from web.charts.timeline import Timeline
from web.charts.trace import band, filled_steps, steps

PRICE_PX = 210.0
TRADED_PX = 110.0


def price_traded(data: ReportData, run: Summary, time: Timeline) -> Markup:
    """The figure of prices and traded energy over the whole run."""
    sentence = _sentence(data, run)
    picture = chart(
        "prices",
        title="Market price and traded energy per slot",
        desc=f"{sentence} The table below gives every slot.",
        axis=time_axis(time),
        panels=(_prices(data), _traded(data)),
    )
    columns = (
        Column(heading=f"Market price {data.currency}/kWh", values=data.price, decimals=3),
        Column(heading=f"Retail {data.currency}/kWh", values=data.retail, decimals=3),
        Column(heading=f"Feed-in {data.currency}/kWh", values=data.feed_in, decimals=3),
        Column(heading="Traded kWh", values=data.traded_kwh, decimals=3, adds_up=True),
    )
    return figure(
        "prices",
        heading="Prices and traded energy",
        sentence=sentence,
        picture=picture,
        numbers=slot_tables(time, columns),
        legend_items=(
            ("retail", "retail price (buying from the grid)"),
            ("market", "market price (between homes)"),
            ("feed-in", "feed-in price (selling to the grid)"),
            ("traded", "traded energy"),
        ),
        remark="The shaded band is where a trade is better than the grid for both sides. "
        "The price line has gaps where nothing was traded.",
        time=time,
    )


def _prices(data: ReportData) -> Panel:
    scale = scale_over((*data.retail, *data.feed_in, *data.price), PRICE_PX, with_zero=True, intervals=5)
    return Panel(
        title=f"Price, {data.currency}/kWh",
        scale=scale,
        shapes=(
            shape("band", band(data.feed_in, data.retail, scale.px)),
            shape("retail", steps(data.retail, scale.px)),
            shape("feed-in", steps(data.feed_in, scale.px)),
            shape("market", steps(data.price, scale.px)),
        ),
    )


def _traded(data: ReportData) -> Panel:
    scale = scale_over(data.traded_kwh, TRADED_PX, with_zero=True, intervals=2)
    return Panel(
        title="Traded, kWh per slot",
        scale=scale,
        shapes=(shape("traded", filled_steps(data.traded_kwh, scale.px)),),
    )


def _sentence(data: ReportData, run: Summary) -> str:
    traded = sum(1 for value in data.traded_kwh if value > 0)
    if traded == 0:
        return "Homes traded nothing with each other, so there is no market price."
    share = traded / len(data.traded_kwh)
    low, mean, high = (price(run.price[key], data.currency) for key in ("min", "mean", "max"))
    return (
        f"Homes traded {energy(run.traded_kwh)} in {count(traded, 'slot')} ({percent(share)} of the time), "
        f"at {mean} on average, between {low} and {high}."
    )
