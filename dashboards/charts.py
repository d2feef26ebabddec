"""Values over time: the kind of panel that most of a dashboard is."""

from typing import Literal

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import timeseries as lines
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models

from dashboards import look
from dashboards.panels import Panel, Shown, override, targets
from dashboards.source import reference

Style = Literal["line", "steps", "bars"]
HOUSE = "/d/hearthgrid-house?var-site=${__field.labels.site}&${__url_time_range}"
GAP_MS = 1_800_000  # longer without a value is drawn as a gap


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
    limit: float | None = None,
    dashed: str | None = None,
    band: tuple[str, str] | None = None,
    right: tuple[str, str] | None = None,
    zero_based: bool = False,
    many: bool = False,
    home: bool = False,
    empty: str | None = None,
    width: int = 12,
) -> Panel:
    """Values over time.

    `at_least` is the shortest group, the time between points; `ahead` shows the future ("+12h"), `shift` the same
    time earlier. Series whose name matches `dashed` are plans, `band` names the ends of a range, `right` is one with
    a unit of its own. `limit` is drawn as a line that is always in view. With `many` series the legend stands at the
    right, with `home` a series leads to its home. `empty` is said where no value is good news.
    """
    panel = _plain(title, description, style, many).unit(unit).interval(at_least).span(width)
    panel.targets(list(targets(shown)))
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
    if limit is not None:
        _draw_limit(panel, limit)
    if dashed is not None:
        panel.override_by_regexp(dashed, [override("custom.lineStyle", {"fill": "dash", "dash": [8, 6]})])
    if band is not None:
        _draw_band(panel, *band)
    if right is not None:
        name, its_unit = right
        panel.override_by_name(name, [override("unit", its_unit), override("custom.axisPlacement", "right")])
    if home:
        panel.data_links([build.DashboardLink("Open this home").type(models.DashboardLinkType.LINK).url(HOUSE)])
    return panel


def _plain(title: str, description: str, style: Style, many: bool) -> lines.Panel:
    bars = style == "bars"
    placement = options.LegendPlacement.RIGHT if many else options.LegendPlacement.BOTTOM
    between = options.LineInterpolation.STEP_AFTER if style == "steps" else options.LineInterpolation.LINEAR
    panel = (
        lines.Panel().title(title).description(description).datasource(reference()).height(8)
        .line_width(2).insert_nulls(GAP_MS).show_points(options.VisibilityMode.NEVER).fill_opacity(70 if bars else 0)
        .draw_style(options.GraphDrawStyle.BARS if bars else options.GraphDrawStyle.LINE)
        .line_interpolation(between)
        .legend(common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST).placement(placement)
                .show_legend(True).calcs([]))
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.NONE))
    )  # fmt: skip
    if bars:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    return panel


def _draw_limit(panel: lines.Panel, value: float) -> None:
    style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
    panel.thresholds(look.limits((value, "red"), base="text")).thresholds_style(style).axis_soft_max(1.1 * value)


def _draw_band(panel: lines.Panel, low: str, high: str) -> None:
    quiet = [
        override("custom.lineWidth", 0),
        override("custom.hideFrom", {"legend": True, "tooltip": False, "viz": False}),
    ]
    panel.override_by_name(low, quiet)
    panel.override_by_name(high, [*quiet, override("custom.fillBelowTo", low), override("custom.fillOpacity", 15)])
