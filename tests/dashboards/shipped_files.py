"""The provisioning files as they are shipped, read back."""

import json
from typing import Any

import yaml

from dashboards.places import FOLDER_OF_FILES

NAMES = ("house", "market", "community", "system")


def dashboard(name: str) -> dict[str, Any]:
    """One dashboard file."""
    found: dict[str, Any] = json.loads((FOLDER_OF_FILES / "dashboards" / f"{name}.json").read_text("utf-8"))
    return found


def provisioned(name: str) -> dict[str, Any]:
    """One provisioning file in YAML."""
    found: dict[str, Any] = yaml.safe_load((FOLDER_OF_FILES / name).read_text("utf-8"))
    return found


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    return [rule for group in provisioned("alerting/hearthgrid.yaml")["groups"] for rule in group["rules"]]
