"""Section "Market": the rounds of today with curves, own orders and awards, and what the meter has checked."""

from collections.abc import Sequence
from dataclasses import replace

from hems.control.house_view.market_day import RoundView
from hems.control.house_view.notices import NoticeCode
from hems.control.house_view.snapshot import HouseSnapshot
from hems.control.house_view.stored import StoredView
from hems.io.page.parts import empty, fact, facts, figure_card, heading
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from web.charts.chart import Panel, chart, shape, time_axis
from web.charts.market_curve import Curves, curve_picture
from web.charts.markup import Markup, joined, tag
from web.charts.scale import scale_over
from web.charts.table import table
from web.charts.timeline import Timeline
from web.charts.trace import steps

DAY_PX = 120.0


def market_html(snapshot: HouseSnapshot, rounds: Sequence[RoundView], unread: str, shown: Shown) -> Markup:
    """The section; `rounds` are those of today, oldest first; `unread` says why the records cannot be read."""
    title = heading("market", say("market.title"))
    if not snapshot.contact.trades:
        return joined([title, empty(say("market.none"), say("market.none.do"))])
    parts = [title, _facts(snapshot, rounds, shown)]
    if unread:
        parts.append(empty(say("market.unread"), unread))
    elif not rounds:
        parts.append(empty(say("market.empty"), say("market.empty.do")))
    else:
        parts += _last(rounds, snapshot, shown)
        parts += _day(rounds, snapshot, shown)
        parts.append(_all(rounds, shown))
    return joined([*parts, _checks(snapshot)])


def round_html(one: RoundView, shown: Shown, name: str) -> Markup:
    """One round: curve with its crossing or why there is none, own order and award."""
    return tag("div", _curve(one, shown, name) if _has_curve(one) else _without_curve(one), _own(one, shown))


def _facts(snapshot: HouseSnapshot, rounds: Sequence[RoundView], shown: Shown) -> Markup:
    codes = {notice.code for notice in snapshot.notices}
    state = "away" if NoticeCode.METER_PROCESS_AWAY in codes else "on"
    state = "clock" if NoticeCode.CLOCK_OFF in codes else state
    state = "silent" if NoticeCode.COMMUNITY_SILENT in codes else state
    heard = snapshot.contact.heard_s
    more = "" if heard is None else say("market.heard", time=shown.moment(heard, snapshot.at_s))
    traded = [one for one in rounds if one.price is not None and one.volume_kwh > 0]
    volume = sum(one.volume_kwh for one in traded)
    mean = sum((one.price or 0.0) * one.volume_kwh for one in traded) / volume if volume else None
    stored = snapshot.stored
    account = [] if stored is None else [_stored(stored, shown)]
    return facts(
        [
            fact(say("market.fact.state"), say(f"market.state.{state}"), more),
            fact(say("market.fact.price"), shown.price(mean)),
            fact(say("market.fact.bought"), shown.energy(sum(one.bought_kwh or 0.0 for one in rounds))),
            fact(say("market.fact.sold"), shown.energy(sum(one.sold_kwh or 0.0 for one in rounds))),
            *account,
        ]
    )


def _stored(stored: StoredView, shown: Shown) -> Markup:
    share = say("market.fact.stored.of", share=shown.energy(stored.share_kwh))
    return fact(say("market.fact.stored"), shown.energy(stored.level_kwh), share)


def _last(rounds: Sequence[RoundView], snapshot: HouseSnapshot, shown: Shown) -> list[Markup]:
    """The newest round with trade, drawn large; nothing when nobody traded today."""
    traded = [one for one in rounds if one.price is not None and one.volume_kwh > 0]
    if not traded:
        return []
    one = traded[-1]
    sentence = say(
        "market.last.sentence",
        time=shown.moment(one.start_s, snapshot.at_s),
        price=shown.price(one.price),
        energy=shown.energy(one.volume_kwh),
        orders=str(one.orders),
    )
    own = tag("section", _own(one, shown), class_="card wide")
    if not _has_curve(one):
        title = tag("h3", say("market.last.title"))
        return [tag("section", title, tag("p", sentence), _without_curve(one), class_="card wide"), own]
    legend = [("demand", say("market.demand")), ("supply", say("market.supply")), ("gain", say("market.gain"))]
    card = figure_card(
        "last-round",
        title=say("market.last.title"),
        sentence=sentence,
        picture=_curve(one, shown, "last-curve"),
        numbers=_steps(one, shown),
        legend_items=legend,
    )
    return [card, own]


def _has_curve(one: RoundView) -> bool:
    return bool(one.demand or one.supply)


def _without_curve(one: RoundView) -> Markup:
    """Why a round shows no curve: it is drawn from what its clearing tells, and some tell none."""
    key = "shared" if one.outcome == "shared" else "untold" if one.orders else "empty"
    return tag("p", say(f"market.curve.{key}"), class_="soft")


def _curve(one: RoundView, shown: Shown, name: str) -> Markup:
    curves = Curves(demand=one.demand, supply=one.supply, price=one.price, volume_kwh=one.volume_kwh)
    return curve_picture(
        name,
        title=f"{say('market.title')} {shown.time(one.start_s)}",
        desc=say("market.curve.desc"),
        curves=curves,
        currency=shown.currency,
        numerals=shown.numerals,
    )


