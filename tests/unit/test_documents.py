"""Documents lead somewhere, show what the code has, and their commands work."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from broker.io.config_file import load
from hems.site.config import parse_config
from scripts.documents import PARTS, ROOT, filled
from wire.slots import Slot, parse_utc

OUTSIDE = {".venv", "node_modules", "out", "state", "build", "dist"}
DOCUMENTS = sorted(p for p in ROOT.rglob("*.md") if not OUTSIDE & set(p.relative_to(ROOT).parts[:-1]))
README = (ROOT / "README.md").read_text("utf-8")
PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.split()[0] in PROGRAMS
]


def ran(command: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What a console command gives, run by the interpreter of the tests."""
    module = PROGRAMS[command[0]].partition(":")[0]
    line = [sys.executable, "-m", module, *command[1:]]
    return subprocess.run(line, capture_output=True, text=True, cwd=folder, check=False, timeout=120)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    text = re.sub(r"<!--.*?-->|```.*?```|`[^`\n]*`", "", document.read_text("utf-8"), flags=re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if ":" not in target]
    missing = [target for target in targets if target and not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("name", PARTS)
def test_the_generated_part_is_up_to_date(name: str) -> None:
    file, content = PARTS[name]
    text = (ROOT / file).read_text("utf-8")
    assert text == filled(text, name, content()), "run: python scripts/documents.py"


def test_a_document_without_the_part_is_told() -> None:
    with pytest.raises(ValueError, match="add <!-- begin slot states -->"):
        filled("# Nothing generated here", "slot states", "content")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_readme_shows_every_program(program: str) -> None:
    assert any(command.split()[0] == program for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_exists_with_the_options_it_shows(command: str) -> None:
    words = shlex.split(command)
    said = ran([*words[:2], "--help"])
    assert said.returncode == 0, said.stderr
    assert not [word for word in words if word.startswith("--") and word not in said.stdout]


def test_the_case_of_the_readme_is_planned(tmp_path: Path) -> None:
    case = re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0]
    (tmp_path / "case.json").write_text(case, "utf-8")
    said = ran(["hems", "plan", "case.json", "--output", "plan.json"], tmp_path)
    assert said.returncode == 0, said.stderr
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    # By hand: the dear hours need 2 kWh from the battery. 1 is stored, 1 is bought before: (2 + 1) kWh at 0.20.
    assert plan["status"] == "optimal"
    assert plan["objective"] == pytest.approx(0.60, abs=1e-6)


def test_the_book_of_the_readme_is_cleared(tmp_path: Path) -> None:
    book = re.findall(r"```json\n(.*?)```", README, re.DOTALL)[1]
    (tmp_path / "book.json").write_text(book, "utf-8")
    said = ran(
        ["community-broker", "clear", "book.json", "--mechanism", "uniform_price_k_double_auction", "--json"],
        tmp_path,
    )
    assert said.returncode == 0, said.stderr
    outcome = json.loads(said.stdout)
    assert (outcome["volume"], outcome["price"]) == (1.5, 0.10)


def test_the_examples_of_the_configuration_are_good(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    home, broker, timed = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert parse_config(home, "home.toml").as_home().units[0].id == "battery"
    (tmp_path / "broker.toml").write_text(broker, "utf-8")
    assert [member.meter for member in load(tmp_path / "broker.toml").members] == ["home-1"]
    for name, content in zip(
        ("envelopes.csv", "lines.csv"), re.findall(r"```csv\n(start_utc.*?)```", text, re.DOTALL), strict=True
    ):
        (tmp_path / name).write_text(content, "utf-8")
    limited = re.sub(r"envelopes = .*\n", timed.removeprefix("[network]\n"), broker)
    (tmp_path / "broker.toml").write_text(limited, "utf-8")
    limits = load(tmp_path / "broker.toml").network.limits(["home-1"])
    one, two = (Slot(parse_utc(f"2026-06-01T{hour}:00:00Z"), 60) for hour in (13, 14))
    assert limits.limits(one) == '{"envelopes":{"home-1":[3000,null]},"lines":[["north","south",20000]]}'
    assert limits.limits(two) == '{"envelopes":{"home-1":[0,7000]},"lines":[]}'
