"""Figure: what the community draws from the grid under each scheme, with its peak."""

from twin.report.data import ReportData
from twin.report.figure import figure
from twin.report.slot_tables import Column, slot_tables
from twin.report.summary import SCHEME_NAMES, SCHEMES, Summary
from web.charts.chart import Panel, chart, note, shape, time_axis
from web.charts.markup import Markup
from web.charts.numerals import power
from web.charts.scale import scale_over
from web.charts.timeline import Timeline
from web.charts.trace import filled_steps

PANEL_PX = 96.0


def community_net(data: ReportData, run: Summary, time: Timeline) -> Markup:
    """The figure of the community's net power per scheme; without series an empty text."""
    shown = [scheme for scheme in SCHEMES if data.net_kwh.get(scheme)]
    if not shown:
        return Markup()
    per_hour = 60 / run.slot_minutes
    net_kw = {scheme: tuple(value * per_hour for value in data.net_kwh[scheme]) for scheme in shown}
    low, high = min(map(min, net_kw.values())), max(map(max, net_kw.values()))
    scale = scale_over((low, high), PANEL_PX, with_zero=True)
    panels = [
        Panel(
            title=f"{SCHEME_NAMES[scheme]}, kW",
            scale=scale,
            shapes=(shape(f"fill {scheme}", filled_steps(net_kw[scheme], scale.px)),),
            notes=(note(100, -8, _peak(run, scheme), anchor="end"),),
        )
        for scheme in shown
    ]
    sentence = _sentence(run)
    picture = chart(
        "grid",
        title="Net power of the whole community at the grid, per scheme",
        desc=f"{sentence} One panel per scheme on the same axis: above zero from the grid, below zero to the grid.",
        axis=time_axis(time),
        panels=panels,
    )
    columns = [Column(heading=f"{SCHEME_NAMES[s]} kW", values=net_kw[s], decimals=2) for s in shown]
    return figure(
        "grid",
        heading="The community at the grid",
        sentence=sentence,
        picture=picture,
        numbers=slot_tables(time, columns),
        remark="Above the zero line the community draws from the grid, below it feeds in. "
        "All panels have the same axis.",
        time=time,
    )


def _peak(run: Summary, scheme: str) -> str:
    return f"peak {power(run.peak_import_kw[scheme])}"


def _sentence(run: Summary) -> str:
    peaks = run.peak_import_kw
    difference = peaks["market"] - peaks["unmanaged"]
    change = "lower" if difference < 0 else "higher"
    return (
        f"The highest import is {power(peaks['market'])} when homes trade, {power(peaks['ems'])} when each manages "
        f"alone and {power(peaks['unmanaged'])} without management: trading makes the peak "
        f"{power(abs(difference))} {change} than no management."
    )
