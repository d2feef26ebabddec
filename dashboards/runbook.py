"""The runbook inside Grafana: docs/runbook.md as a dashboard, so that every link works without the internet. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.alert import slug
from dashboards.page import RUNBOOK_UID, page
from dashboards.panels import words_panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of the runbook: its heading and its text."""

    title: str
    body: str


def sections(markdown: str) -> list[Section]:
    """The sections of the second level, links to other documents made plain."""
    parts = re.split(r"^## (.+)$", markdown, flags=re.MULTILINE)
    return [
        Section(title=title.strip(), body=re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", body).strip())
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    ]


def runbook(found: Sequence[Section]) -> Dashboard:
    """The dashboard with one text for each section."""
    rows = [
        words_panel(
            s.title, "What this alert means, what to do, how to test it.", s.body, width=12, height=_height(s)
        )
        for s in found
    ]
    return page(
        RUNBOOK_UID,
        "Runbook",
        "What each alert means, what to do and how to test it; the same text as docs/runbook.md.",
        variables=[],
        rows=[("Alerts", rows)],
    )


def _height(section: Section) -> int:
    """Rows of the grid that hold the text: about 95 characters a line, 1.6 lines a row."""
    lines = sum(1 + len(line) // 95 for line in section.body.splitlines())
    return max(6, round(lines / 1.6) + 2)


def panel_of(dashboard: Dashboard) -> dict[str, int]:
    """The number of the panel of each section, by the anchor of its heading."""
    return {slug(panel.title): panel.id_val for panel in dashboard.panels or [] if panel.title and panel.id_val}
