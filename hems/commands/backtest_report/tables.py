"""The table of homes against the naive forecasts, what was handled, and how it was measured."""

from collections.abc import Mapping
from typing import Any

from hems.commands.backtest_report.numerals import number, percent
from web.charts.markup import Markup, tag

HEAD = ("home", "MAE kW", "nMAE", "pinball kW", "in q10\N{EN DASH}q90", "skill MAE", "skill pinball")


def homes_section(document: Mapping[str, Any]) -> Markup:
    """Every home, and the mean: the forecaster and each naive forecast."""
    rules = list(document["mean"]["naive"])
    head = [*HEAD, *(f"{rule} MAE / pinball" for rule in rules)]
    rows = [_row(home, one, rules, None) for home, one in document["groups"].items()]
    if len(rows) > 1:
        rows.append(_row("mean", document["mean"], rules, "mean"))
    return tag(
        "section",
        tag("h2", "Homes"),
        tag("p", "Skill is the share of the loss of the best naive forecast that is gone.", class_="soft"),
        tag(
            "div",
            tag(
                "table",
                tag("thead", tag("tr", *(tag("th", text, scope="col") for text in head))),
                tag("tbody", *rows),
            ),
            class_="scroll",
        ),
    )


def findings_section(document: Mapping[str, Any]) -> Markup:
    """What was found in the data, and homes that are left out; empty without any."""
    rows = [(home, text) for home, texts in document["handled"].items() for text in texts]
    rows += [(home, f"left out: {why}") for home, why in document["left_out"].items()]
    if not rows:
        return Markup("")
    lines = [tag("tr", tag("td", home), tag("td", text)) for home, text in rows]
    return tag(
        "section", tag("h2", "Found in the data"), tag("div", tag("table", *lines, class_="words"), class_="scroll")
    )


def method_section(document: Mapping[str, Any]) -> Markup:
    """How the numbers came about."""
    hour, horizon = document["issue_hour"], document["horizon_hours"]
    text = (
        f"Each test day at {hour:02d}:00 ({document['timezone']}) a forecast of the next {horizon} hours is issued "
        "from slots that had ended by then; nothing later is handed to the forecaster. It is the one that the energy "
        f"manager runs; here it is trained every {document['retrain_days']} days, there every night. The naive "
        "forecasts repeat the day before, the week before, and the mean of the four last like weekdays at the same "
        "local time; their quantiles add the quantiles of their own errors of the 56 days before, at the same time "
        "of day and in the slots beside it. MAE is that of the median, pinball the mean over q10, q50 and q90, nMAE "
        "the MAE over the mean of the series. Slots without a measured value are not scored. Active "
        "hours are those of the day in which half of the slots or more are not 0: a roof is always right at night."
    )
    return tag("section", tag("h2", "Method"), tag("p", text, class_="soft"))


def _row(home: str, one: Mapping[str, Any], rules: list[str], css: str | None) -> Markup:
    cells = [
        tag("td", home),
        tag("td", number(one["mae"])),
        tag("td", number(one["nmae"])),
        tag("td", number(one["pinball"]["mean"])),
        tag("td", percent(one["coverage_80"])),
        *(_skill(one[key]) for key in ("skill_mae", "skill_pinball")),
    ]
    for rule in rules:
        naive = one["naive"][rule]
        cells.append(tag("td", f"{number(naive['mae'])} / {number(naive['pinball']['mean'])}"))
    return tag("tr", *cells, class_=css)


def _skill(value: float | None) -> Markup:
    return tag("td", percent(value), class_=None if value is None else "win" if value > 0 else "loss")