def _steps(one: RoundView, shown: Shown) -> Markup:
    rows = [[say("market.buy"), shown.number(p, 4), shown.number(e, 3)] for p, e in one.demand]
    rows += [[say("market.sell"), shown.number(p, 4), shown.number(e, 3)] for p, e in one.supply]
    return table(say("market.curve.desc"), [say("market.side"), say("market.price"), say("market.energy")], rows)


def _own(one: RoundView, shown: Shown) -> Markup:
    rows = [[say("market.buy"), shown.number(p, 4), shown.number(e, 3)] for p, e in one.asked]
    rows += [[say("market.sell"), shown.number(p, 4), shown.number(e, 3)] for p, e in one.offered]
    headings = [say("market.side"), say("market.price"), say("market.energy")]
    order = table(say("market.own.steps"), headings, rows) if rows else ""
    if one.bought_kwh is None or one.sold_kwh is None:
        said = say("market.own.waiting" if rows else "market.own.none")
        return joined([tag("h3", say("market.own")), tag("p", said, class_="soft"), order])
    sentence = say(
        "market.own.sentence",
        pseudonym=one.pseudonym[:8],
        bought=shown.energy(one.bought_kwh),
        sold=shown.energy(one.sold_kwh),
        price=shown.price(one.own_price),
    )
    proven = tag("p", say("market.own.proven"), class_="soft")
    return joined([tag("h3", say("market.own")), tag("p", sentence), proven, order])


def _day(rounds: Sequence[RoundView], snapshot: HouseSnapshot, shown: Shown) -> list[Markup]:
    """The prices of the day on one axis; nothing while no round had a price."""
    prices = {one.start_s: one.price for one in rounds if one.price is not None}
    if not prices:
        return []
    minutes = snapshot.slot_minutes
    first, last = min(one.start_s for one in rounds), max(one.start_s for one in rounds)
    starts = range(first, last + 60 * minutes, 60 * minutes)
    time = Timeline(starts=tuple(shown.local(start_s) for start_s in starts), slot_minutes=minutes)
    values = [prices.get(start_s) for start_s in starts]
    scale = scale_over(values, DAY_PX, with_zero=True, intervals=3, numerals=shown.numerals)
    title = say("plan.prices", currency=shown.currency)
    panel = Panel(title=title, scale=scale, shapes=(shape("market", steps(values, scale.px)),))
    picture = chart(
        "day-prices",
        title=say("market.day.title"),
        desc=say("market.day.desc"),
        axis=replace(time_axis(time), day_labels=()),
        panels=(panel,),
    )
    rows = [
        [shown.time(one.start_s), shown.number(one.price, 3), shown.number(one.volume_kwh, 2), _of_home(one, shown)]
        for one in reversed(rounds)
    ]
    headings = [say(f"market.{name}") for name in ("time", "price", "traded", "you")]
    return [
        figure_card(
            "day-prices",
            title=say("market.day.title"),
            sentence=say("market.day.desc"),
            picture=picture,
            numbers=table(say("market.day.title"), headings, rows),
        )
    ]


def _all(rounds: Sequence[RoundView], shown: Shown) -> Markup:
    """Every round, those with trade first to hand; the others behind one fold."""
    folds = [_fold(one, shown) for one in reversed(rounds) if one.volume_kwh > 0]
    idle = [_fold(one, shown) for one in reversed(rounds) if not one.volume_kwh]
    rest: Markup | str = ""
    if idle:
        summary = tag("summary", say("market.rounds.idle", count=str(len(idle))))
        rest = tag("details", summary, *idle, id="rounds-idle")
    return tag("section", tag("h3", say("market.rounds")), *folds, rest, class_="card wide rounds")


def _of_home(one: RoundView, shown: Shown) -> str:
    own = [say("market.round.bought", energy=shown.energy(one.bought_kwh))] if one.bought_kwh else []
    own += [say("market.round.sold", energy=shown.energy(one.sold_kwh))] if one.sold_kwh else []
    return ", ".join(own) or say("market.round.none")


def _fold(one: RoundView, shown: Shown) -> Markup:
    result = say(f"market.round.{one.outcome}", price=shown.price(one.price), energy=shown.energy(one.volume_kwh))
    words = f"{result}; {_of_home(one, shown)}"
    return tag(
        "details",
        tag("summary", tag("b", shown.time(one.start_s)), f" {words}"),
        tag("div", data_into="", class_="stage"),
        id=f"round-{one.start_s}-{one.stage}",
        data_get=f"/part/round?slot={one.start_s}&stage={one.stage}",
    )


def _checks(snapshot: HouseSnapshot) -> Markup:
    findings = snapshot.contact.findings
    said = say("market.checks.bad", count=str(len(findings))) if findings else say("market.checks.good")
    items = [tag("li", finding) for finding in findings]
    return tag(
        "section",
        tag("h3", say("market.checks")),
        tag("p", said),
        tag("ul", *items) if items else "",
        class_="card wide",
    )
