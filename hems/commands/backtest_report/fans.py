"""Fan charts: what was measured over the quantiles that were forecast, for single days."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from hems.commands.backtest_report.plot import Axis, Band, Line, Shape, plot, value_axis
from hems.forecasting.evaluation.day_scores import DayScore
from hems.forecasting.evaluation.metrics import HIGH, LOW, MEDIAN
from hems.forecasting.evaluation.rolling import Issued
from web.charts.markup import Markup, tag

SHOWN = 4  # days of each kind
TICK_HOURS = 6


def fan_sections(days: Sequence[DayScore], naive_of: dict[str, str], timezone: str) -> list[Markup]:
    """Days as usual, the best and the worst ones, each beside the best naive forecast of the home."""
    by_ratio = sorted(days, key=lambda day: (day.ratio, day.home, day.issued.day))
    middle = len(by_ratio) // 2
    usual = by_ratio[max(0, middle - SHOWN // 2) :][:SHOWN]
    kinds = [
        ("Days as usual", "Days in the middle of the order from best to worst.", usual),
        ("Best days", "Where the loss is smallest beside that of the best naive forecast.", _varied(by_ratio)),
        ("Worst days", "Where it is largest beside it.", _varied(by_ratio[::-1])),
    ]
    return [_section(title, text, chosen, naive_of, timezone) for title, text, chosen in kinds]


def _varied(days: Sequence[DayScore]) -> list[DayScore]:
    """The first days in this order, of as many homes as there are."""
    first_of_home: dict[str, DayScore] = {}
    for day in days:
        first_of_home.setdefault(day.home, day)
    firsts = list(first_of_home.values())
    return [*firsts, *(day for day in days if first_of_home[day.home] is not day)][:SHOWN]


def _section(title: str, text: str, days: Sequence[DayScore], naive_of: dict[str, str], timezone: str) -> Markup:
    pictures = [tag("figure", fan(day, naive_of[day.home], timezone)) for day in days]
    return tag(
        "section",
        tag("h2", title),
        tag("p", text, class_="soft"),
        _legend(days),
        tag("div", *pictures, class_="pictures"),
    )


def fan(day: DayScore, naive: str, timezone: str) -> Markup:
    """The picture of one forecast [kW]."""
    one = day.issued
    places = np.arange(len(one.measured_kw), dtype=np.float64)
    levels = _narrow_levels(one)
    shapes: list[Shape] = [Band(x=places, low=one.quantiles[LOW], high=one.quantiles[HIGH], css="wide", steps=True)]
    if levels is not None:
        low, high = (one.quantiles[level] for level in levels)
        shapes.append(Band(x=places, low=low, high=high, css="narrow", steps=True))
    shapes += [
        Line(x=places, y=one.naive[naive][MEDIAN], css="naive", steps=True),
        Line(x=places, y=one.quantiles[MEDIAN], css="model", steps=True),
        Line(x=places, y=one.measured_kw, css="measured", steps=True),
    ]
    top = [*one.measured_kw.tolist(), *one.quantiles[HIGH].tolist(), *one.naive[naive][MEDIAN].tolist()]
    title = f"{day.home}, {one.day.isoformat()} [kW], {100 * day.ratio:.0f} % of the naive loss"
    desc = f"{title} ({naive})"
    return plot(shapes, x=_hours(one, timezone), y=value_axis(top), title=title, desc=desc)


def _hours(one: Issued, timezone: str) -> Axis:
    """Local hours from the first to the last slot."""
    zone = ZoneInfo(timezone)
    n, per_hour = len(one.measured_kw), 3600 // one.slot_s
    step = TICK_HOURS * max(1, n // (30 * per_hour))
    ticks = []
    for k in range(n + 1):
        moment = _local(one.start_epoch_s + k * one.slot_s, zone)
        if moment[1] == 0 and moment[0] % min(step, 24) == 0:
            ticks.append((float(k), f"{moment[0]:02d}:00"))
    return Axis(low=0.0, high=float(n), ticks=tuple(ticks))


def _local(epoch_s: int, zone: ZoneInfo) -> tuple[int, int]:
    moment = datetime.fromtimestamp(epoch_s, tz=UTC).astimezone(zone)
    return moment.hour, moment.minute


def _narrow_levels(one: Issued) -> tuple[float, float] | None:
    return (0.25, 0.75) if 0.25 in one.quantiles and 0.75 in one.quantiles else None


def _legend(days: Sequence[DayScore]) -> Markup:
    entries = [("measured", "measured"), ("model", "median"), ("wide", "q10 to q90")]
    if any(_narrow_levels(day.issued) is not None for day in days):
        entries.append(("narrow", "q25 to q75"))
    return legend([*entries, ("naive", "best naive")])


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Names of the styles in a row of pictures."""
    return tag("ul", *(tag("li", tag("i", class_=css), tag("span", text)) for css, text in entries), class_="legend")
