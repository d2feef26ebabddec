"""Sections in words: what some devices did and why, and which homes take part."""

from datetime import UTC, datetime

from twin.report.data import Reason, ReportData
from twin.report.summary import Summary
from web.charts.markup import Markup, joined, tag
from web.charts.numerals import power
from web.charts.timeline import timeline


def decisions(data: ReportData, run: Summary) -> Markup:
    """A list of commands with their reasons; an empty text without any."""
    if not data.reasons:
        return Markup()
    items = [tag("li", *_reason(data, run, reason)) for reason in data.reasons]
    return tag(
        "section",
        tag("h2", "Why devices did what they did"),
        tag("p", "Every command carries its reason. Some of them, as they were given:", class_="sentence"),
        tag("ol", *items, class_="reasons"),
        id="reasons",
        class_="card",
    )


def community_homes(data: ReportData, run: Summary) -> Markup:
    """The homes with their devices and notes."""
    items: list[Markup] = []
    for home in run.homes:
        info = data.homes.get(home)
        devices = ", ".join(info.devices) if info is not None and info.devices else "no controllable devices"
        notes = tag("p", info.notes, class_="card-sentence") if info is not None and info.notes else ""
        items.append(tag("li", tag("h3", data.label(home)), tag("p", devices), notes))
    return tag(
        "section",
        tag("h2", "The homes"),
        tag("ul", *items, class_="homes", role="list"),
        id="homes",
        class_="card",
    )


def _reason(data: ReportData, run: Summary, reason: Reason) -> list[Markup]:
    time, home, device, power_kw, code, text = reason
    moment = timeline((time,), run.slot_minutes).moment(0)
    machine = datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    direction = "takes" if power_kw > 0 else "gives" if power_kw < 0 else "rests at"
    return [
        joined([tag("time", f"{moment} UTC", datetime=machine), tag("code", code)]),
        tag(
            "p",
            tag("strong", f"{data.label(home)}, {device}"),
            f" {direction} {power(abs(power_kw))}: ",
            tag("q", text),
        ),
    ]
