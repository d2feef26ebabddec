"""The page of a comparison: one community under several mechanisms, one HTML file that needs nothing else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twin.report.compare_homes import homes_section
from twin.report.figure import figure
from twin.report.network import compared_networks
from twin.report.page import asset, head
from twin.report.ranking import Column, currency_of, gained, ranked
from web.charts.bars import Bar, Group, bar_groups
from web.charts.legend import LegendItem
from web.charts.markup import Markup, tag
from web.charts.numerals import count, energy, money, number, percent, power
from web.charts.table import table

NOTES_SHOWN = 1
KINDS: tuple[LegendItem, ...] = (
    ("box auction", "auction before delivery"),
    ("box sharing", "sharing after metering"),
)


def render(found: Mapping[str, Any]) -> str:
    """The page of `compare.json` as text. Raises: KeyError when a key is not there."""
    sections = [
        ("efficiency", "Efficiency", _efficiency(found)),
        ("costs", "Cost", _costs(found)),
        ("homes", "Homes", homes_section(found)),
        ("fairness", "Fairness", _fairness(found)),
        ("energy", "Energy", _energy(found)),
        ("peak", "Peak", _peak(found)),
        ("operator", "Operator", _operator(found)),
        ("network", "Network", compared_networks(found, ranked(found))),
        ("numbers", "Numbers", _numbers(found)),
    ]
    sections = [section for section in sections if section[2]]
    links = [tag("li", tag("a", name, href=f"#{anchor}")) for anchor, name, _ in sections]
    body = tag(
        "body",
        tag("a", "Skip to the pictures", href="#pictures", class_="skip"),
        _header(found),
        tag("nav", tag("ul", *links, role="list"), aria_label="Sections"),
        tag("main", *(content for _, _, content in sections), id="pictures", tabindex=-1),
        tag("footer", tag("p", f"Slots from {found['start']}. This page is complete in itself.")),
        tag("script", asset("report.js")),
    )
    return f"<!doctype html>\n{tag('html', head(claim(found)), body, lang='en')}\n"


def claim(found: Mapping[str, Any]) -> str:
    """The one sentence to remember."""
    best = ranked(found)[0]
    if gained(best) <= 0:
        return f"None of {count(len(found['mechanisms']), 'mechanism')} makes the community better off than alone"
    equal = [c for c in found["mechanisms"].values() if abs(gained(c) - gained(best)) < 0.005]
    amount = money(gained(best), currency_of(found))
    if len(equal) > 1:
        return f"{count(len(equal), 'mechanism')} of {len(found['mechanisms'])} save the community most: {amount}"
    return f"{best['title']} saves the community most: {amount}"


def _header(found: Mapping[str, Any]) -> Markup:
    columns, currency = ranked(found), currency_of(found)
    unharmed = [c["title"] for c in columns if not c["losers"]]
    days = found["slots"] * found["slot_minutes"] / 1440
    knows = "homes know forecasts only" if found["foresight"] == "real" else "homes know their own future"
    sentence = f"Under {count(len(unharmed), 'mechanism')} of {len(columns)} no home pays more than alone" + (
        f": {', '.join(unharmed)}." if unharmed else "."
    )
    alone, optimum = sum(found["cost"]["ems"].values()), found["community_optimum"]
    bound = "" if optimum is None else f", and {money(optimum, currency)} at best under one plan for all"
    remark = (
        f"{count(len(found['homes']), 'home')}, {days:g} {'day' if days == 1 else 'days'}, slots of "
        f"{found['slot_minutes']} minutes; {knows}; "
        f"seed {found['seed']}. All homes pay {money(alone, currency)} alone{bound}."
    )
    return tag(
        "header",
        tag("p", "Mechanisms compared on one community", class_="eyebrow"),
        tag("h1", claim(found)),
        tag("p", sentence, class_="sentence"),
        tag("p", remark, class_="remark"),
    )


def _kind(column: Column) -> str:
    return "auction" if column["takes_orders"] else "sharing"


def _bars(
    columns: Sequence[Column], value: Callable[[Column], float | None], text: Callable[[float], str]
) -> list[Group]:
    """A bar per mechanism; those without a value say so."""
    groups = []
    for column in columns:
        found = value(column)
        bar = Bar(css=_kind(column), value=found or 0.0, text="none" if found is None else text(found))
        groups.append(Group(heading=column["title"], bars=(bar,)))
    return groups


def _baseline(heading: str, css: str, value: float, text: str) -> Group:
    return Group(heading=heading, bars=(Bar(css=css, value=value, text=text),))


def _figure(
    name: str,
    heading: str,
    sentence: str,
    groups: list[Group],
    numbers: Markup,
    *,
    legend: Sequence[LegendItem] = KINDS,
    remark: str = "",
) -> Markup:
    picture = bar_groups(name, title=heading, desc=sentence, groups=groups)
    return figure(
        name,
        heading=heading,
        sentence=sentence,
        picture=picture,
        numbers=numbers,
        legend_items=legend,
        remark=remark,
        stage="stage bars",
    )


def _efficiency(found: Mapping[str, Any]) -> Markup:
    columns = ranked(found)
    groups = _bars(columns, lambda c: c["efficiency"], percent)
    shared = found["efficiency_shared_alone"]
    if shared is not None:
        groups.append(_baseline("Alone, then shared", "ems", shared, percent(shared)))
    rows = [[c["title"], percent(c["efficiency"]), percent(c["efficiency_with_operator"])] for c in columns]
    return _figure(
        "efficiency",
        "Share of the possible gain",
        "What trading gains over homes by themselves, as a share of what one plan for all with perfect foresight "
        "would gain.",
        groups,
        table("Per mechanism", ("Mechanism", "Efficiency", "Community account returned"), rows),
        legend=(*KINDS, ("box ems", "homes plan alone, surplus shared afterwards")),
        remark="Under a sharing rule homes send no orders; they plan on the indicative path. Rules that divide the "
        "same energy differ in who gains, not in the sum, but for what they leave with the community account.",
    )


def _costs(found: Mapping[str, Any]) -> Markup:
    columns, currency = ranked(found), currency_of(found)
    unmanaged, alone = (sum(found["cost"][scheme].values()) for scheme in ("unmanaged", "ems"))
    groups = [
        _baseline("Unmanaged", "unmanaged", unmanaged, number(unmanaged, 2)),
        _baseline("Each home alone", "ems", alone, number(alone, 2)),
        *_bars(columns, lambda c: c["total"], lambda v: number(v, 2)),
    ]
    if found["community_optimum"] is not None:
        optimum = found["community_optimum"]
        groups.append(_baseline("Best possible together", "optimum", optimum, number(optimum, 2)))
    rows = [[c["title"], number(c["total"], 2), number(c["total"] / len(found["homes"]), 2)] for c in columns]
    sentence = f"Cost of the whole community in {currency}, the worth of stored energy counted."
    return _figure(
        "costs",
        "What all homes pay together",
        sentence,
        groups,
        table("Per mechanism", ("Mechanism", "All", "Per home"), rows),
    )


def _fairness(found: Mapping[str, Any]) -> Markup:
    columns = ranked(found)
    groups = []
    for c in columns:
        pair = (("gini", c["fairness"]["gini_of_savings"]), ("shapley", c["fairness"]["shapley_distance"]))
        bars = tuple(Bar(css=css, value=v or 0.0, text="none" if v is None else number(v, 3)) for css, v in pair)
        groups.append(Group(heading=c["title"], bars=bars))
    rows = [
        [c["title"], *(number(c["fairness"][key], 3) for key in ("gini_of_savings", "shapley_distance"))]
        for c in columns
    ]
    return _figure(
        "fairness",
        "How evenly, how justly",
        "Gini coefficient of what homes save (0: all the same), and the part of the saving that would have to change "
        "hands to reach the Shapley value of the metered energy (0: every home gets what it adds on average).",
        groups,
        table("Per mechanism", ("Mechanism", "Gini of savings", "Shapley distance"), rows),
        legend=(("box gini", "Gini coefficient of savings"), ("box shapley", "distance to the Shapley value")),
        remark="A home that loses counts as one that saves nothing in the coefficient.",
    )


def _energy(found: Mapping[str, Any]) -> Markup:
    columns = ranked(found)
    rows = [
        [c["title"], energy(c["traded_kwh"]), energy(c["shared_kwh"]), percent(c["self_sufficiency"])]
        for c in columns
    ]
    return _figure(
        "energy",
        "Energy that changed hands inside",
        "Awarded by an auction, or matched after metering by a sharing rule.",
        _bars(columns, lambda c: c["traded_kwh"], energy),
        table("Per mechanism", ("Mechanism", "By the mechanism", "Matched after metering", "Self-sufficiency"), rows),
    )


def _peak(found: Mapping[str, Any]) -> Markup:
    columns, peaks = ranked(found), found["peak_import_kw"]
    groups = [
        _baseline("Unmanaged", "unmanaged", peaks["unmanaged"], power(peaks["unmanaged"])),
        _baseline("Each home alone", "ems", peaks["ems"], power(peaks["ems"])),
        *_bars(columns, lambda c: c["peak_import_kw"], power),
    ]
    rows = [[c["title"], power(c["peak_import_kw"])] for c in columns]
    sentence = "The largest mean power that the community drew from outside in a slot."
    return _figure("peak", "Peak import", sentence, groups, table("Per mechanism", ("Mechanism", "Peak"), rows))


def _operator(found: Mapping[str, Any]) -> Markup:
    columns, currency = ranked(found), currency_of(found)
    rows = [[c["title"], number(c["operator_balance"], 4)] for c in columns]
    return _figure(
        "operator",
        "What is left with the community account",
        f"In {currency}; it is the community's money. Below zero the account had to add some.",
        _bars(columns, lambda c: c["operator_balance"], lambda v: number(v, 2)),
        table("Per mechanism", ("Mechanism", "Balance"), rows),
    )


def _notes(notes: Sequence[str]) -> str:
    more = f"; and {len(notes) - NOTES_SHOWN} more" if len(notes) > NOTES_SHOWN else ""
    return ("; ".join(notes[:NOTES_SHOWN]) or "none") + more


def _numbers(found: Mapping[str, Any]) -> Markup:
    currency = currency_of(found)
    rows = [
        [
            name,
            *(number(c["price"][key], 3) for key in ("mean", "min", "max")),
            f"{c['orders']:,}",
            number(c["imbalance_kwh"], 1),
            "balanced" if c["ledger"]["sum_nano"] == 0 else "NOT BALANCED",
            _notes(c["notes"]),
        ]
        for name, c in sorted(found["mechanisms"].items())
    ]
    heads = ("Name", f"Mean price {currency}/kWh", "Lowest", "Highest", "Orders", "Imbalance kWh", "Ledger", "Notes")
    return tag(
        "section",
        tag("h2", "Prices and books", id="numbers-heading"),
        table("Per mechanism", heads, rows),
        id="numbers",
        class_="card",
    )
