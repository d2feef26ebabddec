"""One round for the operator: its curve, its orders under pseudonyms, its awards, and clearing it again."""

from urllib.parse import quote

from broker.audit.report import Report
from broker.io.page.facts import RoundFacts
from broker.io.page.words import MICRO_PER_UNIT, OUTCOMES, energy_of, moment, price_of
from broker.network.grid import UNLIMITED, Envelope
from web.charts.legend import legend
from web.charts.market_curve import Curves, Step, curve_picture
from web.charts.markup import Markup, joined, tag
from web.charts.table import table
from wire.messages import BookEntry, Clearing
from wire.messages.rounds import CurveStep
from wire.quantities import WH_PER_KWH

LEGEND = (
    ("demand", "demand (bids, highest first)"),
    ("supply", "supply (offers, lowest first)"),
    ("gain", "gain from trade"),
)


def round_view(found: RoundFacts, currency: str) -> Markup:
    """The content of a round's page."""
    clearing = found.clearing
    name = clearing.stage if not clearing.round else f"{clearing.stage}, round {clearing.round}"
    heading = tag("h2", f"{moment(clearing.slot)} UTC, {name}", tabindex=-1)
    parts = [heading, _summary(found, currency), _again(clearing)]
    return tag("div", *parts, _orders(found, currency), _awards(found, currency), class_="view")


def replay_words(report: Report) -> str:
    """What clearing a round again has found, in a sentence."""
    if report.violations:
        return "Different: " + "; ".join(str(violation) for violation in report.violations)
    if not report.rounds:
        return "Not cleared again: " + ("; ".join(report.unchecked) or "its orders are not in the records") + "."
    left = f" Not checked: {'; '.join(report.unchecked)}." if report.unchecked else ""
    told = f"{report.orders} orders" + (f" with {report.replies} replies" if report.replies else "")
    return f"The same to the last unit: {told} give the published clearing again.{left}"


def _summary(found: RoundFacts, currency: str) -> Markup:
    clearing, gate = found.clearing, found.gate
    curves = Curves(
        demand=_steps(clearing.demand),
        supply=_steps(clearing.supply),
        price=None if clearing.price_micro_per_kwh is None else clearing.price_micro_per_kwh / MICRO_PER_UNIT,
        volume_kwh=clearing.volume_wh / WH_PER_KWH,
    )
    sentence = _sentence(clearing, currency)
    picture: tuple[Markup, ...] = ()
    if curves.demand or curves.supply:
        drawn = curve_picture("curve", title="Demand and supply", desc=sentence, curves=curves, currency=currency)
        picture = (tag("figure", tag("div", drawn, class_="stage"), legend(LEGEND)),)
    closed = "" if gate is None else f"The gate closed at {moment(gate.closed_at)} UTC over {gate.orders} orders. "
    roots = tag(
        "p", f"{closed}Orders root {clearing.orders_root}, awards root {clearing.awards_root}.", class_="soft"
    )
    return tag("section", tag("p", sentence), *picture, roots, class_="card")


def _sentence(clearing: Clearing, currency: str) -> str:
    outcome = OUTCOMES.get(clearing.outcome, clearing.outcome)
    note = f" {clearing.note}." if clearing.note else ""
    if clearing.volume_wh and clearing.price_micro_per_kwh is not None:
        price = price_of(clearing.price_micro_per_kwh, currency)
        lost = f", {energy_of(clearing.lost_wh)} more are lost on the way" if clearing.lost_wh else ""
        return f"{energy_of(clearing.volume_wh)} at {price} by {clearing.mechanism}{lost}.{note}"
    return f"{outcome[:1].upper()}{outcome[1:]} ({clearing.mechanism}).{note}"


def _again(clearing: Clearing) -> Markup:
    address = f"/replay/{quote(clearing.stage)}/{clearing.round}/{quote(clearing.slot, safe='')}"
    fold = tag(
        "details",
        tag("summary", "Clear this round again"),
        tag("p", "Computing …", data_into="", role="status"),
        data_get=address,
        data_keep="replay",
    )
    why = "From the published orders, rules and prices alone, as any member can do it."
    return tag("section", tag("h3", "Replay"), tag("p", why, class_="soft"), fold, class_="card")


def _orders(found: RoundFacts, currency: str) -> Markup:
    if found.book is None:
        return tag(
            "section", tag("h3", "Orders"), tag("p", "Their pages are not in the records."), class_="card empty"
        )
    rows = [row for entry in found.book for row in _entry_rows(entry, currency)]
    content = (
        table("Orders under the pseudonyms of the day", ("Pseudonym", "Side", "Price", "Energy", "Sequence"), rows)
        if rows
        else tag("p", "Nobody sent an order.")
    )
    return tag("section", tag("h3", "Orders"), content, class_="card")


def _entry_rows(entry: BookEntry, currency: str) -> list[tuple[str, ...]]:
    name = entry.pseudonym[:12]
    sides = [("buys", step) for step in entry.buy] + [("sells", step) for step in entry.sell]
    if not sides:
        what = "not revealed" if entry.salt is None else "no steps"
        return [(name, what, "", "", str(entry.sequence))]
    return [
        (name, side, price_of(level, currency), energy_of(energy_wh), str(entry.sequence))
        for side, (level, energy_wh) in sides
    ]


def _awards(found: RoundFacts, currency: str) -> Markup:
    if not found.awards:
        return tag("section", tag("h3", "Awards"), tag("p", "Nobody was awarded anything."), class_="card")
    is_limited = any(a.limits != UNLIMITED for a in found.awards)
    rows = [
        (
            a.meter,
            energy_of(a.bought_wh),
            energy_of(a.sold_wh),
            *(_limits(a.limits) if is_limited else ()),
            price_of(a.price_micro, currency),
            a.reason,
        )
        for a in found.awards
    ]
    limits = ("May buy", "May sell") if is_limited else ()
    headings = ("Member", "Buys", "Sells", *limits, "Price", "Reason")
    awarded = table("Awards by member; only you see these names", headings, rows)
    return tag("section", joined([tag("h3", "Awards"), *_lines(found), awarded]), class_="card")


def _limits(envelope: Envelope) -> tuple[str, str]:
    """What a connection lets through, buying and selling."""
    both = (envelope.import_wh, envelope.export_wh)
    bought, sold = ("no limit" if limit is None else energy_of(limit) for limit in both)
    return bought, sold


def _lines(found: RoundFacts) -> list[Markup]:
    if not found.lines:
        return []
    carried = "; ".join(f"{line.start} – {line.end} {energy_of(line.capacity_wh)}" for line in found.lines)
    return [tag("p", f"The lines carry at most: {carried}.", class_="soft")]


def _steps(steps: tuple[CurveStep, ...]) -> tuple[Step, ...]:
    return tuple((s.price_micro_per_kwh / MICRO_PER_UNIT, s.energy_wh / WH_PER_KWH) for s in steps)
