"""Figure: what every home pays under each scheme, and who gains and who loses by trading, by name."""

from twin.report.data import ReportData
from twin.report.figure import figure
from twin.report.summary import SCHEME_NAMES, SCHEMES, STORED_NOTICED_KWH, Summary
from web.charts.bars import Bar, Group, bar_groups
from web.charts.markup import Markup, joined
from web.charts.numerals import MISSING, count, money, number
from web.charts.table import table

DRAWN_HOMES_MAX = 40  # more are in the table only
NAMED_LOSERS_MAX = 6  # in the sentence; picture and table name all


def savings(data: ReportData, run: Summary) -> Markup:
    """The figure of costs per home."""
    order = sorted(run.homes, key=lambda home: (-run.trading_saves(home), home))
    sentence = f"{verdict(data, run)} {_against_unmanaged(run)}"
    picture = bar_groups(
        "savings",
        title="Cost per home and scheme",
        desc=f"{sentence} The homes with the largest gain come first.",
        groups=[_group(data, run, home) for home in order[:DRAWN_HOMES_MAX]],
    )
    left_out = len(order) - DRAWN_HOMES_MAX
    return figure(
        "savings",
        heading="Who saved what",
        sentence=sentence,
        picture=picture,
        numbers=joined([_costs(data, run, order)]),
        legend_items=[(f"box {scheme}", SCHEME_NAMES[scheme].lower()) for scheme in SCHEMES],
        remark=f"Cost over the run in {data.currency}; below zero a home earns. The worth of energy stored at the "
        "end is part of it."
        + (f" The picture shows the first {DRAWN_HOMES_MAX} homes, the table all." if left_out > 0 else ""),
    )


def verdict(data: ReportData, run: Summary) -> str:
    """Who gains and who loses by trading, in words."""
    homes = count(len(run.homes), "home")
    if not run.losers:
        gain = f"{len(run.gainers)} of {homes} pay less by trading than alone" if run.gainers else "No home gains"
        return f"{gain}, and no home pays more."
    losses = ", ".join(
        f"{data.label(home)} ({money(-run.trading_saves(home), data.currency)} more{_stored(run, home)})"
        for home in run.losers[:NAMED_LOSERS_MAX]
    )
    if len(run.losers) > NAMED_LOSERS_MAX:
        losses += f", and {len(run.losers) - NAMED_LOSERS_MAX} that the table names"
    return (
        f"{len(run.gainers)} of {homes} pay less by trading than alone. "
        f"{len(run.losers)} {'pays' if len(run.losers) == 1 else 'pay'} more: {losses}."
    )


def _stored(run: Summary, home: str) -> str:
    more_kwh = run.stored_more_kwh(home)
    return f", with {number(more_kwh, 1)} kWh more in store" if more_kwh >= STORED_NOTICED_KWH else ""


def _against_unmanaged(run: Summary) -> str:
    better = sum(1 for home in run.homes if run.cost["market"][home] < run.cost["unmanaged"][home])
    return f"Against no management, {better} of {count(len(run.homes), 'home')} pay less."


def _group(data: ReportData, run: Summary, home: str) -> Group:
    saved = run.trading_saves(home)
    costs = [run.cost[scheme][home] for scheme in SCHEMES]
    bars = [Bar(css=scheme, value=cost, text=number(cost, 2)) for scheme, cost in zip(SCHEMES, costs, strict=True)]
    if home in run.losers:
        words, css = f"▼ pays {money(-saved, data.currency)} more", "loss"
    elif home in run.gainers:
        words, css = f"▲ saves {money(saved, data.currency)}", "win"
    else:
        words, css = "no change", ""
    return Group(heading=data.label(home), bars=tuple(bars), verdict=words, verdict_css=css)


def _costs(data: ReportData, run: Summary, order: list[str]) -> Markup:
    headings = ("Home", *(f"{SCHEME_NAMES[scheme]} {data.currency}" for scheme in SCHEMES), "Saved by trading")
    rows = [
        [data.label(home), *(number(run.cost[s][home], 2) for s in SCHEMES), number(run.trading_saves(home), 2)]
        for home in order
    ]
    totals = [number(run.total(scheme), 2) for scheme in SCHEMES]
    rows.append(["All homes", *totals, number(run.total("ems") - run.total("market"), 2)])
    optimum = MISSING if run.community_optimum is None else number(run.community_optimum, 2)
    rows.append(["Best possible together", MISSING, MISSING, optimum, MISSING])
    return table("Cost per home", headings, rows)
