"""Figure: where the community's energy came from, where it went, and how much changed hands inside."""

from collections.abc import Mapping

from twin.report.data import ReportData
from twin.report.figure import figure
from web.charts.markup import Markup
from web.charts.numerals import energy, percent
from web.charts.sankey import Node, sankey
from web.charts.table import table

_SOURCES = (
    ("sun", "Sun", "pv_kwh"),
    ("storage", "From batteries", "battery_discharged_kwh"),
    ("outside", "From the grid", "import_kwh"),
)
_SINKS = (
    ("house", "Households", "load_kwh"),
    ("car", "Cars", "ev_kwh"),
    ("device", "Other devices", "other_devices_kwh"),
    ("storage", "Into batteries", "battery_charged_kwh"),
    ("outside", "To the grid", "export_kwh"),
)
_VISIBLE_KWH = 0.005
_BALANCED_SHARE = 0.002  # a smaller difference between both sides is rounding to whole Wh


def energy_flows(data: ReportData) -> Markup:
    """The figure of the energy flows; an empty text when no energy flowed."""
    flows = data.flows
    sources, sinks = _nodes(_SOURCES, flows), _nodes(_SINKS, flows)
    total_in, total_out = (sum(node.amount for node in nodes) for nodes in (sources, sinks))
    total = max(total_in, total_out)
    if total < _VISIBLE_KWH:
        return Markup()
    missing_kwh = total_in - total_out
    if abs(missing_kwh) > _BALANCED_SHARE * total:
        (sinks if missing_kwh > 0 else sources).append(_node("lost", "Not accounted for", abs(missing_kwh)))
    sentence = _sentence(flows, total_in)
    picture = sankey(
        "flows",
        title="Energy flows of the community",
        desc=f"{sentence} Sources are on the left, uses on the right; heights are energy.",
        sources=sources,
        sinks=sinks,
        inside=_traded(flows, total),
    )
    return figure(
        "flows",
        heading="Where the energy went",
        sentence=sentence,
        picture=picture,
        numbers=_numbers(flows, missing_kwh),
        remark="With trading, over the whole run. Batteries take more than they give: the difference is loss and "
        "what is still stored. The mark in the middle is what homes traded; energy carries no name, so it is not "
        "traced to a source.",
    )


def _node(css: str, name: str, amount_kwh: float) -> Node:
    return Node(css=css, name=name, amount=amount_kwh, text=energy(amount_kwh))


def _nodes(kinds: tuple[tuple[str, str, str], ...], flows: Mapping[str, float]) -> list[Node]:
    return [_node(css, name, flows[key]) for css, name, key in kinds if flows[key] >= _VISIBLE_KWH]


def _traded(flows: Mapping[str, float], total_kwh: float) -> Node | None:
    """The traded part of the hub; None when there is none or, by resale, it is more than what flowed."""
    traded_kwh = flows["local_trade_kwh"]
    if not _VISIBLE_KWH <= traded_kwh <= total_kwh:
        return None
    return _node("market", "Traded", traded_kwh)


def _numbers(flows: Mapping[str, float], missing_kwh: float) -> Markup:
    rows = [[name, "source", energy(flows[key])] for _, name, key in _SOURCES]
    rows += [[name, "use", energy(flows[key])] for _, name, key in _SINKS]
    rows.append(["Traded between homes", "inside", energy(flows["local_trade_kwh"])])
    rows.append(["Sources less uses", "check", energy(missing_kwh)])
    return table("Energy over the whole run", ("What", "Kind", "Energy"), rows)


def _sentence(flows: Mapping[str, float], total_in_kwh: float) -> str:
    sun, grid = flows["pv_kwh"], flows["import_kwh"]
    used = flows["load_kwh"] + flows["ev_kwh"] + flows["other_devices_kwh"]
    return (
        f"The homes used {energy(used)}. Of all energy that came in, {percent(sun / total_in_kwh)} was sun and "
        f"{percent(grid / total_in_kwh)} came from the grid; {energy(flows['export_kwh'])} went back to it."
        if total_in_kwh > 0
        else f"The homes used {energy(used)}."
    )
