"""The first screen: what the community saved, whether the books are right, what was traded."""

from twin.report.data import ReportData
from twin.report.savings import verdict
from twin.report.summary import SCHEME_NAMES, SCHEMES, Summary
from web.charts.bars import Bar, Group, bar_groups
from web.charts.markup import Markup, tag
from web.charts.numerals import SPACE, count, energy, money, number, percent, power
from web.charts.table import table
from web.charts.timeline import Timeline


def headline(data: ReportData, run: Summary, time: Timeline) -> Markup:
    """Title, the answer in one sentence, the cards and the totals."""
    return tag(
        "header",
        tag("p", f"Community twin, {time.span()}", class_="eyebrow"),
        tag("h1", claim(data, run)),
        tag("p", verdict(data, run), class_="sentence"),
        tag("p", _setting(run), class_="remark"),
        tag("div", *_cards(data, run), class_="cards"),
        _totals(data, run),
    )


def claim(data: ReportData, run: Summary) -> str:
    """The one sentence to remember."""
    saved = run.total("ems") - run.total("market")
    duration = _duration(run)
    if abs(saved) < 0.005:
        return f"Trading changed nothing for the community in {duration}"
    base = run.total("ems")
    share = f", {percent(abs(saved) / base)} of the bill" if base > 0 else ""
    if saved > 0:
        return f"Trading saved the community {money(saved, data.currency)} in {duration}{share}"
    return f"Trading cost the community {money(-saved, data.currency)} more in {duration}{share}"


def ledger_verdict(run: Summary) -> tuple[str, str, bool]:
    """Short answer, explanation, and whether the books are right."""
    ledger = run.ledger
    entries = count(ledger.entries, "entry", "entries")
    if ledger.sum_nano == 0:
        kept = "" if not run.operator_balance else f" Community account: {number(run.operator_balance, 2)}."
        return "sums to zero", f"{entries}; what one pays another receives, to the last billionth.{kept}", True
    off = f"off by {number(ledger.sum_nano, 0)}{SPACE}nano"
    return off, f"{entries} that do not sum to zero: money appeared or is missing.", False


def _duration(run: Summary) -> str:
    hours = run.slots * run.slot_minutes / 60
    return count(round(hours / 24), "day") if hours % 24 == 0 else f"{hours:g} hours"


def _setting(run: Summary) -> str:
    knowledge = {"real": "homes know forecasts only", "perfect": "homes know their own future"}
    return (
        f"{count(len(run.homes), 'home')}, {run.slots:,} slots of {run.slot_minutes} minutes; mechanism "
        f"{run.mechanism.replace('_', ' ')}; {knowledge.get(run.foresight, run.foresight)}; seed {run.seed}."
    )


def _cards(data: ReportData, run: Summary) -> list[Markup]:
    return [_saved(data, run), _books(run), _trade(run), _managed(data, run), _possible(data, run), _peak(run)]


def _card(name: str, value: str, sentence: str, css: str = "") -> Markup:
    return tag(
        "div",
        tag("h2", name, class_="card-name"),
        tag("p", value, class_=f"value {css}".strip()),
        tag("p", sentence, class_="card-sentence"),
        class_="key",
    )


def _saved(data: ReportData, run: Summary) -> Markup:
    alone, together = run.total("ems"), run.total("market")
    sentence = f"All homes pay {money(together, data.currency)} together and {money(alone, data.currency)} alone."
    css = "win" if together < alone else "loss" if together > alone else ""
    return _card("Saved by trading", money(alone - together, data.currency), sentence, css)


def _books(run: Summary) -> Markup:
    short, sentence, is_right = ledger_verdict(run)
    mark, css = ("✓", "win") if is_right else ("✗", "loss")
    return _card("Ledger", f"{mark} {short}", sentence, css)


def _trade(run: Summary) -> Markup:
    imbalance = f"{energy(run.imbalance_kwh)} came out different from what was agreed."
    local = "" if run.local_share is None else f"Local share {percent(run.local_share)}. "
    if not run.takes_orders:
        imbalance = "Shared after metering; nothing is agreed before."
    return _card("Traded between homes", energy(run.traded_kwh), local + imbalance)


def _managed(data: ReportData, run: Summary) -> Markup:
    before, after = run.total("unmanaged"), run.total("market")
    share = f", {percent((before - after) / before)} of {money(before, data.currency)}" if before > 0 else ""
    sentence = f"Planning and trading together, against homes without management{share}."
    return _card("Saved in all", money(before - after, data.currency), sentence, "win" if after < before else "")


def _possible(data: ReportData, run: Summary) -> Markup:
    if run.community_optimum is None or run.efficiency is None:
        return _card("Self-sufficiency", percent(run.self_sufficiency), "Use that the community's own energy covers.")
    sentence = (
        f"Of the gain that one plan for all with perfect foresight would reach "
        f"({money(run.community_optimum, data.currency)}). Self-sufficiency {percent(run.self_sufficiency)}."
    )
    return _card("Share of the possible", percent(run.efficiency), sentence)


def _peak(run: Summary) -> Markup:
    peaks = run.peak_import_kw
    sentence = f"{power(peaks['ems'])} with every home alone, {power(peaks['unmanaged'])} unmanaged."
    return _card("Peak import", power(peaks["market"]), sentence)


def _totals(data: ReportData, run: Summary) -> Markup:
    costs = [(scheme, SCHEME_NAMES[scheme], run.total(scheme)) for scheme in SCHEMES]
    if run.community_optimum is not None:
        costs.append(("optimum", "Best possible together", run.community_optimum))
    groups = [
        Group(heading=name, bars=(Bar(css=css, value=cost, text=number(cost, 2)),)) for css, name, cost in costs
    ]
    words = "; ".join(f"{name} {money(cost, data.currency)}" for _, name, cost in costs)
    picture = bar_groups("totals", title="Cost of the whole community per scheme", desc=words, groups=groups)
    numbers = table(
        "Cost of all homes", ("Scheme", f"Cost {data.currency}"), [[n, number(c, 2)] for _, n, c in costs]
    )
    return tag(
        "section",
        tag("h2", f"What all homes pay together, {data.currency}", id="totals-heading"),
        tag(
            "figure",
            tag("div", picture, class_="stage bars"),
            tag("details", tag("summary", "Show the numbers"), numbers, class_="numbers"),
            aria_labelledby="totals-heading",
        ),
        id="totals",
        class_="card",
    )
