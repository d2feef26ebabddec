"""The content of the household's page for one kind of reader: every section as HTML, and the document around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from hems.control.house_view.market_day import RoundView
from hems.control.house_view.snapshot import HouseSnapshot
from hems.control.household.outcome import Entry
from hems.io.page.market_section import market_html
from hems.io.page.money_section import MoneyView, money_html
from hems.io.page.now_section import now_html
from hems.io.page.parts import notice_title, notices_html
from hems.io.page.plan_section import plan_html
from hems.io.page.settings_section import settings_html
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from hems.site.home import Home
from web.answers import Body
from web.charts.markup import Markup, tag
from web.document import document

VIEWS = ("now", "plan", "market", "money", "settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that the page shows at one moment."""

    home: Home
    snapshot: HouseSnapshot
    money: MoneyView
    rounds: Sequence[RoundView] = ()
    unread: str = ""
    log: Sequence[Entry] = field(default_factory=tuple)

    @property
    def today(self) -> float | None:
        """What energy has cost since midnight [currency]; None before the first measurement of the day."""
        one = self.money.days.get(self.money.today)
        return None if one is None else one.total


def sections(content: Content, shown: Shown) -> dict[str, str]:
    """The HTML of every section that changes, by name."""
    snapshot = content.snapshot
    return {
        "notices": notices_html(snapshot.notices, snapshot.at_s, shown),
        "now": now_html(snapshot, content.today, shown),
        "plan": plan_html(snapshot, shown),
        "market": market_html(snapshot, content.rounds, content.unread, shown),
        "money": money_html(content.money, shown),
        "settings": settings_html(snapshot, content.home, content.log, shown),
    }


def mark(parts: Mapping[str, str]) -> str:
    """A short mark of what sections show: a page that was just loaded is not sent the same again."""
    return sha256("".join(parts.values()).encode()).hexdigest()[:16]


def spoken(snapshot: HouseSnapshot) -> str:
    """What a screen reader is told when it changes: the titles of the notices."""
    return ". ".join(notice_title(notice) for notice in snapshot.notices)


def page_text(home: Home, parts: Mapping[str, str], known: Mapping[str, Body]) -> str:
    """The whole document."""
    title = say("title", home=home.meter)
    header = tag(
        "header",
        tag("h1", title),
        tag(
            "span",
            say("live.wait"),
            id="live",
            class_="live",
            role="status",
            data_on=say("live.on"),
            data_off=say("live.off"),
        ),
        class_="top",
    )
    links = [tag("li", tag("a", say(f"tab.{name}"), href=f"#{name}")) for name in VIEWS]
    tabs = tag("nav", tag("ul", *links, role="list"), aria_label=say("tabs"), class_="tabs")
    views = [
        tag(
            "section",
            Markup(parts[name]),
            id=name,
            data_view=name,
            data_live=name,
            hidden=name != VIEWS[0],  # drawn when it is chosen; without a script all of them show
            class_="view two",
            aria_labelledby=f"{name}-heading",
        )
        for name in VIEWS
    ]
    notices = tag("div", Markup(parts["notices"]), data_live="notices", class_="view notices")
    heard = tag("p", id="spoken", class_="unseen", aria_live="polite")
    unscripted = tag("noscript", tag("p", say("no_script"), class_="card"))
    main = tag("main", unscripted, notices, *views, id="main", tabindex=-1, data_events=f"/events?seen={mark(parts)}")
    return document(title, header, tabs, main, heard, known=known)
