"""The table of a run for a terminal."""

from typing import Any


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
    efficiency = found["efficiency"]
    lines += [
        "",
        f"central optimum {found['community_optimum']:.2f}"
        + (f", efficiency of trading {efficiency:.3f}" if efficiency is not None else ""),
        f"traded {found['traded_kwh']:.1f} kWh, local share {found['local_share']:.1%}, "
        f"self-sufficiency {found['self_sufficiency']:.1%}, imbalance {found['imbalance_kwh']:.1f} kWh",
        f"price {_price(found['price'])}",
        f"pays more than alone: {', '.join(found['losers']) or 'nobody'}",
        f"ledger: {found['ledger']['entries']} entries, sum {found['ledger']['sum_nano']} nano "
        f"({'balanced' if found['ledger']['sum_nano'] == 0 else 'NOT BALANCED'}), "
        f"head {found['ledger']['head'][:16]}",
        f"{found['plans']} plans, {found['orders']} orders, {found['wall_s']:.1f} s",
    ]
    return "\n".join(lines)


def _row(name: str, width: int, unmanaged: float, alone: float, market: float) -> str:
    return f"{name:<{width}} {unmanaged:>10.2f} {alone:>10.2f} {market:>10.2f} {alone - market:>8.2f}"


def _price(price: dict[str, float | None]) -> str:
    if price["mean"] is None:
        return "no trade"
    return f"{price['mean']:.4f} on average, {price['min']:.4f} to {price['max']:.4f} per kWh"
