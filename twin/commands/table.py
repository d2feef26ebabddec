"""The table of a run for a terminal."""

from typing import Any

from twin.report.network import sentence
from twin.report.summary import STORED_NOTICED_KWH

NOTICED_KWH = 0.05


def summary(found: dict[str, Any], currency: str = "") -> str:
    """Cost per home under each scheme, then the community's figures and the ledger check."""
    cost = found["cost"]
    width = max([len(name) for name in found["homes"]] + [9])
    unit = f" [{currency}]" if currency else ""
    lines = [f"{'cost' + unit:<{width}} {'unmanaged':>10} {'EMS alone':>10} {'EMS+market':>10} {'gain':>8}"]
    for name in found["homes"]:
        lines.append(_row(name, width, *(cost[scheme][name] for scheme in ("unmanaged", "ems", "market"))))
    totals = [sum(cost[scheme].values()) for scheme in ("unmanaged", "ems", "market")]
    lines += ["-" * (width + 42), _row("community", width, *totals)]
    lines += [
        "",
        _optimum(found["community_optimum"], found["efficiency"]),
        f"traded {found['traded_kwh']:.1f} kWh, local share {found['local_share']:.1%}, "
        f"self-sufficiency {found['self_sufficiency']:.1%}, imbalance {found['imbalance_kwh']:.1f} kWh",
        f"price {_price(found['price'])}",
        *_operator(found),
        *_network(found),
        *_missed(found),
        *_losers(found),
        f"ledger: {found['ledger']['entries']} entries, sum {found['ledger']['sum_nano']} nano "
        f"({'balanced' if found['ledger']['sum_nano'] == 0 else 'NOT BALANCED'}), "
        f"head {found['ledger']['head'][:16]}",
        f"{found['plans']} plans, {found['orders']} orders, {found['wall_s']:.1f} s",
    ]
    return "\n".join(lines)


def _optimum(cost: float | None, efficiency: float | None) -> str:
    if cost is None:
        return "central optimum not found in time"
    known = f"central optimum {cost:.2f}"
    return known if efficiency is None else f"{known}, efficiency of trading {efficiency:.3f}"


def _missed(found: dict[str, Any]) -> list[str]:
    """A line for what a scheme left undone, none when everything was served."""
    parts = [
        f"{scheme} {found['missed_ev_kwh'][scheme]:.1f} kWh of cars and {found['missed_runs'][scheme]} appliance runs"
        for scheme in found["missed_ev_kwh"]
        if found["missed_ev_kwh"][scheme] >= NOTICED_KWH or found["missed_runs"][scheme]
    ]
    return [f"left undone: {'; '.join(parts)}"] if parts else []


def _losers(found: dict[str, Any]) -> list[str]:
    """A line of the homes that pay more than alone; with what is left in store, which counts as if it were sold."""
    stored = found["stored_change_kwh"]
    more = {name: stored["market"][name] - stored["ems"][name] for name in found["losers"]}
    named = [
        f"{name} (ends with {kwh:.1f} kWh more in store)" if kwh >= STORED_NOTICED_KWH else name
        for name, kwh in more.items()
    ]
    return [f"pays more than alone: {', '.join(named) or 'nobody'}"]


def _operator(found: dict[str, Any]) -> list[str]:
    """What the mechanism left with the community account, nothing where it left nothing."""
    balance, shared = found.get("operator_balance", 0.0), found.get("efficiency_with_operator")
    if not balance:
        return []
    returned = "" if shared is None else f"; returned to the homes the efficiency is {shared:.3f}"
    return [f"community account {balance:+.2f}{returned}"]


def _network(found: dict[str, Any]) -> list[str]:
    """What the market was given beside the orders and what that did, nothing where it looks at orders only."""
    network = found.get("network")
    return [] if network is None else [f"network: {network['note']}", f"  {sentence(network, found['slots'])}"]


def _row(name: str, width: int, unmanaged: float, alone: float, market: float) -> str:
    return f"{name:<{width}} {unmanaged:>10.2f} {alone:>10.2f} {market:>10.2f} {alone - market:>8.2f}"


def _price(price: dict[str, float | None]) -> str:
    if price["mean"] is None:
        return "no trade"
    return f"{price['mean']:.4f} on average, {price['min']:.4f} to {price['max']:.4f} per kWh"
