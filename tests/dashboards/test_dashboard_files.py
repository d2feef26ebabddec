"""The shipped files: equal to the code, valid for Grafana's types, complete for people."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.alerting import Rule
from grafana_foundation_sdk.models.dashboard import Dashboard
from shipped_files import NAMES, dashboard, provisioned, rules

from dashboards import files, target
from dashboards.files import differing
from dashboards.places import FOLDER_OF_FILES, RUNBOOK
from dashboards.review.targets import panels

ALL_NAMES = (*NAMES, "runbook")
WITHOUT_QUERY = {"alertlist", "text"}
ROWS = {
    "house": ["Status and alerts", "Money today", "Power flow", "Plan against actual", "Devices", "Data quality"],
    "market": ["Status and alerts", "Money today", "Energy flow", "Plan against actual", "Rounds and orders",
        "Data quality"],
    "community": ["Status and alerts", "Money today", "Power flow", "Plan against actual", "Shared storage",
        "Devices", "Data quality"],
    "system": [
        "Status and alerts", "What it costs", "Messages", "Plan against actual", "Programs and machines",
        "Data quality",
    ],
}  # fmt: skip
VARIABLES = {
    "house": ["site", "meter", "compare"],
    "market": ["community", "stage", "mechanism", "compare"],
    "community": ["community", "site", "meter", "compare"],
    "system": ["site", "program", "compare"],
}


def test_the_files_are_what_the_code_says() -> None:
    assert differing() == []


def test_a_changed_file_is_noticed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FOLDER_OF_FILES", tmp_path)
    files.write()
    assert differing() == []
    changed = tmp_path / "dashboards" / "house.json"
    changed.write_text(changed.read_text("utf-8").replace("power_w", "powr_w"), "utf-8")
    (tmp_path / "alerting" / "left-over.yaml").write_text("groups: []\n")
    assert differing() == ["alerting/left-over.yaml", "dashboards/house.json"]
    files.write()
    assert differing() == []


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_dashboard_survives_the_types_of_the_sdk(name: str) -> None:
    register_default_plugins()
    target.register()
    read = json.loads(json.dumps(Dashboard.from_json(dashboard(name)), cls=JSONEncoder))
    for variable in read["templating"].get("list", []):
        for added in ("auto", "auto_min", "auto_count"):  # the sdk fills them in for every kind of variable
            del variable[added]
    assert read == dashboard(name)


def test_a_query_model_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown keys"):
        target.InfluxQuery.from_json({"query": "SELECT 1", "rawQuery": True, "qury": ""})


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["uid"])
def test_a_rule_survives_the_types_of_the_sdk(rule: dict[str, Any]) -> None:
    register_default_plugins()
    target.register()
    known = {key: value for key, value in rule.items() if key not in ("dashboardUid", "panelId")}  # provisioning only
    read = json.loads(json.dumps(Rule.from_json(known), cls=JSONEncoder))
    assert {key: read[key] for key in known} == known


@pytest.mark.parametrize("name", NAMES)
def test_rows_and_variables_stand_in_the_agreed_order(name: str) -> None:
    found = dashboard(name)
    assert [panel["title"] for panel in found["panels"] if panel["type"] == "row"] == ROWS[name]
    assert [variable["name"] for variable in found["templating"]["list"]] == VARIABLES[name]
    assert all(variable["label"] and variable["description"] for variable in found["templating"]["list"])


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_to_look_at_in_which_unit(name: str) -> None:
    for panel in panels(dashboard(name)):
        assert len(panel["description"]) > 15, panel["title"]
        assert panel["description"].endswith((".", "?", "'")), panel["title"]
        if panel["type"] in WITHOUT_QUERY:
            continue
        assert panel["targets"], panel["title"]
        defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
        assert "unit" in defaults or panel["type"] == "table", panel["title"]
        columns = set(re.findall(r'AS "([^"]+)"', panel["targets"][0]["query"]))
        named = {o["matcher"]["options"] for o in overrides if o["matcher"]["id"] == "byName"}
        assert panel["type"] != "table" or named <= columns, f"{panel['title']}: a unit for no column"


@pytest.mark.parametrize("name", NAMES)
def test_series_are_told_apart_by_name(name: str) -> None:
    for panel in panels(dashboard(name)):
        for asked in panel.get("targets", []):
            groups = (
                re.findall(r'"(\w+)"', asked["query"].rpartition(" GROUP BY ")[2])
                if "GROUP BY" in asked["query"]
                else []
            )
            if asked["resultFormat"] == "time_series" and "FROM (" not in asked["query"]:
                assert all(f"$tag_{group}" in asked["alias"] for group in groups), panel["title"]
        aliases = [asked.get("alias", "") for asked in panel.get("targets", [])]
        assert len(set(aliases)) == len(aliases), panel["title"]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_no_panel_hides_another_and_numbers_are_unique(name: str) -> None:
    found = dashboard(name)["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    for a, b in combinations([panel["gridPos"] for panel in found], 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, (a, b)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_dashboards_lead_to_each_other_and_to_the_runbook(name: str) -> None:
    found = dashboard(name)
    assert found["tags"] == ["hearthgrid"]
    assert [(link["type"], link.get("tags") or link["url"]) for link in found["links"]] == [
        ("dashboards", ["hearthgrid"]),
        ("link", "/d/hearthgrid-runbook"),
    ]


def test_there_are_enough_alerts_and_each_tells_what_to_do() -> None:
    found = rules()
    assert len([rule for rule in found if rule["labels"]["severity"] != "test"]) >= 8
    for rule in found:
        assert set(rule["labels"]) == {"severity", "area"}
        assert rule["noDataState"] in ("Alerting", "OK")
        assert rule["execErrState"] == "Error"
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith((".", "?"))
        assert "$" not in json.dumps(rule["annotations"]), "Grafana would look for a variable of its environment"
        assert len(rule["uid"]) <= 40


def test_alerts_lead_to_panels_and_sections_that_exist() -> None:
    by_uid = {dashboard(name)["uid"]: dashboard(name) for name in ALL_NAMES}
    book = {panel["id"]: panel["title"] for panel in panels(dashboard("runbook"))}
    for rule in rules():
        shown = {panel["id"] for panel in panels(by_uid[rule["dashboardUid"]])}
        assert rule["panelId"] in shown
        assert (rule["annotations"]["__dashboardUid__"], rule["annotations"]["__panelId__"]) == (
            rule["dashboardUid"],
            str(rule["panelId"]),
        )
        address, _, section = rule["annotations"]["runbook_url"].partition("?viewPanel=")
        assert address == "{{ externalURL }}d/hearthgrid-runbook"
        assert book[int(section)] == rule["title"]


def test_the_fields_that_templates_name_are_labels_of_the_query() -> None:
    for rule in rules():
        wanted = set(re.findall(r"\.Labels\.(\w+)", json.dumps(rule["annotations"])))
        assert wanted <= set(re.findall(r'"(\w+)"', rule["data"][0]["model"]["query"].partition("GROUP BY")[2]))


def test_no_file_holds_a_secret_or_an_address() -> None:
    [source] = provisioned("datasources/hearthgrid.yaml")["datasources"]
    assert source["secureJsonData"] == {"httpHeaderValue1": "Token $__file{/run/secrets/influx_read_token}"}
    assert source["url"] == "$HEARTHGRID_INFLUX_URL"
    for path in FOLDER_OF_FILES.rglob("*.*"):
        text = path.read_text("utf-8")
        assert not re.search(r"password|bearer|[A-Za-z0-9+/]{60,}", text, re.IGNORECASE), path
        if "runbook" not in path.name:
            assert "http://" not in text and "https://" not in text, path


def test_a_runbook_without_a_section_for_an_alert_is_an_error() -> None:
    text = RUNBOOK.read_text("utf-8").replace("## Meter silent", "## Meter quiet")
    with pytest.raises(KeyError, match="meter-silent"):
        files.files(text)
