"""`hems why` answers for a case and for a home, while its energy manager runs and after it stopped."""

import json
import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hems.cli import main
from hems.io.edge_records import EdgeRecords
from hems.io.edge_store import KEEP_PROBLEMS_S, EdgeStore, StoreError
from hems.io.problem_file import PlannedProblem, packed
from hems.planning.planner import Planner
from tests.unit.planning_examples import battery, car, document, problem

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
HOME = """
[home]
meter = "h1"
state_dir = "state"
timezone = "Europe/Berlin"
slot_minutes = 60
[meter]
port = 5020
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.07
"""
Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    def run(*words: str) -> tuple[int, str, str]:
        status = main(["why", *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


@pytest.fixture
def case(tmp_path: Path) -> str:
    made = document(battery(soc_initial=0.5), car(), import_price_per_kwh=[0.1, 0.5, 0.1, 0.2])
    path = tmp_path / "case.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    return str(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose manager planned once at 12:00 local time and told the battery what to do."""
    path = tmp_path / "home.toml"
    path.write_text(HOME, encoding="utf-8")
    site = problem(battery(soc_initial=0.5), import_price_per_kwh=[0.5, 0.1, 0.1, 0.2])
    store = EdgeStore(tmp_path / "state" / "ems.db")
    slot_s = int(START.timestamp())
    store.add_problem(slot_s, slot_s - 60, packed(PlannedProblem.of(site, Planner().plan(site))))
    row = (slot_s, "battery", slot_s + 5, "plan", -1.0, "price_high", 0.5, 0.3, "Gives energy.")
    heater = (slot_s, "heater", slot_s + 5, "plan", 0.0, "idle", 0.5, 0.0, "Off.")
    offer = (
        slot_s,
        "call-peak",
        slot_s + 5,
        "offer",
        0.0,
        "flex_offer",
        0.0,
        0.0,
        "Call peak: offers 0.20 kWh less.",
    )
    store.add("decisions", [row, heater, offer])
    store.close()
    return path


def test_every_device_of_a_case_gets_a_sentence_and_its_numbers(ran: Ran, case: str) -> None:
    status, out, _ = ran("--case", case)
    battery_part, car_part = out.split("\n\n")
    assert status == 0
    assert battery_part.startswith("The battery ")
    assert car_part.startswith("The car rests: it is not plugged in.")
    assert re.search(r"^  price +0\.100 per kWh$", battery_part, re.MULTILINE)


def test_one_device_at_a_local_time_says_when_prices_are_lower_in_local_time(ran: Ran, case: str) -> None:
    status, out, _ = ran("car", "--case", case, "--at", "01:00", "--timezone", "Europe/Berlin")
    assert status == 0
    assert out.startswith("The car waits: energy costs 0.500 per kWh then, but 0.100 around 02:00")


def test_json_is_one_object_with_the_numbers(ran: Ran, case: str) -> None:
    status, out, _ = ran("car", "--case", case, "--at", "2026-06-15T01:00+02:00", "--json")
    made = json.loads(out)
    (device,) = made["devices"]
    assert (status, made["at"], made["slot"]) == (0, "2026-06-14T23:00:00+00:00", 1)
    assert (device["device"], device["action"], device["power_kw"]) == ("car", "off", 0.0)
    assert device["worth"] == pytest.approx(1.0 * 0.4, abs=1e-3)  # the battery covers half of it
    assert device["instead"][0]["other_at"] == "2026-06-15T00:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["heater"], "there are battery, car"),
        (["--at", "2026-06-20T10:00"], "lasts from 2026-06-14 22:00 to 2026-06-15 02:00"),
        (["--at", "noon"], "give 18:30"),
        (["--timezone", "Mars/Olympus"], "use a name such as"),
    ],
)
def test_a_question_without_an_answer_says_what_there_is(ran: Ran, case: str, words: list[str], said: str) -> None:
    status, out, err = ran("--case", case, *words)
    assert (status, out) == (2, "")
    assert said in err


