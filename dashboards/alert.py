"""What an alert is, and the rule file that Grafana reads."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dashboards.influxql import Query
from dashboards.page import RUNBOOK_UID
from dashboards.source import UID, reference

Severity = Literal["critical", "warning", "test"]
Area = Literal["home", "market", "system"]
NoData = Literal["Alerting", "OK"]
Reducer = Literal["last", "max", "min", "sum", "mean"]
FOLDER = "Hearthgrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """Fires above a value."""

    value: float

    def holds(self, found: float) -> bool:
        """Whether the alert fires at this value."""
        return found > self.value

    def evaluator(self) -> dict[str, Any]:
        """The same for Grafana."""
        return {"type": "gt", "params": [self.value]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """Fires below a value."""

    value: float

    def holds(self, found: float) -> bool:
        """Whether the alert fires at this value."""
        return found < self.value

    def evaluator(self) -> dict[str, Any]:
        """The same for Grafana."""
        return {"type": "lt", "params": [self.value]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Fires outside a range."""

    low: float
    high: float

    def holds(self, found: float) -> bool:
        """Whether the alert fires at this value."""
        return found < self.low or found > self.high

    def evaluator(self) -> dict[str, Any]:
        """The same for Grafana."""
        return {"type": "outside_range", "params": [self.low, self.high]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert; its section in docs/runbook.md has its title.

    `window_s` is how far back the query looks, `reduce` makes one number of each series, `fires` judges it, `pending`
    is how long that has to last. `no_data` says what silence means: `Alerting` where silence is itself the trouble.
    `panel` is the panel that shows the same, as (dashboard, title).
    """

    title: str
    severity: Severity
    area: Area
    query: Query
    window_s: int
    reduce: Reducer
    fires: Above | Below | Outside
    pending: str
    no_data: NoData
    summary: str
    action: str
    panel: tuple[str, str]

    @property
    def uid(self) -> str:
        """Its name for Grafana, and the anchor of its section in the runbook."""
        return slug(self.title)


def slug(title: str) -> str:
    """The anchor that a heading gets: small letters, - for spaces."""
    return re.sub(r"[^a-z0-9-]", "", title.lower().replace(" ", "-"))


def rule_file(
    alerts: Sequence[Alert], panels: Mapping[tuple[str, str], int], sections: Mapping[str, int]
) -> dict[str, Any]:
    """The provisioning file of all alerts: one group a minute for each area.

    `panels` gives the number of each panel, `sections` the panel of the runbook dashboard for each alert.

    Raises: KeyError when an alert leads to a panel or to a section that does not exist.
    """
    areas = dict.fromkeys(alert.area for alert in alerts)
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": f"{FOLDER} {area}",
                "folder": FOLDER,
                "interval": "1m",
                "rules": [rule(a, panels[a.panel], sections[a.uid]) for a in alerts if a.area == area],
            }
            for area in areas
        ],
    }


def rule(alert: Alert, panel: int, section: int) -> dict[str, Any]:
    """One rule: A asks, B makes one number of each series, C judges it.

    Grafana would take `$name` in an annotation for a variable of its environment: the templates start with a dot.
    Source: grafana/grafana 11.6, pkg/services/provisioning/alerting/rules_types.go and values.go.
    """
    dashboard, _ = alert.panel
    return {
        "uid": alert.uid,
        "title": alert.title,
        "condition": "C",
        "data": [_ask(alert), _reduce(alert), _judge(alert)],
        "dashboardUid": dashboard,
        "panelId": panel,
        "noDataState": alert.no_data,
        "execErrState": "Error",
        "for": alert.pending,
        "annotations": {
            "summary": alert.summary,
            "description": alert.action,
            "runbook_url": f"{{{{ externalURL }}}}d/{RUNBOOK_UID}?viewPanel={section}",
            "__dashboardUid__": dashboard,
            "__panelId__": str(panel),
        },
        "labels": {"severity": alert.severity, "area": alert.area},
        "isPaused": False,
    }


def _ask(alert: Alert) -> dict[str, Any]:
    return {
        "refId": "A",
        "relativeTimeRange": {"from": alert.window_s, "to": 0},
        "datasourceUid": UID,
        "model": {
            "refId": "A",
            "datasource": reference().to_json(),
            "query": alert.query.text(),
            "rawQuery": True,
            "resultFormat": "time_series",
            "intervalMs": 60_000,
            "maxDataPoints": 10_000,
        },
    }


def _reduce(alert: Alert) -> dict[str, Any]:
    model = {"type": "reduce", "expression": "A", "reducer": alert.reduce, "settings": {"mode": "dropNN"}}
    return _expression("B", model)


def _judge(alert: Alert) -> dict[str, Any]:
    return _expression(
        "C", {"type": "threshold", "expression": "B", "conditions": [{"evaluator": alert.fires.evaluator()}]}
    )


def _expression(ref: str, model: dict[str, Any]) -> dict[str, Any]:
    known = {"refId": ref, "datasource": {"type": "__expr__", "uid": "__expr__"}}
    return {
        "refId": ref,
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": "__expr__",
        "model": {**known, **model},
    }
