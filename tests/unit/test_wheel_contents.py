"""What is installed from a wheel: every package, and every file that the packages read beside their code."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
PATTERNS = SETUPTOOLS["packages"]["find"]["include"]
DATA: dict[str, list[str]] = SETUPTOOLS["package-data"]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
SHIPPED = [room for room in ROOMS if any(fnmatch(room, pattern) for pattern in PATTERNS)]
NOT_SHIPPED = {"benchmarks", "dashboards", "proofs", "scripts", "tests"}  # for those who work on it


def is_included(path: Path) -> bool:
    """Whether a glob of package-data takes a file; globs start at the folder of their package."""
    for package in (folder for folder in path.parents if (folder / "__init__.py").exists()):
        patterns = [*DATA.get(".".join(package.relative_to(ROOT).parts), []), *DATA.get("*", [])]
        if path in [found for pattern in patterns for found in package.glob(pattern)]:
            return True
    return False


def data_files(room: str) -> list[Path]:
    every = (ROOT / room).rglob("*")
    return [p for p in every if p.is_file() and p.suffix not in (".py", ".pyc") and "__pycache__" not in p.parts]


@pytest.mark.parametrize("room", SHIPPED)
def test_every_file_beside_the_code_is_in_the_wheel(room: str) -> None:
    assert not [str(path.relative_to(ROOT)) for path in data_files(room) if not is_included(path)]


def test_every_package_is_shipped_or_is_known_not_to_be() -> None:
    assert set(ROOMS) - set(SHIPPED) <= NOT_SHIPPED


def test_every_glob_finds_something() -> None:
    for package, patterns in DATA.items():
        if package != "*":
            folder = ROOT.joinpath(*package.split("."))
            assert all(any(folder.glob(pattern)) for pattern in patterns), package


def test_every_program_starts_in_a_shipped_package() -> None:
    assert {target.partition(".")[0] for target in PROJECT["project"]["scripts"].values()} <= set(SHIPPED)
