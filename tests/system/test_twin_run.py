"""`twin run` as its users start it: a scenario in, results and a page out, the same bytes whatever the conditions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import twin

assert twin.__file__ is not None
SMALL = Path(twin.__file__).parent.parent / "examples" / "scenario-small"


def run(folder: Path, *options: str) -> dict[str, Any]:
    """The results without the wall-clock field, from the file; standard output has to say the same."""
    command = [sys.executable, "-m", "twin.cli", "run", "--scenario", str(SMALL), "--output", str(folder), "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    assert json.loads(done.stdout) == found
    assert found.pop("wall_s") > 0
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    return found


def test_a_run_is_the_same_on_one_process_and_with_messages_shuffled_and_doubled(tmp_path: Path) -> None:
    plain = run(tmp_path / "plain")
    disturbed = run(tmp_path / "disturbed", "--shuffle", "5", "--processes", "1")
    assert json.dumps(plain) == json.dumps(disturbed)
    assert plain["ledger"]["sum_nano"] == 0
    assert all(sum(cost.values()) >= plain["community_optimum"] for cost in plain["cost"].values())
    assert plain["efficiency"] > 0.5


def test_with_perfect_foresight_trading_reaches_most_of_what_can_be_gained(tmp_path: Path) -> None:
    found = run(tmp_path / "perfect", "--foresight", "perfect")
    assert found["efficiency"] >= 0.75
