"""Where the files are; imported without Grafana's sdk, which only makes them."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER_OF_FILES = ROOT / "dashboards" / "provisioning"
RUNBOOK = ROOT / "docs" / "runbook.md"
