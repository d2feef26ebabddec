"""Values over time: the kind of panel that most of a dashboard is."""

from typing import Literal

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import timeseries as lines
from grafana_foundation_sdk.models import common as options

from dashboards.panels import Panel, Shown, override, targets
from dashboards.source import reference

Style = Literal["line", "steps", "bars"]
GAP_MS = 1_800_000  # longer without a value is drawn as a gap
_FILL: dict[Style, int] = {"line": 0, "steps": 0, "bars": 70}
_BETWEEN: dict[Style, options.LineInterpolation] = {
    "line": options.LineInterpolation.LINEAR,
    "steps": options.LineInterpolation.STEP_AFTER,
    "bars": options.LineInterpolation.LINEAR,
}
_QUIET = [override("custom.hideFrom", {"legend": True, "tooltip": False, "viz": False})]


def chart(
    title: str,
    description: str,
    *shown: Shown,
    unit: str,
    style: Style = "line",
    at_least: str = "1m",
    ahead: str | None = None,
    shift: str | None = None,
    decimals: int | None = None,
    limits: build.ThresholdsConfig | None = None,
    dashed: str | None = None,
    band: tuple[str, str] | None = None,
    zero_based: bool = False,
    empty: str | None = None,
    width: int = 12,
) -> Panel:
    """Values over time. `at_least` is the shortest group, the time between points; `ahead` shows the future ("+12h"),
    `shift` the same time earlier; series whose name matches `dashed` are plans, `band` names the
    ends of a range, `empty` is said where no value is good news."""
    panel = (
        lines.Panel().title(title).description(description).datasource(reference()).span(width).height(8)
        .unit(unit).interval(at_least).line_width(2).insert_nulls(GAP_MS)
        .show_points(options.VisibilityMode.NEVER).fill_opacity(_FILL[style])
        .draw_style(options.GraphDrawStyle.BARS if style == "bars" else options.GraphDrawStyle.LINE)
        .line_interpolation(_BETWEEN[style])
        .legend(common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
                .placement(options.LegendPlacement.BOTTOM).show_legend(True).calcs([]))
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.NONE))
        .targets(list(targets(shown)))
    )  # fmt: skip
    if style == "bars":
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    if decimals is not None:
        panel.decimals(decimals)
    if ahead is not None:
        panel.time_from(ahead)
    if shift is not None:
        panel.time_shift(shift)
    if zero_based:
        panel.axis_soft_min(0)
    if empty is not None:
        panel.no_value(empty)
    if limits is not None:
        panel.thresholds(limits).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        )
    if dashed is not None:
        panel.override_by_regexp(dashed, [override("custom.lineStyle", {"fill": "dash", "dash": [8, 6]})])
    if band is not None:
        low, high = band
        panel.override_by_name(low, [override("custom.lineWidth", 0), *_QUIET])
        panel.override_by_name(
            high,
            [
                override("custom.lineWidth", 0),
                override("custom.fillBelowTo", low),
                override("custom.fillOpacity", 15),
                *_QUIET,
            ],
        )
    return panel
