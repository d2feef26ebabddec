"""The table of a comparison for a terminal."""

from typing import Any

from twin.report.network import sentence

MISSING = "-"
HEAD = (
    *("cost", "saved", "effic.", "traded", "self-suff.", "peak kW", "operator", "Gini", "Shapley", "win/lose"),
    "dearest loss",
)


def table(found: dict[str, Any]) -> str:
    """One line per mechanism, the one that costs homes and community account least first."""
    columns = found["mechanisms"]
    width = max(len(name) for name in (*columns, "each home alone"))
    widths = [max(len(head), 8) for head in HEAD]
    homes = (
        f"{len(found['homes'])} homes, {found['slots']} slots of {found['slot_minutes']} min from {found['start']}"
    )
    lines = [f"{homes}, foresight {found['foresight']}", "", _line("", HEAD, width, widths)]
    for scheme, name in (("unmanaged", "unmanaged"), ("ems", "each home alone")):
        cost, peak = sum(found["cost"][scheme].values()), found["peak_import_kw"][scheme]
        lines.append(_line(name, (_f(cost, 2), "", "", "", "", _f(peak, 1)), width, widths))
    shared, optimum = found["efficiency_shared_alone"], found["community_optimum"]
    lines.append(_line("alone, then shared", ("", "", _f(shared, 3)), width, widths))
    for name in sorted(columns, key=lambda name: (round(_kept(columns[name]), 6), name)):
        lines.append(_line(name, _cells(columns[name]), width, widths))
    lines.append(_line("central optimum", (_f(optimum, 2), "", "1.000"), width, widths))
    return "\n".join(line.rstrip() for line in [*lines, *_networks(found)])


def _networks(found: dict[str, Any]) -> list[str]:
    """Two lines per mechanism that looks at more than the orders: what it was given, and what that did."""
    lines = []
    for name, column in found["mechanisms"].items():
        if "network" in column:
            lines += [f"{name}: {column['network']['note']}", f"  {sentence(column['network'], found['slots'])}"]
    return ["", *lines] if lines else []


def _kept(column: dict[str, Any]) -> float:
    return float(column["total"] - column["operator_balance"])


def _cells(column: dict[str, Any]) -> tuple[str, ...]:
    home, loss = max(column["losers"].items(), key=lambda item: item[1], default=("", 0.0))
    return (
        _f(column["total"], 2),
        _f(column["saved"], 2),
        _f(column["efficiency"], 3),
        _f(column["traded_kwh"], 1),
        f"{column['self_sufficiency']:.1%}",
        _f(column["peak_import_kw"], 1),
        _f(column["operator_balance"], 2),
        _f(column["fairness"]["gini_of_savings"], 2),
        _f(column["fairness"]["shapley_distance"], 2),
        f"{len(column['winners'])}/{len(column['losers'])}",
        f"{home} {loss:.2f}" if home else "none",
    )


def _f(value: float | None, decimals: int) -> str:
    return MISSING if value is None else f"{value:.{decimals}f}"


def _line(name: str, cells: tuple[str, ...], width: int, widths: list[int]) -> str:
    return f"{name:<{width}} " + " ".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=False))
