"""A panel of lines, steps or bars. Pure."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dashboards.review.drawing.frames import Answered, Line
from dashboards.review.drawing.marks import area, bars, legend, path, tallest
from dashboards.review.drawing.plot import LEFT, PALETTE, Plot
from dashboards.review.drawing.values import COLOURS, shown

LEGEND_WIDTH, LEGEND_HEIGHT, AXIS_WIDTH = 190, 24, 96


@dataclass(frozen=True, slots=True)
class Styled:
    """A series with the properties that the panel gives it."""

    line: Line
    own: Mapping[str, Any]

    @property
    def is_quiet(self) -> bool:
        """An end of a band: drawn as an area only."""
        return bool(self.own.get("custom.lineWidth") == 0)

    @property
    def is_right(self) -> bool:
        """It has an axis of its own."""
        return bool(self.own.get("custom.axisPlacement") == "right")


def timeseries(found: Answered, width: int, height: int) -> str:
    """The chart and its legend, below or at the right."""
    field = found.panel["fieldConfig"]["defaults"]
    every = [Styled(line, _own(line, found.panel)) for line in found.lines() if line.numbers()]
    if not every:
        return f'<div class="nothing">{html.escape(field.get("noValue", "No data"))}</div>'
    at_right = found.panel["options"]["legend"]["placement"] == "right"
    size = (width - LEGEND_WIDTH, height) if at_right else (width, height - LEGEND_HEIGHT)
    right_axis = [s for s in every if s.is_right]
    left_axis = [s for s in every if not s.is_right] or every
    plot = _plot(found, left_axis, size, AXIS_WIDTH if right_axis else 8)
    colours = {s.line.name: PALETTE[i % len(PALETTE)] for i, s in enumerate(s for s in every if not s.is_quiet)}
    drawn = [plot.values(_text(field)), plot.times(), _limit(plot, field), *_marks(plot, left_axis, field, colours)]
    if right_axis:
        other = _plot(found, right_axis, size, AXIS_WIDTH)
        unit = {**field, "unit": right_axis[0].own["unit"]}
        drawn += [other.values(_text(unit), at_right=True), *_marks(other, right_axis, field, colours)]
    picture = plot.wrap(drawn) + legend(colours, "legend side" if at_right else "legend")
    return f'<div class="beside">{picture}</div>' if at_right else picture


def _marks(plot: Plot, series: Sequence[Styled], field: Mapping[str, Any], colours: Mapping[str, str]) -> list[str]:
    custom, by_name = field["custom"], {s.line.name: s.line for s in series}
    if custom.get("drawStyle") == "bars":
        return [bars(plot, [s.line for s in series], _step_ms(series))]
    areas = [
        area(plot, by_name[s.own["custom.fillBelowTo"]], s.line, PALETTE[2])
        for s in series
        if s.own.get("custom.fillBelowTo") in by_name
    ]
    steps, gap = custom.get("lineInterpolation") == "stepAfter", custom.get("insertNulls") or 1e15
    return areas + [
        path(plot, s.line, colours[s.line.name], steps=steps, dashed="custom.lineStyle" in s.own, gap_ms=gap)
        for s in series
        if not s.is_quiet
    ]


def _own(line: Line, panel: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for rule in panel["fieldConfig"]["overrides"]:
        wanted = rule["matcher"]["options"]
        if line.name == wanted or (rule["matcher"]["id"] == "byRegexp" and re.fullmatch(wanted, line.name)):
            found |= {p["id"]: p["value"] for p in rule["properties"]}
    return found


def _plot(found: Answered, series: Sequence[Styled], size: tuple[int, int], right: int) -> Plot:
    custom = found.panel["fieldConfig"]["defaults"]["custom"]
    values = [value for s in series for value in s.line.numbers()]
    low, high = min(values), max(values)
    if custom.get("drawStyle") == "bars":
        low, high = tallest([s.line for s in series])
    soft_low = custom.get("axisSoftMin")
    low, high = min(low, low if soft_low is None else soft_low), max(high, custom.get("axisSoftMax", high))
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    bottom = low if low == 0 else low - margin
    return Plot(width=size[0], height=size[1], span=found.span, low=bottom, high=high + margin, right=right)


def _text(field: Mapping[str, Any]) -> Any:
    return lambda value: html.escape(shown(value, {**field, "mappings": []})[0])


def _limit(plot: Plot, field: Mapping[str, Any]) -> str:
    if field["custom"].get("thresholdsStyle", {}).get("mode") != "dashed":
        return ""
    lines = ""
    for step in field["thresholds"]["steps"]:
        if step.get("value") is not None and plot.low <= step["value"] <= plot.high:
            y = plot.y(step["value"])
            stroke = f'stroke="{COLOURS[step["color"]]}" stroke-dasharray="4 4"'
            lines += f'<line x1="{LEFT}" x2="{plot.width - plot.right}" y1="{y:.1f}" y2="{y:.1f}" {stroke}/>'
    return lines


def _step_ms(series: Sequence[Styled]) -> int:
    times = sorted({at_ms for s in series for at_ms, _ in s.line.points})
    return min((b - a for a, b in pairwise(times)), default=900_000)
