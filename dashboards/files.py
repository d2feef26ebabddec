"""The provisioning files as they are shipped: names and contents."""

import json
from typing import Any

import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import source
from dashboards.alert import FOLDER, rule_file
from dashboards.alerts import ALERTS
from dashboards.community.board import community
from dashboards.house.board import house
from dashboards.market.board import market
from dashboards.page import as_json, panel_id
from dashboards.places import FOLDER_OF_FILES, RUNBOOK
from dashboards.runbook import panel_of, runbook, sections
from dashboards.system.board import system

MOUNTED_AT = "/etc/grafana/provisioning/dashboards"
NOTE = "# Written by `python -m dashboards`: change the code, not this file.\n"


def dashboards() -> dict[str, Dashboard]:
    """The four dashboards by the name of their file."""
    return {"house": house(), "market": market(), "community": community(), "system": system()}


def files(runbook_text: str) -> dict[str, str]:
    """Every provisioning file: its path in the folder, and its text.

    Raises: KeyError when an alert has no section in the runbook, or leads to a panel that no dashboard has.
    """
    shown = dashboards()
    book = runbook(sections(runbook_text))
    by_uid = {dashboard.uid: dashboard for dashboard in shown.values()}
    panels = {alert.panel: panel_id(by_uid[alert.panel[0]], alert.panel[1]) for alert in ALERTS}
    found = {f"dashboards/{name}.json": _json(dashboard) for name, dashboard in (*shown.items(), ("runbook", book))}
    found["dashboards/hearthgrid.yaml"] = _yaml(_provider())
    found["datasources/hearthgrid.yaml"] = _yaml(source.provisioned())
    found["alerting/hearthgrid.yaml"] = _yaml(rule_file(ALERTS, panels, panel_of(book)))
    return found


def shipped() -> dict[str, str]:
    """What the files have to hold now."""
    return files(RUNBOOK.read_text("utf-8"))


def differing() -> list[str]:
    """Paths of files that are missing, left over, or differ from the code."""
    wanted = shipped()
    there = {str(path.relative_to(FOLDER_OF_FILES)): path for path in FOLDER_OF_FILES.rglob("*") if path.is_file()}
    return sorted(
        name
        for name in wanted.keys() | there.keys()
        if name not in wanted or name not in there or there[name].read_text("utf-8") != wanted[name]
    )


def write() -> None:
    """Writes every file and removes what is left over."""
    wanted = shipped()
    for name in differing():
        path = FOLDER_OF_FILES / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], "utf-8")
        else:
            path.unlink()


def _provider() -> dict[str, Any]:
    options = {"path": MOUNTED_AT}
    provider = {"name": FOLDER, "orgId": 1, "folder": FOLDER, "type": "file", "disableDeletion": True}
    return {"apiVersion": 1, "providers": [{**provider, "allowUiUpdates": False, "options": options}]}


def _json(dashboard: Dashboard) -> str:
    return json.dumps(as_json(dashboard), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _yaml(content: dict[str, Any]) -> str:
    return NOTE + yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=True)
