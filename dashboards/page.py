"""A dashboard from its rows: order, ids, variables and links."""

import json
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import Panel
from dashboards.source import reference

TAG = "hearthgrid"
RUNBOOK_UID = "hearthgrid-runbook"
Row = tuple[str, Sequence[Panel]]


def page(
    uid: str,
    title: str,
    description: str,
    *,
    variables: Sequence[build.QueryVariable | build.CustomVariable],
    rows: Sequence[Row],
    since: str = "now-24h",
    refresh: str = "30s",
) -> models.Dashboard:
    """The dashboard, panels numbered in reading order."""
    whole = (
        build.Dashboard(title).uid(uid).description(description).tags([TAG]).readonly().timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR).time(since, "now").refresh(refresh).version(1)
        .variables(list(variables)).links(_links()).annotation(_alert_marks())
    )  # fmt: skip
    for heading, panels in rows:
        whole.with_row(build.Row(heading))
        for panel in panels:
            whole.with_panel(panel)
    built = whole.build()
    for variable in built.templating.list_val or []:
        variable.auto = variable.auto_min = variable.auto_count = None  # for intervals only
    for number, made in enumerate(built.panels or [], start=1):
        made.id_val = number
        if isinstance(made, models.RowPanel):
            made.datasource = None
        elif made.description is None or not made.description.strip():
            raise ValueError(f"panel {made.title!r} of {title} has no description: say what to look at")
    return built


def as_json(dashboard: models.Dashboard) -> dict[str, Any]:
    """The dashboard as plain JSON."""
    found: dict[str, Any] = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    return found


def panel_id(dashboard: models.Dashboard, title: str) -> int:
    """The number of the panel with this title.

    Raises: KeyError when there is none: an alert would lead nowhere.
    """
    for panel in dashboard.panels or []:
        if isinstance(panel, models.Panel) and panel.title == title and panel.id_val is not None:
            return panel.id_val
    raise KeyError(f"{dashboard.title} has no panel {title!r}")


def _links() -> list[Builder[models.DashboardLink]]:
    """The way to the other dashboards, taking time range and variables along, and to the runbook."""
    others = (
        build.DashboardLink("Hearthgrid").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
        .keep_time(True).include_vars(True).as_dropdown(False).tooltip("The other dashboards")
    )  # fmt: skip
    runbook = (
        build.DashboardLink("Runbook").type(models.DashboardLinkType.LINK).icon("doc").url(f"/d/{RUNBOOK_UID}")
        .tooltip("What each alert means and what to do")
    )  # fmt: skip
    return [others, runbook]


def _alert_marks() -> build.AnnotationQuery:
    """Grafana's own marks: where an alert of a panel began and ended."""
    return (
        build.AnnotationQuery().name("Annotations & Alerts").type("dashboard").built_in(1).enable(True).hide(True)
        .icon_color("rgba(0, 211, 255, 1)").datasource(models.DataSourceRef(type_val="grafana", uid="-- Grafana --"))
    )  # fmt: skip


def choice(name: str, label: str, description: str, query: str, *, everything: bool = True) -> build.QueryVariable:
    """A variable whose values are asked from the data source; with `everything` it starts at all of them."""
    variable = (
        build.QueryVariable(name).label(label).description(description).datasource(reference()).query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.NATURAL_ASC)
        .multi(everything).include_all(everything)
    )  # fmt: skip
    if everything:
        start = models.VariableOption(selected=True, text=["All"], value=["$__all"])
        variable.all_value(".*").current(start)
    return variable


def compare_to() -> build.CustomVariable:
    """How far back the panels look that show the same time earlier."""
    options = [("1d", "a day"), ("7d", "a week"), ("28d", "four weeks"), ("364d", "a year")]
    shown = [
        models.VariableOption(selected=i == 0, text=text, value=value) for i, (value, text) in enumerate(options)
    ]
    return (
        build.CustomVariable("compare").label("Compare to")
        .description("How much earlier the panels 'earlier' look; whole weeks compare like days")
        .values(", ".join(f"{text} : {value}" for value, text in options)).options(shown).current(shown[0])
    )  # fmt: skip
