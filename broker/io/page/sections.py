"""The sections of the operator's page as markup: now, rounds, members, storage, ledger."""

from urllib.parse import quote

from broker.io.page.cards import empty, fact, notice
from broker.io.page.facts import Market, MemberLine, RoundLine
from broker.io.page.price_view import price_view
from broker.io.page.storage_view import storage
from broker.io.page.words import OUTCOMES, energy_of, moment, paid, price_of
from web.charts.markup import Markup, tag
from web.charts.numerals import MISSING, count
from web.charts.table import table

ROUNDS_IN_BRIEF = 8


def sections(market: Market) -> dict[str, Markup]:
    """Every section by its name; one for the storage only where the members share one."""
    shared = {} if market.storage is None else {"storage": storage(market.storage)}
    return {
        "now": now(market),
        "rounds": rounds(market),
        "members": members(market),
        **shared,
        "ledger": ledger(market),
    }


def now(market: Market) -> Markup:
    """Whether trading goes on, the last round, and what asks for attention."""
    newest = market.rounds[0] if market.rounds else None
    silent = silent_members(market)
    refused = sum(number for _, number in market.rejections)
    cards = [
        _trading(market),
        _last_round(newest, market.calendar.currency),
        fact(
            "Members",
            str(len(market.members)),
            "all are heard" if not silent else f"{count(len(silent), 'member')} without a measured reading in a day",
        ),
        fact("Refused messages in a day", str(refused), _refusals(market)),
    ]
    prices = price_view(market.rounds, market.calendar.slot_minutes, market.calendar.currency)
    brief = tag(
        "section", tag("h3", "Latest rounds"), _round_table(market.rounds[:ROUNDS_IN_BRIEF], market), class_="card"
    )
    return tag(
        "div", tag("ul", *cards, class_="facts", role="list"), *_notices(market, silent), prices, brief, class_="view"
    )


def rounds(market: Market) -> Markup:
    """The list of rounds, each a link to all of it."""
    if not market.rounds:
        return empty("No round has been cleared yet", "The first one is cleared at the first gate of the calendar.")
    erased = [] if market.begins is None else [tag("p", market.begins, class_="quiet")]
    return tag("section", _round_table(market.rounds, market), *erased, class_="card")


def members(market: Market) -> Markup:
    """What members did in the last day, by the market's clock."""
    if not market.members:
        return empty("No members yet", "`community-broker add-member` enrols one.")
    headings = ("Member", "Last measured slot (UTC)", "Drawn", "Fed in", "Traded", "Money", "Estimated", "Refused")
    rows = [_member_row(member, market.calendar.currency) for member in market.members]
    since = f"after {moment(market.since)} UTC" if market.since else "so far"
    return tag("section", table(f"Members, {since}", headings, rows), class_="card")


def ledger(market: Market) -> Markup:
    """The head of the log, and the check of everything on demand."""
    log = market.log
    said = (
        "Nothing has been published yet."
        if log is None
        else f"{count(log.size, 'leaf', 'leaves')} up to the slot of {moment(log.slot)} UTC, head {log.root}."
    )
    check = tag(
        "details",
        tag("summary", "Check everything now"),
        tag("p", "Computing …", data_into="", role="status"),
        data_get="/check",
        data_keep="check",
    )
    about = (
        "The check computes all rounds, awards, settlements and the log again from the journal, compares them with "
        "the records bit by bit, and adds up the ledger. It may take minutes; the market goes on meanwhile."
    )
    return tag(
        "section", tag("h3", "Append-only log"), tag("p", said), tag("p", about, class_="soft"), check, class_="card"
    )


def round_path(line: RoundLine) -> str:
    """The address of a round's page."""
    return f"/round/{quote(line.stage)}/{line.round}/{quote(line.slot, safe='')}"


def silent_members(market: Market) -> list[str]:
    """Members without a measured slot in the last day."""
    return [m.meter for m in market.members if m.last_slot is None or m.last_slot <= market.since]


def _trading(market: Market) -> Markup:
    trading = market.trading
    if trading is None or trading.state == "open":
        return fact("Trading", "open", f"{market.calendar.slot_minutes} min slots")
    return fact("Trading", "paused", f"since {moment(trading.since)} UTC: {trading.reason}")


def _notices(market: Market, silent: list[str]) -> list[Markup]:
    found = []
    if market.trading is not None and market.trading.state == "paused":
        found.append(
            notice(
                "The market is paused",
                "Homes go on with their tariff. `community-broker resume` opens the market again.",
            )
        )
    if silent and market.since:
        found.append(
            notice(
                f"No measured reading from {', '.join(silent[:5])}{' and more' if len(silent) > 5 else ''}",
                "Their slots are estimated and corrected later. Ask the household to run `hems doctor`.",
            )
        )
    return found


def _last_round(newest: RoundLine | None, currency: str) -> Markup:
    if newest is None:
        return fact("Last round", MISSING, "none has been cleared yet")
    day, _, time = moment(newest.slot).partition(" ")
    more = f"for the slot of {day} UTC: {_outcome(newest)}"
    if newest.volume_wh:
        more += f", {energy_of(newest.volume_wh)} at {price_of(newest.price_micro, currency)}"
    return fact("Last round", time, more)


def _outcome(line: RoundLine | None) -> str:
    return "" if line is None else OUTCOMES.get(line.outcome, line.outcome)


def _refusals(market: Market) -> str:
    return ", ".join(f"{number} {code}" for code, number in market.rejections[:3]) or "none"


def _round_table(lines: tuple[RoundLine, ...], market: Market) -> Markup:
    headings = ("Slot (UTC)", "Stage", "Outcome", "Price", "Traded", "Orders")
    rows = [
        (
            tag("a", moment(line.slot), href=round_path(line)),
            line.stage if not line.round else f"{line.stage} {line.round}",
            _outcome(line),
            price_of(line.price_micro, market.calendar.currency),
            energy_of(line.volume_wh),
            str(line.orders),
        )
        for line in lines
    ]
    return table("Rounds, newest first", headings, rows)


def _member_row(member: MemberLine, currency: str) -> tuple[str, ...]:
    refused = str(member.rejected)
    if member.last_rejection is not None:
        refused += f" (last: {member.last_rejection})"
    return (
        member.meter,
        MISSING if member.last_slot is None else moment(member.last_slot),
        energy_of(member.drawn_wh),
        energy_of(member.fed_in_wh),
        energy_of(member.traded_wh),
        paid(member.paid_nano, currency),
        str(member.estimated),
        refused,
    )
