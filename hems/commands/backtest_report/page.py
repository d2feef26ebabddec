"""The report page of a backtest: one HTML file that needs nothing else, on a phone and on a wide screen."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from hems.commands.backtest_report.calibration import calibration_section, errors_section
from hems.commands.backtest_report.fans import fan_sections
from hems.commands.backtest_report.numerals import percent
from hems.commands.backtest_report.style import STYLE
from hems.commands.backtest_report.tables import findings_section, homes_section, method_section
from hems.commands.backtest_run import Backtest
from hems.commands.backtest_table import best_naive
from hems.forecasting.evaluation.day_scores import day_scores
from web.charts.markup import Markup, tag


def render(found: Backtest) -> str:
    """The page as text."""
    document = found.document
    naive_of = {home: best_naive(one) for home, one in document["groups"].items()}
    days = [day for home, issued in found.issued.items() for day in day_scores(home, issued, naive_of[home])]
    title = _claim(document)
    body = tag(
        "body",
        tag("p", f"Backtest of {document['target']} in {document['data']}", class_="soft"),
        tag("h1", title),
        _cards(document),
        homes_section(document),
        calibration_section(document),
        errors_section(found.issued, naive_of, days),
        *fan_sections(days, naive_of, document["timezone"]),
        findings_section(document),
        method_section(document),
    )
    return f"<!doctype html>\n{tag('html', _head(title), body, lang='en')}\n"


def _claim(document: dict[str, Any]) -> str:
    mean, n = document["mean"], len(document["groups"])
    homes = "one home" if n == 1 else f"the mean of {n} homes"
    skill = mean["skill_pinball"]
    if skill is None:
        return f"Forecasts of {homes}: no loss of a naive forecast to compare with"
    word = "less" if skill >= 0 else "more"
    return f"{percent(abs(skill))} {word} loss than the best naive forecast, {homes}"


def _cards(document: dict[str, Any]) -> Markup:
    mean, groups = document["mean"], document["groups"].values()
    better = sum((one["skill_pinball"] or 0) > 0 and (one["skill_mae"] or 0) > 0 for one in groups)
    cards = [
        ("skill, MAE of the median", percent(mean["skill_mae"])),
        ("skill, pinball loss", percent(mean["skill_pinball"])),
        ("values inside q10 to q90", percent(mean["coverage_80"])),
        ("the same in active hours", percent(mean["coverage_80_active"])),
        ("homes better in both", f"{better} of {len(groups)}"),
    ]
    return tag("div", *(tag("div", tag("span", name), tag("b", text)) for name, text in cards), class_="cards")


def _head(title: str) -> Markup:
    # nothing may be loaded or run but the style in this file, whatever a name or a text on it says
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'",
        ),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
