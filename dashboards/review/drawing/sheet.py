"""A whole dashboard as one HTML page, panels where the file puts them. Pure."""

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dashboards.review.drawing import panel as draw
from dashboards.review.drawing.chart import timeseries
from dashboards.review.drawing.frames import Answered
from dashboards.review.substitution import with_variables

WIDTH, CELL, GAP = 1600, 30, 8
HEAD = 32
KINDS: dict[str, Callable[[Answered, int, int], str]] = {
    "stat": draw.stat,
    "timeseries": timeseries,
    "state-timeline": draw.states,
    "table": draw.table,
}
STYLE = (Path(__file__).parent / "sheet.css").read_text("utf-8")


def sheet(
    dashboard: Mapping[str, Any], answered: Mapping[int, Answered], values: Mapping[str, str], firing: Sequence[str]
) -> str:
    """The page; `answered` by number of panel, `firing` are the alerts to list."""
    panels = dashboard["panels"]
    bottom = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels)
    top = 48
    drawn = [_placed(p, top, _inside(p, answered, firing), values) for p in panels]
    chosen = "".join(
        f"<span>{html.escape(v['label'])} <b>{html.escape(values[v['name']].replace('.*', 'All'))}</b></span>"
        for v in dashboard["templating"]["list"]
    )
    title, height = html.escape(dashboard["title"]), top + bottom * (CELL + GAP) + GAP
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f'<body style="width:{WIDTH}px;height:{height}px">'
        f"<header>{title}{chosen}</header>{''.join(drawn)}</body></html>"
    )


def _size(panel: Mapping[str, Any]) -> tuple[int, int]:
    at = panel["gridPos"]
    return round(at["w"] * WIDTH / 24) - GAP, at["h"] * (CELL + GAP) - GAP


def _inside(panel: Mapping[str, Any], answered: Mapping[int, Answered], firing: Sequence[str]) -> str | None:
    width, height = _size(panel)
    if panel["type"] in KINDS:
        return KINDS[panel["type"]](answered[panel["id"]], width, height - HEAD)
    if panel["type"] == "alertlist":
        said = "".join(f"<div>{html.escape(text)}</div>" for text in firing)
        return said or '<div class="nothing">No alerts matching filters</div>'
    if panel["type"] == "text":
        return f'<pre style="padding:0 12px;white-space:pre-wrap">{html.escape(panel["options"]["content"])}</pre>'
    return None


def _placed(panel: Mapping[str, Any], top: int, inside: str | None, values: Mapping[str, str]) -> str:
    at, (width, height) = panel["gridPos"], _size(panel)
    place = f"left:{round(at['x'] * WIDTH / 24) + 4}px;top:{top + at['y'] * (CELL + GAP)}px"
    title = html.escape(with_variables(panel["title"], values))
    if inside is None:
        return f'<div class="row" style="{place}">&#9662; {title}</div>'
    return f'<div class="panel" style="{place};width:{width}px;height:{height}px"><h3>{title}</h3>{inside}</div>'
