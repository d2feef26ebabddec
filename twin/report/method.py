"""The last section: what the words mean, how to check the ledger, and every number of the run."""

from collections.abc import Mapping
from typing import Any

from twin.report.data import ReportData
from twin.report.headline import ledger_verdict
from twin.report.summary import Summary
from web.charts.markup import Markup, tag
from web.charts.numerals import count
from web.charts.table import table

_WORDS = (
    (
        "Unmanaged",
        "No optimisation: a car charges at full power on arrival, a battery serves its own home. Grid prices.",
    ),
    ("Each home alone", "Each home plans and controls its devices against the grid's prices, without neighbours."),
    ("Trading together", "The same homes with the same forecasts bid in the community's market for every slot."),
    ("Best possible", "One plan for all homes that knows the future: a bound that no real market can beat."),
    ("Share of the possible", "Gain of trading over planning alone, divided by the gain of the best possible plan."),
    ("Imbalance", "Energy that was metered but not agreed, or agreed but not delivered."),
    ("Retail and feed-in", "What a home pays the grid for a kWh, and what the grid pays for one."),
)


def method(data: ReportData, run: Summary) -> Markup:
    """Definitions, ledger and all results."""
    terms = [part for word, text in _WORDS for part in (tag("dt", word), tag("dd", text))]
    short, sentence, _ = ledger_verdict(run)
    made = f"{count(run.plans, 'plan')} and {count(run.orders, 'order')} were made in this run."
    rows = [[key, value] for key, value in _flat("", data.results)]
    return tag(
        "section",
        tag("h2", "How to read and check this"),
        tag("dl", *terms),
        tag("h3", "Ledger"),
        tag("p", f"The ledger {short}: {sentence} {made} The head below commits to every entry; the same run with "
            f"seed {run.seed} must give the same head."),
        tag("p", tag("code", run.ledger.head, class_="hash")),
        tag("details", tag("summary", "Every number of this run"), table("Results", ("Key", "Value"), rows)),
        id="method",
        class_="card",
    )  # fmt: skip


def _flat(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys with dots and their values as they are in results.json; costs per home are in their own table."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if name == "cost":
            continue
        if isinstance(value, Mapping):
            rows += _flat(f"{name}.", value)
        elif isinstance(value, list | tuple):
            rows.append((name, ", ".join(str(item) for item in value) or "none"))
        else:
            rows.append((name, "none" if value is None else str(value)))
    return rows
