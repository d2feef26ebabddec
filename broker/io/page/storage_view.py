"""The section of the shared storage: charge, last slot, next period, and the members' accounts."""

from broker.io.page.cards import empty, fact
from broker.io.page.facts import AccountLine, BidsLine, FlowLine, StorageFacts
from broker.io.page.words import energy_of, moment
from web.charts.markup import Markup, tag
from web.charts.numerals import MISSING, count
from web.charts.table import table

NAMES_SHOWN = 10


def storage(facts: StorageFacts) -> Markup:
    """The storage that the members share."""
    cards = [_charge(facts), _last_slot(facts.flow), *_next_period(facts)]
    return tag("div", tag("ul", *cards, class_="facts", role="list"), _accounts(facts), class_="view")


def _charge(facts: StorageFacts) -> Markup:
    flow, capacity = facts.flow, energy_of(facts.capacity_wh)
    if flow is None:
        return fact("Charge", MISSING, f"of {capacity}: no slot has been operated yet")
    return fact("Charge", energy_of(flow.charge_wh), f"of {capacity}, in all accounts after the last slot")


def _last_slot(flow: FlowLine | None) -> Markup:
    if flow is None:
        return fact("Last slot", MISSING, "it is operated at the gate of the storage, once a period has begun")
    asked = f"{count(flow.asked, 'member')} asked, {flow.cut} got less"
    return fact("Last slot", direction(flow.flow_wh), f"{moment(flow.slot)} UTC: {asked}")


def direction(flow_wh: int) -> str:
    """What the storage is told, in words: `takes 3.00 kWh`, `gives 0.40 kWh` or `rests`."""
    if flow_wh == 0:
        return "rests"
    return f"{'takes' if flow_wh > 0 else 'gives'} {energy_of(abs(flow_wh))}"


def _next_period(facts: StorageFacts) -> list[Markup]:
    if facts.allocation == "shares":
        return [fact("Next period", "as agreed", "the shares stand in the configuration, nobody bids")]
    if facts.bids is None:
        return [fact("Next period", MISSING, "told after the first gate of the market")]
    return [
        fact("Next period", moment(facts.bids.period), f"bids count until {moment(facts.bids.until)} UTC"),
        fact("Without a bid for it", str(len(facts.bids.missing)), _missing(facts.bids)),
    ]


def _missing(bids: BidsLine) -> str:
    shown = ", ".join(bids.missing[:NAMES_SHOWN])
    return f"{shown}{' and more' if len(bids.missing) > NAMES_SHOWN else ''}" or "all members have bid"


def _accounts(facts: StorageFacts) -> Markup:
    if not facts.accounts:
        bid = "Members bid for the next period; homes with `[market.storage]` do so by themselves."
        is_agreed = facts.allocation == "shares"
        return empty("Nobody has a share yet", "The agreed shares begin with a period." if is_agreed else bid)
    is_shared_next = any(line.next_share_wh is not None for line in facts.accounts)
    headings = ["Member", "Share", "Account", "Last slot", *(["Next share"] if is_shared_next else [])]
    rows = [_row(line)[: len(headings)] for line in facts.accounts]
    since = "before the first period" if facts.period is None else f"period from {moment(facts.period)} UTC"
    return tag("section", table(f"Accounts, {since}", headings, rows), class_="card")


def _row(line: AccountLine) -> tuple[str, ...]:
    granted = MISSING
    if line.granted_wh is not None:
        granted = f"{'charged' if line.granted_wh > 0 else 'discharged'} {energy_of(abs(line.granted_wh))}"
    following = MISSING if line.next_share_wh is None else energy_of(line.next_share_wh)
    return line.meter, energy_of(line.share_wh), energy_of(line.level_wh), granted, following
