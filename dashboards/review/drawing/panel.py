"""Numbers, states and tables. Pure."""

import html
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboards.review.drawing.frames import Answered
from dashboards.review.drawing.marks import block, legend
from dashboards.review.drawing.plot import LEFT, PALETTE, Plot
from dashboards.review.drawing.values import COLOURS, shown

ROW_HEIGHT = 26


def stat(found: Answered, width: int, height: int) -> str:
    """The newest value of each series, large."""
    field = found.panel["fieldConfig"]["defaults"]
    lines = found.lines()
    if not lines:
        return _nothing(field)
    size = min(38, max(16, round(1.7 * width / (8 * len(lines)))))
    parts = []
    for line in lines:
        text, colour = shown(line.newest(), field)
        name = f"<small>{html.escape(line.name)}</small>" if len(lines) > 1 else ""
        parts.append(f'<div style="color:{colour};font-size:{size}px">{name}{html.escape(text)}</div>')
    return f'<div class="stat" style="height:{height}px">{"".join(parts)}</div>'


def states(found: Answered, width: int, height: int) -> str:
    """A row of coloured pieces for each series."""
    field, lines = found.panel["fieldConfig"]["defaults"], found.lines()
    if not lines:
        return _nothing(field)
    plot = Plot(width=width, height=height - 24, span=found.span, low=0, high=1)
    tall = (plot.height - 26) / len(lines)
    colours, drawn = dict[str, str](), [plot.times()]
    for row, line in enumerate(lines):
        y = 4 + row * tall
        name = html.escape(line.name)
        drawn.append(f'<text x="{LEFT - 6}" y="{y + tall / 2:.1f}" class="axis" text-anchor="end">{name}</text>')
        ends = [at for at, _ in line.points[1:]] + [found.span.end_ms]
        for (at_ms, value), end_ms in zip(line.points, ends, strict=True):
            text, colour = shown(value, field)
            if colour == COLOURS["text"] or not any(m["options"] for m in field.get("mappings", [])):
                colour = PALETTE[len(colours) % len(PALETTE)]
            colours.setdefault(text, colour)
            x = plot.x(at_ms)
            drawn.append(block(x, y, max(0.5, plot.x(end_ms) - x + 0.3), tall - 5, colours[text]))
    return plot.wrap(drawn) + legend(colours)


def table(found: Answered, width: int, height: int) -> str:
    """Header and the first rows."""
    header, rows = found.table()
    if not rows:
        return _nothing(found.panel["fieldConfig"]["defaults"])
    own = {
        rule["matcher"]["options"]: {p["id"].removeprefix("custom."): p["value"] for p in rule["properties"]}
        for rule in found.panel["fieldConfig"]["overrides"]
    }
    hides_time = own.get("time", {}).get("hidden", False)
    kept = [i for i, name in enumerate(header) if not (hides_time and name == "Time")]
    head = "".join(f"<th>{html.escape(header[i])}</th>" for i in kept)
    body = "".join(
        f"<tr>{''.join(_cell(row[i], header[i], own) for i in kept)}</tr>" for row in rows[: height // ROW_HEIGHT - 1]
    )
    return (
        f'<div style="height:{height}px;width:{width}px;overflow:hidden"><table><tr>{head}</tr>{body}</table></div>'
    )


def _cell(value: Any, column: str, own: Mapping[str, Mapping[str, Any]]) -> str:
    if column == "Time":
        return f"<td>{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}</td>"
    text, colour = shown(value, own.get(column, {}))
    return f'<td style="color:{colour}">{html.escape(text)}</td>'


def _nothing(field: Mapping[str, Any]) -> str:
    return f'<div class="nothing">{html.escape(field.get("noValue", "No data"))}</div>'
