"""The report page: it answers first, hides nothing, needs nothing else, and lets nobody write into it."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from report_sample import sample_report, without_trade

from twin.report.data import ExampleHome, HomeInfo, ReportData
from twin.report.page import render, write

HOSTILE = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e"
NO_END = frozenset({"meta", "link", "input", "br"})
FIGURES = ("totals", "savings", "prices", "plan", "curve", "flows", "grid")


class Page(HTMLParser):
    """What a parser finds on a page: tags in order, ids, texts inside of each kind of tag; checks nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {}
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in NO_END:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("h1", "h2", "h3", "p", "td", "th", "text", "li"):
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.inside.setdefault(self._open[-1] if self._open else "", []).append(data)
        if "style" not in self._open and "script" not in self._open:
            self.words.append(data)

    def text(self) -> str:
        return " ".join("".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture(scope="module")
def week() -> ReportData:
    return sample_report()


@pytest.fixture(scope="module")
def page(week: ReportData) -> str:
    return render(week)


def _with_results(data: ReportData, **changes: Any) -> ReportData:
    return replace(data, results={**data.results, **changes})


def test_a_week_of_ten_homes_fits_in_300_kb(page: str) -> None:
    assert len(page.encode()) < 300_000


def test_the_page_is_well_formed_and_ids_are_unique(page: str) -> None:
    ids = [attributes["id"] for _, attributes in Page(page).tags if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_the_page_loads_nothing_from_outside(page: str) -> None:
    assert "//" not in re.sub(r"(?m)^\s*//.*$", "", page)
    assert "@import" not in page
    assert "url(" not in page
    for tag, attributes in Page(page).tags:
        assert not {"src", "xlink:href", "style", "onclick"} & set(attributes)
        href = attributes.get("href")
        assert href is None or href == "data:," or href.startswith("#"), tag


def test_the_policy_allows_exactly_the_style_and_script_on_the_page(page: str) -> None:
    found = Page(page)
    (policy,) = [a["content"] or "" for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    for kind in ("style", "script"):
        (content,) = found.inside[kind]
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_every_figure_has_a_title_a_description_and_its_numbers_in_a_table(page: str) -> None:
    charts = page.split('<svg class="chart"')[1:]
    assert len(charts) == len(FIGURES)
    for name, drawn in zip(FIGURES, charts, strict=True):
        assert f'aria-labelledby="{name}-title"' in drawn
        assert f'<title id="{name}-title">' in drawn
        assert f'<desc id="{name}-desc">' in drawn
        assert 'role="img"' in drawn
    for name in FIGURES:
        section = page.split(f'<section id="{name}"')[1]
        assert "<table" in section.split("</section>")[0]


def test_every_link_inside_the_page_has_a_target(page: str) -> None:
    found = Page(page)
    ids = {attributes.get("id") for _, attributes in found.tags}
    targets = {a["href"].removeprefix("#") for _, a in found.tags if (a.get("href") or "").startswith("#")}
    named = {word for _, a in found.tags for word in (a.get("aria-labelledby") or "").split()}
    assert targets | named <= ids


def test_the_first_words_say_what_was_saved_whether_the_books_close_and_what_was_traded(
    week: ReportData, page: str
) -> None:
    text = Page(page.split("<nav", maxsplit=1)[0] + "</body></html>").text()
    cost = week.results["cost"]
    saved = sum(cost["ems"].values()) - sum(cost["market"].values())
    assert f"Trading saved the community {saved:.2f} USD in 7 days" in text
    assert "✓ sums to zero" in text
    assert f"Traded between homes {week.results['traded_kwh']:.0f} kWh" in text


def test_who_loses_is_named_with_the_amount(week: ReportData) -> None:
    text = Page(render(week)).text()
    assert "1 pays more: Juniper house (0.12 USD more)" in text
    assert "▼ pays 0.12 USD more" in text
    loser = "us_ca_fontana_10"
    stored = {scheme: dict.fromkeys(week.results["homes"], 0.0) for scheme in ("unmanaged", "ems", "market")}
    stored["market"][loser] = 4.6
    kept = replace(week, results={**week.results, "stored_change_kwh": stored})
    assert "Juniper house (0.12 USD more, with 4.6 kWh more in store)" in Page(render(kept)).text()


def test_a_loss_far_below_a_cent_is_still_named(week: ReportData) -> None:
    cost = week.results["cost"]
    tiny = {**cost["market"], "us_ca_fontana_01": cost["ems"]["us_ca_fontana_01"] + 2e-9}
    text = Page(render(_with_results(week, cost={**cost, "market": tiny}))).text()
    assert "Maple house (less than 0.01 USD more)" in text


def test_of_many_losers_the_sentence_names_the_worst_and_the_table_all() -> None:
    data = sample_report(days=1, homes=10)
    cost = data.results["cost"]
    dearer = {home: value + 1 + k for k, (home, value) in enumerate(cost["ems"].items())}
    found = Page(render(_with_results(data, cost={**cost, "market": dearer})))
    assert "10 pay more: Juniper house (10.00 USD more), Aspen house" in found.text()
    assert "and 4 that the table names" in found.text()
    assert "Maple house" in found.inside["th"]


def test_books_that_do_not_close_are_shown_as_such(week: ReportData) -> None:
    ledger = {**week.results["ledger"], "sum_nano": -3}
    text = Page(render(_with_results(week, ledger=ledger))).text()
    assert "✗ off by −3 nano" in text
    assert "sums to zero" not in text


def test_trading_that_costs_more_is_not_called_a_saving(week: ReportData) -> None:
    cost = week.results["cost"]
    dearer = {home: value + 1.0 for home, value in cost["ems"].items()}
    text = Page(render(_with_results(week, cost={**cost, "market": dearer}))).text()
    assert "Trading cost the community 10.00 USD more" in text
    assert "Trading saved" not in text


def test_a_hostile_name_is_text_and_nothing_else() -> None:
    data = sample_report(days=1, homes=2)
    names = {name: HomeInfo(label=HOSTILE, devices=(HOSTILE,), notes=HOSTILE) for name in data.homes}
    reasons = tuple((time, home, HOSTILE, kw, HOSTILE, HOSTILE) for time, home, _, kw, _, _ in data.reasons)
    hostile = replace(data, homes=names, reasons=reasons, currency=HOSTILE)
    hostile = _with_results(hostile, mechanism=HOSTILE, extra={HOSTILE: HOSTILE})
    found = Page(render(hostile))
    plain = Page(render(data))
    assert {tag for tag, _ in found.tags} == {tag for tag, _ in plain.tags}
    assert sum(tag == "script" for tag, _ in found.tags) == 1
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert "<script>alert(1)</script>" in found.text()
    assert "\u202e" not in render(hostile)


def test_a_run_without_trade_says_so_and_leaves_out_what_is_not_there() -> None:
    text = render(without_trade(sample_report(days=2)))
    assert "Homes traded nothing with each other" in text
    assert 'id="curve"' not in text
    assert 'id="plan"' not in text
    assert 'href="#curve"' not in text


def test_energy_that_is_missing_in_the_flows_is_drawn_as_missing(week: ReportData) -> None:
    assert "Not accounted for" not in render(week)
    flows = {**week.flows, "load_kwh": week.flows["load_kwh"] - 100}
    assert "Not accounted for" in render(replace(week, flows=flows))


def test_a_plan_beyond_the_end_of_the_run_is_shown_with_what_happened_until_then(week: ReportData) -> None:
    last = len(week.times) - 4
    example = ExampleHome(
        home="us_ca_fontana_01",
        plan_start=last,
        plan_net_kw=(1.0,) * 8,
        happened_net_kw=(2.0,) * 4,
        marginal_price=(0.2,) * 8,
    )
    text = Page(render(replace(week, example=example))).text()
    assert "expected 1.00 kWh net from the grid over 1 hour; it became 2.00 kWh" in text
    assert "Battery charge" not in text


def test_more_homes_than_the_picture_shows_are_all_in_the_table() -> None:
    data = sample_report(days=1, homes=45)
    found = Page(render(data))
    assert found.inside["th"].count("Juniper house 39") == 1
    assert "The picture shows the first 40 homes, the table all." in found.text()


@pytest.mark.parametrize("days", [1, 2, 3, 8, 20])
def test_runs_of_any_length_give_a_page(days: int) -> None:
    assert "prices-title" in render(sample_report(days=days, homes=3))


def test_the_same_data_give_the_same_page(week: ReportData, page: str, tmp_path: Path) -> None:
    write(tmp_path / "report.html", sample_report())
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


def _luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_lines_stand_out_from_their_background_in_both_schemes(page: str, scheme: str) -> None:
    """Source: WCAG 2.2, 1.4.3 (text, 4.5) and 1.4.11 (graphics, 3)."""
    style = Page(page).inside["style"][0]
    block = style.split(":root {")[1 if scheme == "light" else 2].split("}")[0]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", block))
    for text in ("ink", "soft", "win", "loss"):
        assert _contrast(colours[text], colours["card"]) >= 4.5, text
        assert _contrast(colours[text], colours["page"]) >= 4.5, text
    drawn = ("unmanaged", "ems", "market", "optimum", "retail", "feed-in", "traded", "planned", "marginal")
    flow = ("sun", "storage", "outside", "house", "car", "device", "lost")
    for graphic in (*drawn, *flow):
        assert _contrast(colours[graphic], colours["card"]) >= 3, graphic
        assert _contrast(colours[graphic], colours["day"]) >= 3 or graphic in flow, graphic