def test_a_case_or_configuration_that_is_not_there_is_refused(ran: Ran, tmp_path: Path) -> None:
    assert ran("--case", str(tmp_path / "no.json"))[0] == 2
    assert ran("--config", str(tmp_path / "no.toml"))[0] == 2
    (tmp_path / "home.toml").write_text(HOME, encoding="utf-8")
    status, _, err = ran("--config", str(tmp_path / "home.toml"))
    assert status == 2
    assert "hems run" in err


def test_a_home_says_what_a_device_was_told_and_why_that_was_planned(ran: Ran, home: Path) -> None:
    status, out, _ = ran("battery", "--config", str(home), "--at", "2026-06-15T12:00")
    assert status == 0
    assert out.startswith("The battery gives 1.0 kWh from 12:00 to 13:00: buying would cost 0.500 per kWh then")
    assert re.search(r"^  told +-1\.00 kW \(plan\): Gives energy\.$", out, re.MULTILINE)
    assert "note" not in out


def test_a_later_slot_of_the_same_plan_is_explained_too(ran: Ran, home: Path) -> None:
    status, out, _ = ran("battery", "--config", str(home), "--at", "2026-06-15T14:00", "--json")
    assert (status, json.loads(out)["slot"]) == (0, 2)
    assert "told" not in json.loads(out)["devices"][0]


def test_a_device_that_is_in_no_plan_still_shows_what_it_was_told(ran: Ran, home: Path) -> None:
    status, out, _ = ran("heater", "--config", str(home), "--at", "2026-06-15T12:00")
    assert status == 0
    assert "not in the plan of this moment" in out and "Off." in out


def test_what_a_home_offered_in_another_stage_is_said_as_it_was_decided(ran: Ran, home: Path) -> None:
    status, out, _ = ran("call-peak", "--config", str(home), "--at", "2026-06-15T12:00")
    assert (status, out) == (0, "Call peak: offers 0.20 kWh less.\n")


@pytest.mark.parametrize("at", ["2026-06-15T11:00", "2026-06-15T16:00"])
def test_a_time_without_a_plan_says_which_are_stored(ran: Ran, home: Path, at: str) -> None:
    status, _, err = ran("--config", str(home), "--at", at)
    assert status == 2
    assert "from 2026-06-15 12:00 to 2026-06-15 12:00" in err


def test_records_are_read_while_the_manager_writes_and_where_nothing_may_be_written(home: Path) -> None:
    path, slot_s = home.parent / "state" / "ems.db", int(START.timestamp())
    running = EdgeStore(path)
    running.add_problem(slot_s + 3600, slot_s + 3600, b"newer")
    records = EdgeRecords(path)
    assert records.first_and_last_s() == (slot_s, slot_s + 3600)
    records.close()
    running.close()
    before = sorted(file.name for file in path.parent.iterdir())
    records = EdgeRecords(path)
    found = records.problem_before(slot_s + 4000)
    records.close()
    assert found is not None and found.document == b"newer"
    assert sorted(file.name for file in path.parent.iterdir()) == before


def test_a_file_of_another_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ems.db"
    store = EdgeStore(path)
    store._db.execute("PRAGMA user_version=99")
    store.close()
    with pytest.raises(StoreError, match="upgrade this one"):
        EdgeRecords(path)


def test_problems_are_kept_for_some_days(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    for slot_s in np.arange(0, 2 * KEEP_PROBLEMS_S, KEEP_PROBLEMS_S // 4).tolist():
        store.add_problem(slot_s, slot_s, b"x")
    kept = [row[0] for row in store.rows("problems", "slot_s", "slot_s")]
    store.close()
    assert (kept[0], len(kept)) == (kept[-1] - KEEP_PROBLEMS_S, 5)


TEXT = (ROOT / "docs" / "why.md").read_text("utf-8")
EXAMPLES = re.findall(r"```text\n\$ hems why ([^\n]+)\n(.*?)```", TEXT, re.DOTALL)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_of_the_page_prints_what_the_page_shows(
    ran: Ran, monkeypatch: pytest.MonkeyPatch, command: str, shown: str
) -> None:
    monkeypatch.chdir(ROOT)
    status, out, _ = ran(*shlex.split(command))
    assert (status, out) == (0, shown)
