"""The tree as a whole: nothing unfinished, nothing nameless, nothing of the place where it was written."""

import ast
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "wire",
    "tls",
    "mqtt",
    "telemetry",
    "web",
    "doctor",
    "conformance",
    "hems",
    "broker",
    "meter_firmware_sim",
    "twin",
    "dashboards",
)
NOT_OURS = {".git", ".venv", "node_modules", "out", "state", "build", "dist", "__pycache__"}
TEXT = {".py", ".md", ".toml", ".lock", ".json", ".yml", ".yaml", ".sh", ".html", ".js", ".css", ".conf", ".txt", ""}
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))

# Written with one-letter classes, so that this file does not find itself.
WORKPLACE = re.compile(r"/wor[k]/|/roo[t]/|/hom[e]/[a-z]+/|/tm[p]/|\.librar[y]/")
REGISTRY = re.compile(r"pyp[i]\.org|pythonhoste[d]\.org|registry\.npmj[s]|de[b]\.debian\.org|nodesourc[e]\.com")
UNFINISHED = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|NotImplementedErro[r]")


def texts() -> list[Path]:
    """Every text file of the project; caches and results of runs are none of it."""
    found = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [d for d in inner if d not in NOT_OURS and not d.endswith(("_cache", ".egg-info", ".hypothesis"))]
        found += [Path(folder) / name for name in files if Path(name).suffix in TEXT]
    return sorted(found)


def places(pattern: re.Pattern[str]) -> list[str]:
    """file:line of every match."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_search_sees_the_whole_tree() -> None:
    seen = {path.relative_to(ROOT).as_posix() for path in texts()}
    assert {"README.md", "scripts/setup", ".ci/run", "requirements.lock", "wire/slots.py"} <= seen


@pytest.mark.parametrize("pattern", [WORKPLACE, REGISTRY, UNFINISHED], ids=["workplace", "registry", "unfinished"])
def test_no_file_names_it(pattern: re.Pattern[str]) -> None:
    assert not places(pattern)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (WORKPLACE, "see /" + "work/" + "main"),
        (REGISTRY, "from py" + "pi.org"),
        (UNFINISHED, "# TO" + "DO later"),
        (UNFINISHED, "raise NotImplemented" + "Error"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_every_module_with_content_says_what_it_is() -> None:
    trees = {path: ast.parse(path.read_text("utf-8")) for path in MODULES}
    silent = [
        p.relative_to(ROOT).as_posix() for p, tree in trees.items() if tree.body and not ast.get_docstring(tree)
    ]
    assert not silent


def test_every_package_is_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(PACKAGES)
