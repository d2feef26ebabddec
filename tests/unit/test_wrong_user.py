"""Commands that are given by another user than that of the program: told in one line, with the user to be."""

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import broker.audit
import broker.commands
import broker.io
import doctor
import hems.app
import hems.commands
import hems.io
from benchmarks.mistakes.examples import BROKER, HOME, MARKET
from benchmarks.mistakes.operator import community
from broker.cli import main as broker_main
from hems.cli import main as hems_main
from hems.io.edge_store import EdgeStore

NOBODY = 65_534


def load_all() -> None:
    """Loads what the commands load when they are asked for: another user may not be able to read Python itself."""
    for package in (hems.app, hems.commands, hems.io, broker.commands, broker.io, broker.audit, doctor):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    for name in ("broker.app.broker_app", "encodings.idna"):
        importlib.import_module(name)


@contextmanager
def stranger(state: Path) -> Iterator[None]:
    """For the time of the context this process may not look into the state directory, as another user may not."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    else:
        state.chmod(0)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        state.chmod(0o700)


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home and a community that have run as their own user; others may read the configurations."""
    base = tmp_path_factory.getbasetemp()
    for folder in (tmp_path, base, base.parent):
        if not folder.stat().st_mode & 0o001 and not Path.home().is_relative_to(folder):
            folder.chmod(0o755)
    load_all()
    community(tmp_path)
    (tmp_path / "broker.toml").write_text(BROKER)
    (tmp_path / "home.toml").write_text(HOME.replace('"state"', '"own"') + MARKET)
    for name in ("ems.db", "meter.db"):
        EdgeStore(tmp_path / "own" / name).close()
    (tmp_path / "own").chmod(0o700)
    return tmp_path


@pytest.mark.parametrize(
    ("main", "words", "state"),
    [
        (hems_main, ("run", "--config", "home.toml"), "own"),
        (hems_main, ("meter", "--config", "home.toml"), "own"),
        (hems_main, ("status", "--config", "home.toml"), "own"),
        (hems_main, ("prices", "--config", "home.toml"), "own"),
        (hems_main, ("money", "--config", "home.toml"), "own"),
        (hems_main, ("why", "--config", "home.toml"), "own"),
        (broker_main, ("run", "--config", "broker.toml"), "state"),
        (broker_main, ("members", "state"), "state"),
        (broker_main, ("audit", "state"), "state"),
        (broker_main, ("rounds", "state"), "state"),
        (broker_main, ("replay", "state"), "state"),
        (broker_main, ("pause", "state", "--reason", "x"), "state"),
        (broker_main, ("backup", "state", "--to", "copy"), "state"),
        (broker_main, ("statement", "state", "--meter", "home-1"), "state"),
        (broker_main, ("export", "state"), "state"),
    ],
    ids=lambda value: " ".join(value[:1]) if isinstance(value, tuple) else None,
)
def test_the_wrong_user_is_told_and_changes_nothing(
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    main: Callable[[list[str]], int],
    words: tuple[str, ...],
    state: str,
) -> None:
    monkeypatch.chdir(site)
    before = sorted(site.rglob("*"))
    with stranger(site / state):
        status = main(list(words))
    said = capsys.readouterr().err
    assert status in (1, 2)
    assert state in said
    assert any(word in said for word in ("run this as", "this user", "writable"))
    assert sorted(site.rglob("*")) == before


@pytest.mark.parametrize(("main", "config", "state"), [(hems_main, "home", "own"), (broker_main, "broker", "state")])
def test_doctors_look_at_what_they_may_and_name_the_user_to_be(
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    main: Callable[[list[str]], int],
    config: str,
    state: str,
) -> None:
    monkeypatch.chdir(site)
    with stranger(site / state):
        assert main(["doctor", "--config", f"{config}.toml"]) == 1
    said = capsys.readouterr().out
    assert "the check itself broke" not in said
    assert "its owner" in said
