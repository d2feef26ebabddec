"""Small parts that all sections are made of: facts, notices, empty states, figures with their numbers."""

from collections.abc import Sequence

from hems.control.house_view.notices import Notice, NoticeCode
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from web.charts.legend import LegendItem, legend
from web.charts.markup import Markup, joined, tag
from web.charts.numerals import SPACE

FLOW_CSS = {
    "grid": "outside",
    "house": "house",
    "unknown": "lost",
    "pv": "sun",
    "battery": "storage",
    "ev": "car",
    "zone": "heat",
    "lighting": "light",
    "appliance": "device",
}


def label(name: str) -> str:
    """A device's id as people read it."""
    return name.replace("_", " ")


def heading(name: str, text: str) -> Markup:
    """The heading of a section; it takes the focus when its tab is chosen."""
    return tag("h2", text, id=f"{name}-heading", tabindex=-1)


def fact(name: str, value: str, more: str = "") -> Markup:
    """One number with its name."""
    amount, _, unit = value.rpartition(SPACE)
    shown = joined([amount, " ", tag("small", unit)]) if amount else value
    return tag(
        "li",
        tag("span", name, class_="name"),
        tag("span", shown, class_="value"),
        tag("span", more, class_="more") if more else "",
        class_="fact",
    )


def facts(items: Sequence[Markup]) -> Markup:
    """Facts in a row."""
    return tag("ul", *items, class_="facts wide", role="list")


def empty(title: str, what_to_do: str) -> Markup:
    """What stands where there is nothing to show yet: what is the matter, and what to do."""
    return tag("div", tag("h3", title), tag("p", what_to_do), class_="card empty wide")


def figure_card(
    name: str,
    *,
    title: str,
    sentence: str,
    picture: Markup,
    numbers: Markup,
    legend_items: Sequence[LegendItem] = (),
    remark: str = "",
    flat: bool = False,
    rows: float | None = None,
) -> Markup:
    """A card with a picture and, behind a fold, its numbers as a table.

    With `rows` the rows of the table lie evenly over the width of the picture, as many as it says: they can be read
    by pointing at it.
    """
    readout = "" if rows is None else tag("p", say("point"), class_="readout soft", aria_hidden="true")
    return tag(
        "section",
        tag("h3", title, id=f"{name}-name"),
        tag("p", sentence, class_="sentence") if sentence else "",
        legend(legend_items) if legend_items else "",
        tag(
            "figure",
            tag("div", picture, class_="stage flat" if flat else "stage"),
            readout,
            aria_labelledby=f"{name}-name",
            data_rows=None if rows is None else f"{rows:.3f}",
        ),
        tag("p", remark, class_="soft") if remark else "",
        tag("details", tag("summary", say("numbers")), numbers, id=f"{name}-numbers"),
        class_="card wide",
        aria_labelledby=f"{name}-name",
    )


def notices_html(notices: Sequence[Notice], now_s: int, shown: Shown) -> Markup:
    """What the household should know first."""
    return joined(_notice(notice, now_s, shown) for notice in notices)


def notice_title(notice: Notice) -> str:
    """A notice in one line."""
    if notice.code is NoticeCode.MODE:
        return say("notice.mode", names=", ".join(say(f"mode.{name}") for name in notice.names))
    return say(f"notice.{notice.code}", names=", ".join(label(name) for name in notice.names))


def _notice(notice: Notice, now_s: int, shown: Shown) -> Markup:
    if notice.code is NoticeCode.MODE:
        to_do = " ".join(say(f"notice.mode.{name}") for name in notice.names)
    else:
        to_do = say(f"notice.{notice.code}.do", names="; ".join(notice.names))
    since = "" if notice.since_s is None else say("notice.since", time=shown.moment(notice.since_s, now_s)) + " "
    return tag(
        "div",
        tag("div", tag("b", notice_title(notice)), tag("p", f"{since}{to_do}")),
        class_="notice bad" if notice.is_bad else "notice",
    )
