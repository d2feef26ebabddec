"""Section "Money": today, this month, with the community against alone, day by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hems.control.house_view.money import Sum, added
from hems.io.page.parts import empty, fact, facts, figure_card, heading
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from web.charts.bars import Bar, Group, bar_groups
from web.charts.markup import Markup, joined, tag
from web.charts.table import table


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    """Sums by local day (its ordinal), and which day is today."""

    today: int
    days: Mapping[int, Sum]
    trades: bool

    def of_day(self, day: int) -> Sum:
        """The sum of a day, zeros where there is none."""
        return self.days.get(day, Sum())

    @property
    def month(self) -> Sum:
        """The sum of this calendar month."""
        first = date.fromordinal(self.today).replace(day=1).toordinal()
        found = Sum()
        for day, one in self.days.items():
            found = added(found, one) if first <= day <= self.today else found
        return found


def money_html(money: MoneyView, shown: Shown) -> Markup:
    """The section."""
    title = heading("money", say("money.title"))
    if not money.days:
        return joined([title, empty(say("money.empty"), say("money.empty.do"))])
    parts = [title, _facts(money, shown)]
    if money.month.settled:
        parts.append(_compared(money, shown))
    remark = say("money.estimate" if money.trades else "money.tariff")
    return joined([*parts, _days(money, shown, remark)])


def csv_text(rows: list[list[str]]) -> str:
    """Rows as CSV (RFC 4180); a cell that a spreadsheet would take for a formula is text."""
    return "".join(",".join(_cell(cell) for cell in row) + "\r\n" for row in rows)


def _cell(text: str) -> str:
    if text[:1] in ("=", "@", "\t", "\r") or (text[:1] in ("+", "-") and not _is_number(text)):
        text = "'" + text
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(c in text for c in ',"\r\n') else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _facts(money: MoneyView, shown: Shown) -> Markup:
    items = [_sum_fact(say("money.today"), money.of_day(money.today), shown)]
    if money.today - 1 in money.days:
        items.append(_sum_fact(say("money.yesterday"), money.of_day(money.today - 1), shown))
    items.append(_sum_fact(say("money.month"), money.month, shown))
    if money.month.settled:
        saved = money.month.saved
        name = say("money.saved" if saved >= 0 else "money.lost")
        items.append(fact(name, shown.money(abs(saved)), say("money.saved.more")))
    return facts(items)


def _sum_fact(name: str, one: Sum, shown: Shown) -> Markup:
    way = say("money.cost" if one.total >= 0 else "money.earned")
    more = say("money.in_out", bought=shown.energy(one.import_kwh), sold=shown.energy(one.export_kwh))
    return fact(f"{name}, {way}", shown.money(abs(one.total)), more)


def _compared(money: MoneyView, shown: Shown) -> Markup:
    month = money.month
    sentence = say(
        "money.compare.sentence",
        slots=str(month.settled),
        bill=shown.money(month.bill - month.charges),
        alone=shown.money(month.alone),
    )
    groups = [_group(say("money.month"), month, shown)]
    today = money.of_day(money.today)
    if today.settled:
        groups.insert(0, _group(say("money.today"), today, shown))
    picture = bar_groups("compare", title=say("money.compare"), desc=say("money.compare.desc"), groups=groups)
    rows = [[group.heading, *(bar.text for bar in group.bars), group.verdict] for group in groups]
    numbers = table(say("money.compare"), ["", say("money.with"), say("money.alone"), ""], rows)
    remark = say("money.charges", money=shown.money(month.charges)) if month.charges else ""
    return figure_card(
        "compare",
        title=say("money.compare"),
        sentence=sentence,
        picture=picture,
        numbers=numbers,
        legend_items=[("box market", say("money.with")), ("box unmanaged", say("money.alone"))],
        remark=remark,
        flat=True,
    )


def _group(name: str, one: Sum, shown: Shown) -> Group:
    cost = one.bill - one.charges
    word = "gain" if one.saved >= 0 else "loss"
    return Group(
        heading=name,
        bars=(
            Bar(css="market", value=cost, text=shown.money(cost)),
            Bar(css="unmanaged", value=one.alone, text=shown.money(one.alone)),
        ),
        verdict=say(f"money.verdict.{word}", money=shown.money(abs(one.saved))),
        verdict_css="win" if one.saved >= 0 else "loss",
    )


def _days(money: MoneyView, shown: Shown, remark: str) -> Markup:
    rows = []
    for day in sorted(money.days, reverse=True)[:31]:
        one = money.days[day]
        alone = shown.number(one.alone, 2) if one.settled else shown.number(None, 2)
        energy = (shown.number(one.import_kwh, 2), shown.number(one.export_kwh, 2))
        rows.append([shown.day(day), shown.number(one.total, 2), *([alone] if money.trades else []), *energy])
    names = ["day", "col.cost", *(["col.alone"] if money.trades else []), "col.in", "col.out"]
    headings = [say(f"money.{name}") for name in names]
    headings[1] = f"{headings[1]} {shown.currency}"
    return tag(
        "section",
        table(say("money.days"), headings, rows),
        tag("p", remark, class_="soft"),
        tag("p", tag("a", say("money.export"), href="/money.csv", download=True, class_="button")),
        class_="card wide",
    )
