"""What network and preferences did in a run: rows of text, a section of the report and one of the comparison."""

from collections.abc import Iterable, Mapping
from typing import Any

from web.charts.markup import Markup, tag
from web.charts.numerals import count
from web.charts.table import table

Row = tuple[str, str]


def rows(network: Mapping[str, Any], slots: int) -> list[Row]:
    """Name and value of each thing that network or preferences did in so many slots, in letters for terminals too."""
    found: list[Row] = []
    if "limited_slots" in network:
        found.append(("Slots with a home at its envelope", f"{network['limited_slots']} of {slots}"))
    if "split_slots" in network:
        found.append(("Slots with a full line between prices", f"{network['split_slots']} of {slots}"))
    if "kept" in network:
        found.append(("Kept by the community account", f"{network['kept']:.3f}"))
    if "lost_kwh" in network:
        found.append(("Lost on the way", f"{network['lost_kwh']:.1f} kWh"))
    for key, heading in (("sold_kwh", "Sold as"), ("bought_kwh", "Bought where one takes")):
        found += [(f"{heading} {quality}", f"{kwh:.1f} kWh") for quality, kwh in network.get(key, {}).items()]
    return found


def sentence(network: Mapping[str, Any], slots: int) -> str:
    """The same in one line."""
    return (
        "; ".join(f"{name[0].lower()}{name[1:]} {value}" for name, value in rows(network, slots))
        or "nothing was traded"
    )


def network_section(network: Mapping[str, Any] | None, slots: int) -> Markup:
    """The section of the report, empty for a market that knows neither network nor preferences."""
    if network is None:
        return Markup()
    return _card(
        f"What the market was given: {network['note']}.",
        table("In this run", ("What", "How much"), [list(row) for row in rows(network, slots)]),
    )


def compared_networks(found: Mapping[str, Any], columns: Iterable[Mapping[str, Any]]) -> Markup:
    """The section of the comparison, empty where no mechanism looks at a network or at preferences."""
    asked = [column for column in columns if "network" in column]
    if not asked:
        return Markup()
    words = [
        part
        for column in asked
        for part in (
            tag("dt", column["title"]),
            tag("dd", f"{column['network']['note']}."),
            tag("dd", f"In this run: {sentence(column['network'], found['slots'])}."),
        )
    ]
    return _card(
        f"{count(len(asked), 'mechanism')} of {len(found['mechanisms'])} know more than the orders. "
        "The optimum knows no network: what a limit costs counts as efficiency lost.",
        tag("dl", *words),
    )


def _card(text: str, content: Markup) -> Markup:
    return tag(
        "section",
        tag("h2", "Network and preferences", id="network-heading"),
        tag("p", text, class_="sentence"),
        content,
        id="network",
        class_="card",
    )
