"""The kinds of panel that the dashboards are made of. Every one has a description and a unit."""

from collections.abc import Sequence
from typing import Literal

from grafana_foundation_sdk.builders import common, statetimeline, table, text
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.text import TextMode

from dashboards import look
from dashboards.influxql import Query
from dashboards.source import reference
from dashboards.target import Target

Panel = Builder[models.Panel]
Shown = tuple[Query, str]  # a query and how its series are called
TODAY = "now/d"
NONE_YET = "none settled yet"
REFS = "ABCDEFGHIJ"


def targets(shown: Sequence[Shown], shape: Literal["time_series", "table"] = "time_series") -> list[Target]:
    """The queries of a panel, lettered in order."""
    return [Target(query, ref=REFS[i], alias=alias, shape=shape) for i, (query, alias) in enumerate(shown)]


def stat(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    name: str = "",
    decimals: int | None = None,
    limits: build.ThresholdsConfig | None = None,
    words: models.ValueMap | None = None,
    since: str | None = None,
    empty: str | None = None,
    is_text: bool = False,
    width: int = 4,
) -> Panel:
    """One value, or one for each group; `since` is the panel's own time range ("now/d" is today), `empty` what
    stands there while there is no value."""
    # Without a pattern Grafana takes numbers only; the pattern names the series, so that the time is not taken too.
    fields = f"/^{title}$/" if is_text else ""
    panel = (
        stats.Panel().title(title).description(description).datasource(reference()).span(width).height(4)
        .unit(unit).thresholds(limits or look.limits(base="text"))
        .color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
        .text_mode(options.BigValueTextMode.AUTO).justify_mode(options.BigValueJustifyMode.AUTO)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields(fields).values(False))
        .targets(list(targets([(query, name or title)])))
    )  # fmt: skip
    if decimals is not None:
        panel.decimals(decimals)
    if words is not None:
        panel.mappings([words])
    if since is not None:
        panel.time_from(since)
    if empty is not None:
        panel.no_value(empty)
    return panel


def states(
    title: str, description: str, *shown: Shown, words: models.ValueMap, at_least: str, width: int = 12
) -> Panel:
    """What state things were in over time, a row for each series."""
    return (
        statetimeline.Panel().title(title).description(description).datasource(reference()).span(width).height(8)
        .unit("none").interval(at_least).mappings([words]).thresholds(look.limits(base="blue"))
        .color_scheme(build.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .merge_values(True).show_value(options.VisibilityMode.AUTO).row_height(0.8).fill_opacity(70)
        .legend(common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
                .placement(options.LegendPlacement.BOTTOM).show_legend(False).calcs([]))
        .targets(list(targets(shown)))
    )  # fmt: skip


def rows(
    title: str,
    description: str,
    query: Query,
    *,
    units: dict[str, str],
    words: dict[str, models.ValueMap] | None = None,
    show_time: bool = True,
    empty: str | None = None,
    width: int = 12,
    height: int = 8,
) -> Panel:
    """A table; `units` gives each column of numbers its unit, `words` its values in words."""
    panel = (
        table.Panel().title(title).description(description).datasource(reference()).span(width).height(height)
        .filterable(True).cell_height(options.TableCellHeight.SM)
        .targets(list(targets([(query, "")], "table")))
    )  # fmt: skip
    for column, unit in units.items():
        panel.override_by_name(column, [override("unit", unit)])
    for column, said in (words or {}).items():
        coloured = override("custom.cellOptions", {"type": "color-text"})
        panel.override_by_name(column, [override("mappings", [said.to_json()]), coloured])
    if not show_time:
        panel.override_by_field_type("time", [override("custom.hidden", True)])
    if empty is not None:
        panel.no_value(empty)
    return panel


def alerts(title: str, description: str, area: str, *, width: int = 8, height: int = 4) -> Panel:
    """The alerts of an area that fire or wait; the sdk has no model of this panel.

    Source: grafana/grafana 11.6, public/app/plugins/panel/alertlist/types.ts.
    """
    return (
        build.Panel().type("alertlist").title(title).description(description).span(width).height(height)
        .options({
            "viewMode": "list", "groupMode": "default", "groupBy": [], "maxItems": 20, "sortOrder": 3,
            "dashboardAlerts": False, "alertName": "", "showInstances": True,
            "alertInstanceLabelFilter": f'{{area="{area}"}}',
            "stateFilter": {"firing": True, "pending": True, "noData": True, "normal": False, "error": True},
        })
    )  # fmt: skip


def words_panel(title: str, description: str, markdown: str, *, width: int, height: int) -> Panel:
    """A text."""
    return (
        text.Panel().title(title).description(description).span(width).height(height)
        .mode(TextMode.MARKDOWN).content(markdown)
    )  # fmt: skip


def override(identifier: str, value: object) -> models.DynamicConfigValue:
    """One property that some fields of a panel have and the others not."""
    return models.DynamicConfigValue(id_val=identifier, value=value)
