"""The tutorials are true: their files are written, their commands run in order, and what they show really appears."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
_FENCE = re.compile(r"^```(\w+) ?([\w.-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the name behind it, its text."""

    language: str
    name: str
    text: str


def blocks(path: Path) -> list[Block]:
    """The blocks of a document, in order."""
    return [Block(*found.groups()) for found in _FENCE.finditer(path.read_text(encoding="utf-8"))]


def ran(commands: str, folder: Path) -> str:
    """What the commands of a block print."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    found = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert found.returncode == 0, f"{commands}\n{found.stdout}"
    return found.stdout


def shown_and_missing(promised: str, printed: str) -> list[str]:
    """The promised lines that do not appear in this order; `…` stands for anything within a line."""
    left = printed.splitlines()
    missing = []
    for line in promised.splitlines():
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        place = next((k for k, candidate in enumerate(left) if pattern.fullmatch(candidate)), None)
        if place is None:
            missing.append(line)
        else:
            left = left[place + 1 :]
    return missing


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_does_what_it_says(path: Path, tmp_path: Path) -> None:
    printed = ""
    for block in blocks(path):
        if block.name:
            (tmp_path / block.name).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            printed = ran(block.text, tmp_path)
        elif block.language == "text":
            assert shown_and_missing(block.text, printed) == [], printed


def test_a_line_that_does_not_appear_is_found() -> None:
    assert shown_and_missing("a …\nc\n", "a b\nc\n") == []
    assert shown_and_missing("c\na b\n", "a b\nc\n") == ["a b"]
