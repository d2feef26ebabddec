"""Alerts keep quiet while all is well, and each fires at the point that the runbook writes for it."""

import re
from collections.abc import Iterator

import pytest
from filling import write_lines
from shipped_files import rules

from dashboards.alert import slug
from dashboards.alerts import ALERTS
from dashboards.places import RUNBOOK
from dashboards.review.engine import Engine
from dashboards.review.judging import fires, judged
from dashboards.review.sample import NOW_S
from dashboards.runbook import Section, sections

SECTIONS = {slug(section.title): section for section in sections(RUNBOOK.read_text("utf-8"))}
DRILL = re.compile(r"^drill '([^']+)'(?: (\d+))?$", re.MULTILINE)


@pytest.fixture
def drilled(engine: Engine) -> Iterator[Engine]:
    """An empty database on the same server."""
    empty = Engine(url=engine.url, database="drill")
    empty.ask('CREATE DATABASE "drill"')
    yield empty
    empty.ask('DROP DATABASE "drill"')


def _fired(engine: Engine) -> set[str]:
    return {rule["uid"] for rule in rules() if any(i.fires for i in judged(rule, engine, NOW_S * 1000))}


def test_no_alert_fires_while_all_is_well(engine: Engine) -> None:
    assert _fired(engine) == set()
    judged_series = [i for rule in rules() for i in judged(rule, engine, NOW_S * 1000)]
    assert len(judged_series) > 40  # they were asked about, not absent


@pytest.mark.parametrize("uid", [alert.uid for alert in ALERTS])
def test_the_test_of_the_runbook_makes_this_alert_fire_and_no_other(uid: str, drilled: Engine) -> None:
    points = DRILL.findall(SECTIONS[uid].body)
    assert points
    write_lines(drilled, (f"{text} {(NOW_S - int(ago or 0)) * 10**9}" for text, ago in points))
    assert _fired(drilled) == {uid}


def test_the_alert_of_a_silent_program_ends_when_it_reports_again(drilled: Engine) -> None:
    [rule] = [rule for rule in rules() if rule["uid"] == "a-program-is-silent"]
    write_lines(drilled, [f"process,site=drill,program=ems uptime_s=1 {(NOW_S - 3600) * 10**9}"])
    assert [i.fires for i in judged(rule, drilled, NOW_S * 1000)] == [True]
    write_lines(drilled, [f"process,site=drill,program=ems uptime_s=1 {(NOW_S - 5) * 10**9}"])
    assert [i.fires for i in judged(rule, drilled, NOW_S * 1000)] == [False]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.uid)
def test_an_alert_judges_in_the_file_as_in_the_code(alert: object) -> None:
    from dashboards.alert import Alert

    assert isinstance(alert, Alert)
    for value in (-1e9, -3.0, -0.5, 0.0, 0.2, 0.5, 1.0, 2.0, 10.0, 120.0, 1e9):
        assert fires(alert.fires.evaluator(), value) == alert.fires.holds(value)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=lambda section: slug(section.title))
def test_every_section_says_what_it_means_what_to_do_and_how_to_test_it(section: Section) -> None:
    assert slug(section.title) in {alert.uid for alert in ALERTS}
    [alert] = [alert for alert in ALERTS if alert.title == section.title]
    assert section.body.startswith(f"**Means** ({alert.severity}, {alert.area}):") or (
        alert.severity == "test" and section.body.startswith("**Means** (test):")
    )
    assert "**Do:**" in section.body
    assert "**Test:**" in section.body


def test_sections_and_alerts_stand_in_the_same_order() -> None:
    assert list(SECTIONS) == [alert.uid for alert in ALERTS]
