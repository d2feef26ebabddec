"""The household's page as HTML: every section in every state, in the reader's numerals, with nothing injected."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from house_samples import AT_S, HOME, content, now, one_round, snapshot
from hypothesis import example, given
from hypothesis import strategies as st

from hems.control.house_view.money import Sum
from hems.control.house_view.notices import Contact, Notice, NoticeCode
from hems.control.house_view.now import Flow
from hems.control.house_view.snapshot import Wishes
from hems.control.house_view.stored import StoredView
from hems.control.household.options import options
from hems.control.household.outcome import Entry
from hems.control.household.overrides import Override
from hems.control.household.settings import HouseholdSettings
from hems.io.page.content import VIEWS, Content, page_text, sections, spoken
from hems.io.page.market_section import round_html
from hems.io.page.money_section import MoneyView, csv_text
from hems.io.page.plan_section import stacked
from hems.io.page.shown import Shown
from hems.io.page.texts import say, texts
from web.assets import own_assets
from web.charts.markup import escaped
from web.language import COMMA_DOT, numerals_for

BERLIN = ZoneInfo("Europe/Berlin")
SHOWN = Shown(zone=BERLIN, currency="EUR")
EMPTY = snapshot(now=None, plan=None, contact=Contact())
OVERRIDE = Override(device="battery", action="give", power_kw=None, until_s=AT_S + 3600, by="page", since_s=AT_S)
WISHES = Wishes(
    settings=HouseholdSettings(values={("mode", None): "away", ("reserve_soc", "battery"): 0.35}),
    options=options(HOME),
    overrides=(OVERRIDE,),
)


class Tags(HTMLParser):
    """What a document is made of: identifiers, labels, inline code, and whether its elements close."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.ids, self.wrong = list[str](), list[str](), list[str]()
        self.fields, self.labels, self.headings = dict[str, str](), set[str](), list[str]()
        self._labelled = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        self.wrong += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if tag == "label":
            self._labelled = True
        if tag in ("input", "select") and given.get("type") != "hidden":
            self.fields[given.get("id", "")] = "label" if self._labelled else given.get("aria-label", "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [f"{tag} {name}" for name, _ in attrs if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._labelled = False
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def page(of: Content, shown: Shown = SHOWN) -> str:
    return page_text(HOME, sections(of, shown), own_assets())


def test_a_home_with_a_part_of_the_storage_sees_its_account() -> None:
    stored = StoredView(level_kwh=1.25, share_kwh=4.0)
    with_part, without = sections(content(snapshot(stored=stored)), SHOWN), sections(content(), SHOWN)
    assert "of your share of" in str(with_part) and "of your share of" not in str(without)


@pytest.mark.parametrize(
    "of",
    [content(), content(EMPTY), content(snapshot(wishes=WISHES)), content(EMPTY, rounds=(), unread="locked")],
    ids=["full", "empty", "overridden", "unread"],
)
def test_a_page_closes_its_elements_names_its_fields_and_has_no_inline_code(of: Content) -> None:
    found = Tags(page(of))
    assert found.wrong == [] and found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert all(name and ident for ident, name in found.fields.items())
    assert found.headings[0] == "h1" and found.headings.count("h1") == 1
    text = page(of)
    assert "://" not in text.replace("http://www.w3.org", "")
    assert all(f'aria-labelledby="{view}-heading"' in text and f'id="{view}-heading"' in text for view in VIEWS)


def test_the_first_minute_says_in_every_section_what_is_missing_and_what_to_do() -> None:
    parts = sections(content(EMPTY, money=MoneyView(today=1, days={}, trades=False), rounds=()), SHOWN)
    for view, key in (
        ("now", "now.empty"),
        ("plan", "plan.empty"),
        ("market", "market.none"),
        ("money", "money.empty"),
    ):
        assert say(key) in parts[view] and say(f"{key}.do").split("“")[0][:30].split("'")[0] in parts[view]
    assert parts["notices"] == ""


def test_a_home_without_devices_is_told_how_to_add_one() -> None:
    bare = replace(now(), devices=())
    assert "[[device]]" in sections(content(snapshot(now=bare)), SHOWN)["now"]


def test_a_day_without_rounds_and_records_that_cannot_be_read_are_told_apart() -> None:
    assert say("market.empty") in sections(content(rounds=()), SHOWN)["market"]
    told = sections(content(rounds=(), unread="meter.db: disk I/O error"), SHOWN)["market"]
    assert "disk I/O error" in told and say("market.empty") not in told


@pytest.mark.parametrize(
    ("outcome", "orders", "key"), [("no_market", 0, "empty"), ("shared", 4, "shared"), ("cleared", 4, "untold")]
)
def test_a_round_without_a_curve_says_why(outcome: str, orders: int, key: str) -> None:
    bare = one_round(demand=(), supply=(), outcome=outcome, orders=orders)
    in_day = sections(content(rounds=(bare,)), SHOWN)["market"]
    for told in (round_html(bare, SHOWN, "x"), in_day):
        assert say(f"market.curve.{key}") in told and say("market.curve.desc") not in told
    drawn = round_html(one_round(), SHOWN, "x")
    assert "There is no curve" not in drawn and say("market.curve.desc") in drawn


@pytest.mark.parametrize("code", NoticeCode)
def test_every_notice_says_what_to_do_on_the_page_and_to_a_screen_reader(code: NoticeCode) -> None:
    names = ("away",) if code is NoticeCode.MODE else ("battery",)
    view = snapshot(notices=(Notice(code=code, names=names, since_s=AT_S - 7200, is_bad=True),))
    told = sections(content(view), SHOWN)["notices"]
    assert "13:00" in told and "<p>" in told
    assert spoken(view) and "{" not in told + spoken(view)


def test_names_from_outside_are_text_and_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    view = snapshot(
        contact=Contact(trades=True, findings=(evil,)),
        notices=(Notice(code=NoticeCode.AUDIT, names=(evil,)),),
    )
    log = (Entry(at_s=AT_S, by="home_assistant", what=evil, device=evil, before=evil, after=None),)
    bad = one_round(pseudonym=evil, stage=evil)
    told = page(content(view, rounds=(bad,), unread="", log=log)) + round_html(bad, SHOWN, "x")
    assert "<script>alert" not in told and "&lt;script&gt;alert" in told


def test_numbers_follow_the_language_of_the_reader() -> None:
    german = Shown(zone=BERLIN, currency="EUR", numerals=COMMA_DOT)
    assert "0,320" in sections(content(), german)["now"] and "0.320" not in sections(content(), german)["now"]
    assert "0.320" in sections(content(), SHOWN)["now"]
    curve = sections(content(), german)["market"]
    assert "0,213" in curve and "0.213" not in curve


@pytest.mark.parametrize(
    ("header", "mark"),
    [("", "."), ("de-DE,de;q=0.9", ","), ("fr", ","), ("de-CH", "."), ("en;q=0.1,de;q=0.9", ","), ("de;q=0", "."),
     ("xx-YY", "."), ("*", "."), ("de;q=x", "."), (",,,;;q", ".")],
)  # fmt: skip
def test_numerals_of_a_language(header: str, mark: str) -> None:
    assert numerals_for(header).decimal_mark == mark


@given(st.text(max_size=300))
def test_no_language_header_breaks_a_page(header: str) -> None:
    assert numerals_for(header).number(1234.5, 1)


def test_what_is_used_is_stacked_without_gaps_and_sums_up() -> None:
    plan = snapshot().plan
    assert plan is not None
    (first, second) = stacked(plan)
    assert first[0] == "house" and second[0] == "storage"
    assert second[1] == first[2] and second[2][50] == pytest.approx(1.6)
    assert second[2][0] == pytest.approx(0.6)  # nothing is known of the battery there


def test_a_plan_of_a_home_without_battery_and_sun_is_drawn() -> None:
    plan = snapshot().plan
    assert plan is not None
    bare = replace(plan, lanes=plan.lanes[:1], soc=(), expected=(None,) * plan.slots)
    told = sections(content(snapshot(plan=bare)), SHOWN)["plan"]
    assert say("plan.charge") not in told and say("legend.expected") not in told and "<svg" in told


def test_money_names_what_the_comparison_leaves_out() -> None:
    told = sections(content(), SHOWN)["money"]
    assert "0.10" in told and say("money.yesterday") in told
    alone = sections(content(money=MoneyView(today=1, days={1: Sum(spent=2.0)}, trades=False)), SHOWN)["money"]
    assert say("money.compare") not in alone and say("money.tariff")[:30] in alone


def test_energy_from_nowhere_is_told_with_what_may_be_missing() -> None:
    lost = replace(now(), sources=(Flow(kind="unknown", name="", kw=2.7),))
    assert escaped(say("flow.unknown")) in sections(content(snapshot(now=lost)), SHOWN)["now"]
    assert escaped(say("flow.unknown")) not in sections(content(), SHOWN)["now"]


def test_a_month_in_which_trading_cost_something_says_so_in_words() -> None:
    for alone, key in ((2.0, "money.saved"), (0.5, "money.lost")):
        days = {1: Sum(bill=1.0, alone=alone, settled=4)}
        told = sections(content(money=MoneyView(today=1, days=days, trades=True)), SHOWN)["money"]
        assert say(key) in told
        assert ("Gained by trading" in told) == (alone > 1.0)


def test_settings_show_what_holds_and_overrides_end_by_a_button() -> None:
    told = sections(content(snapshot(wishes=WISHES)), SHOWN)["settings"]
    assert re.search(r'<input [^>]*value="away" checked', told)
    assert re.search(r'name="reserve_soc@battery"[^>]*value="35"', told)
    assert 'id="cancel-battery"' in told and "16:00" in told
    assert 'value="roof off"' in told and 'value="roof give"' not in told


@given(st.text(max_size=60))
@example('"=1')
@example("-1,5")
def test_no_cell_of_a_download_is_a_formula(text: str) -> None:
    ((cell, *_), *_) = csv.reader(io.StringIO(csv_text([[text]]), newline="")) if text else [[""]]
    assert not cell.startswith(("=", "@", "\t", "\r"))
    if cell.startswith(("+", "-")):
        float(cell)


def test_every_text_is_used_and_every_key_exists() -> None:
    folder = Path(__file__).parents[2] / "hems" / "io" / "page"
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    plain = set(re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)*)["']""", code))
    made = (*set(re.findall(r"""f["']([a-z_.]+\.)\{""", code)), "mode.", "objective.")
    assert {key for key in texts() if key not in plain and not key.startswith(made)} == set()
    asked = set(re.findall(r"""say\(\s*["']([a-z_.]+)["']""", code))
    assert asked <= set(texts())
