"""The operator's limit as the energy manager hears it: what counts, what is kept, and a clock that is set."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hems.app.grid_limit import GridLimitApp
from hems.control.grid_limit import GridState
from hems.io.edge_store import EdgeStore
from hems.metering.foreign.meter import Heard
from hems.site.config_grid import GridContactTable, GridSignalTable
from tests.fakes import START_S

SIGNAL = GridSignalTable(topic="operator/limit")


class Link:
    """Who listens, and what they hear."""

    where = "the server"

    def __init__(self) -> None:
        self.on_message: Callable[[Heard], object] | None = None

    def listen(self, topics: tuple[str, ...], on_message: Callable[[Heard], object]) -> None:
        """Remembers who listens."""
        assert topics == ("operator/limit",)
        self.on_message = on_message

    def says(self, payload: bytes, *, retained: bool = False) -> None:
        """A message comes in."""
        assert self.on_message is not None
        self.on_message(Heard(topic="operator/limit", payload=payload, retained=retained, at_s=0.0))


class Scene:
    """An app with a clock and a running time that the test moves."""

    def __init__(self, folder: Path, table: GridSignalTable | GridContactTable = SIGNAL) -> None:
        self.clock_s, self.running_s, self.changes = float(START_S), 500.0, 0
        self.store = EdgeStore(folder / "ems.db")
        self.link = Link()
        self.app = GridLimitApp(
            table,
            self.link,  # type: ignore[arg-type]
            self.store,
            timezone="UTC",
            on_change=self._changed,
            now=lambda: self.clock_s,
            running=lambda: self.running_s,
        )

    def _changed(self) -> None:
        self.changes += 1

    def passes(self, seconds: float, *, set_by_s: float = 0.0) -> None:
        """Time passes, and the clock is set."""
        self.running_s += seconds
        self.clock_s += seconds + set_by_s

    def told(self) -> list[str]:
        """What the records say."""
        return [value for (value,) in self.store.rows("health", "value", "rowid")]

    def state(self) -> GridState:
        """What holds now."""
        return self.app.note(int(self.clock_s)).state


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_every_change_is_told_at_once_and_recorded_once(scene: Scene) -> None:
    assert scene.state() is GridState.FAILSAFE
    scene.link.says(b'{"import_limit_w": 4200, "until": "2027-01-15T09:00:00Z"}')
    scene.link.says(b'{"import_limit_w": 4200, "until": "2027-01-15T09:00:00Z"}')
    assert scene.changes == 1
    assert scene.state() is GridState.LIMITED
    assert scene.state() is GridState.LIMITED
    assert scene.told() == [
        "no signal on operator/limit at the server: failsafe, at most 4.2 kW from the grid until 2027-01-15 10:00",
        "at most 4.2 kW from the grid until 2027-01-15 09:00",
    ]
    assert scene.store.fact("grid_limit") == {"import_kw": 4.2, "export_kw": None, "until_s": 1_800_003_600}


def test_what_was_kept_by_the_server_or_is_not_understood_is_no_heartbeat(scene: Scene) -> None:
    scene.link.says(b"{}", retained=True)
    scene.link.says(b"on")
    assert scene.state() is GridState.FAILSAFE
    scene.link.says(b'{"import_limit_w": 1000}')
    scene.passes(119)
    scene.link.says(b'{"import_limit_w": "none"}')
    scene.passes(1)
    assert scene.state() is GridState.FAILSAFE


@pytest.mark.parametrize("set_by_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_changes_neither_heartbeat_nor_failsafe(scene: Scene, set_by_s: float) -> None:
    scene.link.says(b'{"import_limit_w": 1000}')
    scene.passes(60, set_by_s=set_by_s)
    assert scene.state() is GridState.LIMITED
    scene.passes(61)
    assert scene.state() is GridState.FAILSAFE
    scene.passes(3600, set_by_s=set_by_s)
    assert scene.state() is GridState.FAILSAFE
    scene.passes(3600)
    assert scene.state() is GridState.FREE


def test_a_contact_is_remembered_and_its_kept_state_counts(tmp_path: Path) -> None:
    table = GridContactTable(kind="contact", topic="operator/limit", export_limit_kw=0.0)
    scene = Scene(tmp_path, table)
    assert scene.state() is GridState.FREE
    scene.link.says(b"ON", retained=True)
    scene.link.says(b"MAYBE")
    assert scene.app.note(START_S).told == "4.2 kW from the grid and nothing to the grid"
    scene.store.close()
    again = Scene(tmp_path, table)
    assert again.state() is GridState.LIMITED
    again.link.says(b"OFF")
    assert again.state() is GridState.FREE
