"""The report page of a run: one HTML file that needs nothing else, on a phone and on a wide screen."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from twin.report.community_net import community_net
from twin.report.data import ReportData
from twin.report.decisions import community_homes, decisions
from twin.report.example_home import example_home
from twin.report.flows import energy_flows
from twin.report.headline import claim, headline
from twin.report.market_curve import market_curve
from twin.report.method import method
from twin.report.network import network_section
from twin.report.price_traded import price_traded
from twin.report.savings import savings
from twin.report.summary import Summary, summary
from web.charts.markup import Markup, joined, tag
from web.charts.timeline import Timeline, timeline

Section = tuple[str, str, Markup]  # id, short name, content


def render(data: ReportData) -> str:
    """The page as text; Raises: KeyError when results lack a key, ValueError when there are no slots."""
    run = summary(data.results)
    time = timeline(data.times, run.slot_minutes)
    sections = [section for section in _sections(data, run, time) if section[2]]
    links = [tag("li", tag("a", name, href=f"#{anchor}")) for anchor, name, _ in sections]
    body = tag(
        "body",
        tag("a", "Skip to the pictures", href="#pictures", class_="skip"),
        headline(data, run, time),
        tag("nav", tag("ul", *links, role="list"), aria_label="Sections"),
        tag("main", *(content for _, _, content in sections), id="pictures", tabindex=-1),
        tag("footer", tag("p", "Times are those of the scenario, in UTC. This page is complete in itself.")),
        tag("script", asset("report.js")),
    )
    return f"<!doctype html>\n{tag('html', head(claim(data, run)), body, lang='en')}\n"


def write(path: Path, data: ReportData) -> None:
    """Writes the page to a file (UTF-8)."""
    path.write_text(render(data), encoding="utf-8")


def _sections(data: ReportData, run: Summary, time: Timeline) -> list[Section]:
    return [
        ("savings", "Who saved what", savings(data, run)),
        ("prices", "Prices", price_traded(data, run, time)),
        ("plan", "One home", example_home(data, time)),
        ("curve", "Market curve", market_curve(data, time)),
        ("flows", "Energy flows", energy_flows(data)),
        ("grid", "Grid", community_net(data, run, time)),
        ("network", "Network", network_section(data.results.get("network"), run.slots)),
        ("reasons", "Reasons", decisions(data, run)),
        ("homes", "Homes", community_homes(data, run)),
        ("method", "Method", method(data, run)),
    ]


def head(title: str) -> Markup:
    """The head of a page that may load and run nothing but what is in it."""
    style, script = joined([chart_style(), asset("report.css")]), asset("report.js")
    # nothing may be loaded or run but what is in this file, whatever a name or a text on it says
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", style),
    )


def chart_style() -> Markup:
    """The style sheet of pictures, as the pages of home and broker have it too."""
    return Markup(files("web").joinpath("assets/charts.css").read_text(encoding="utf-8"))


def asset(name: str) -> Markup:
    """A file of this package, as it is."""
    return joined([Markup(files("twin.report").joinpath(name).read_text(encoding="utf-8"))])


def _digest(text: str) -> str:
    """Source: Content Security Policy Level 3, 2.3.1 (hash-source)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
