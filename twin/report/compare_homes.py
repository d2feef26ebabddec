"""The section of a comparison that says who gains and who loses."""

from collections.abc import Mapping
from typing import Any

from twin.report.ranking import Column, currency_of, ranked
from web.charts.bars import Bar, Group, bar_groups
from web.charts.markup import Markup, tag
from web.charts.numerals import count, number
from web.charts.table import table


def homes_section(found: Mapping[str, Any]) -> Markup:
    """Gains and losses against every home alone, summed up and home by home."""
    columns, currency = ranked(found), currency_of(found)
    groups = [
        Group(heading=c["title"], bars=tuple(_won_and_lost(c)), verdict=_verdict(c), verdict_css=_tone(c))
        for c in columns
    ]
    alone = found["cost"]["ems"]
    rows = [
        [home, number(alone[home], 2), *(_saved(alone[home] - c["cost"][home]) for c in columns)]
        for home in found["homes"]
    ]
    picture = bar_groups("homes", title="Gains and losses", desc="Sums over homes per mechanism.", groups=groups)
    return tag(
        "section",
        tag("h2", "Who gains and who loses", id="homes-heading"),
        tag(
            "p",
            f"Gains and losses against every home alone, summed up, in {currency}; then home by home.",
            class_="sentence",
        ),
        tag("figure", tag("div", picture, class_="stage bars"), aria_labelledby="homes-heading"),
        table(
            f"Saved against alone, {currency}", ("Home", "Alone", *(c["title"] for c in columns)), rows, css="wide"
        ),
        id="homes",
        class_="card",
    )


def _won_and_lost(column: Column) -> list[Bar]:
    won, lost = sum(column["winners"].values()), sum(column["losers"].values())
    bars = [Bar(css="win", value=won, text=number(won, 2))]
    if lost:
        bars.append(Bar(css="loss", value=-lost, text=number(-lost, 2)))
    return bars


def _verdict(column: Column) -> str:
    if not column["losers"]:
        return "no loser"
    return f"▼ {count(len(column['losers']), 'loser')}"


def _tone(column: Column) -> str:
    return "loss" if column["losers"] else "win"


def _saved(value: float) -> Markup | str:
    text = number(value, 2)
    css = "win" if value >= 0.005 else "loss" if value <= -0.005 else ""
    return tag("span", text, class_=css) if css else text
