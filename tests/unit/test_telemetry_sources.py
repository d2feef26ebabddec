"""Recorded rows as sources: in order, once, whatever becomes of the clock, the file or single rows."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry.buffer_source import BufferSource
from telemetry.cursors import Cursors, CursorsFailed
from telemetry.database import Database, Row
from telemetry.point_buffer import ROWS_KEPT, PointBuffer
from telemetry.running import work
from telemetry.settings import TelemetryKeys
from telemetry.source import Source
from telemetry.table_source import TableSource
from wire.telemetry import Point, point
from wire.telemetry.house import SlotMeans

NOW_S = 1_800_000_000


def _means(rows: list[Row]) -> Iterator[Point]:
    for slot_s, load_kw in rows:
        yield _mean(slot_s, load_kw)


def _mean(slot_s: int, load_kw: float) -> Point:
    return point(SlotMeans, slot_s, {SlotMeans.site: "h1"}, {SlotMeans.load_kw: load_kw})


def _write(path: Path, *rows: tuple[int, object]) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE IF NOT EXISTS means (slot_s INTEGER PRIMARY KEY, load_kw)")
        db.executemany("INSERT OR REPLACE INTO means VALUES (?, ?)", rows)
    db.close()


def _source(path: Path) -> TableSource:
    return TableSource("means", Database(path), "means", "load_kw", _means, key="slot_s", is_time=True)


def _all(source: Source, cursor: dict[str, int], rows_max: int = 100) -> list[int]:
    """The times that are carried from a cursor on, which is moved."""
    seen: list[int] = []
    while (batch := source.read(cursor, rows_max)) is not None:
        cursor.clear()
        cursor.update(batch.cursor)
        seen += [made.at_s for made in batch.points]
    return seen


def test_rows_come_in_order_once_and_only_new_ones_later(tmp_path: Path) -> None:
    path, cursor = tmp_path / "a.db", dict[str, int]()
    source = _source(path)
    assert source.read(cursor, 10) is None, "the file does not exist yet"
    _write(path, *((NOW_S + k, 1.0) for k in (3, 1, 2)))
    assert source.backlog(cursor).rows == 3
    assert source.backlog(cursor).oldest_s == NOW_S + 1
    assert _all(source, cursor, rows_max=2) == [NOW_S + 1, NOW_S + 2, NOW_S + 3]
    assert source.backlog(cursor).rows == 0
    _write(path, (NOW_S + 4, 1.0))
    assert _all(source, cursor) == [NOW_S + 4]


def test_rows_of_a_clock_that_was_set_back_are_carried_too(tmp_path: Path) -> None:
    path, cursor = tmp_path / "a.db", dict[str, int]()
    source = _source(path)
    _write(path, (NOW_S, 1.0), (NOW_S + 1_000, 1.0))
    assert len(_all(source, cursor)) == 2
    _write(path, (NOW_S + 400, 1.0))
    assert NOW_S + 400 in _all(source, cursor)
    assert _all(source, cursor) == []


def test_a_file_that_was_made_anew_is_read_from_its_start(tmp_path: Path) -> None:
    path, cursor = tmp_path / "a.db", dict[str, int]()
    source = _source(path)
    _write(path, (NOW_S, 1.0), (NOW_S + 1, 1.0))
    _all(source, cursor)
    path.unlink()
    _write(path, (NOW_S - 5, 1.0))
    assert _all(source, cursor) == [NOW_S - 5]


def test_a_row_that_cannot_be_read_is_counted_and_holds_up_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.db"
    _write(path, *((NOW_S + k, "a word" if k in (3, 4) else 1.0) for k in range(8)))
    with caplog.at_level(logging.WARNING):
        batch = _source(path).read({}, 100)
    assert batch is not None
    assert [made.at_s - NOW_S for made in batch.points] == [0, 1, 2, 5, 6, 7]
    assert (batch.rows, batch.unread) == (8, 2)
    assert len(caplog.messages) == 1 and f"{NOW_S + 3}" in caplog.messages[0]


def test_a_buffer_gives_back_what_was_added_and_loses_nothing_at_its_end(tmp_path: Path) -> None:
    path, cursor = tmp_path / "buffer.db", dict[str, int]()
    source = BufferSource(path)
    buffer = PointBuffer(path)
    buffer.add([_mean(NOW_S, 1.0)], NOW_S)
    assert source.read(cursor, 100) is None, "held for a while: a disk lives longer so"
    buffer.add([_mean(NOW_S + 30, 2.0)], NOW_S + 30)
    assert _all(source, cursor) == [NOW_S, NOW_S + 30]
    buffer.add([_mean(NOW_S + 31, 3.0)], NOW_S + 31)
    buffer.close()
    assert _all(source, cursor) == [NOW_S + 31]


def test_a_buffer_forgets_the_oldest_rows_and_its_source_says_how_many_rows(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    source, buffer = BufferSource(path), PointBuffer(path)
    for k in range(3):
        buffer.add([_mean(NOW_S + k, 1.0)], NOW_S)
        buffer.flush(NOW_S + k)
    first = source.read({}, 20)
    assert first is not None
    with sqlite3.connect(path) as db:  # as if a month had passed
        db.execute("UPDATE sqlite_sequence SET seq = ?", (ROWS_KEPT + 2,))
    db.close()
    buffer.add([_mean(NOW_S + 10, 1.0)], NOW_S)
    buffer.flush(NOW_S + 10)
    rest = source.read(first.cursor, 20)
    assert rest is not None
    assert (rest.rows, rest.lost) == (1, ROWS_KEPT + 1)
    buffer.close()


def test_a_clock_that_is_wrong_for_a_while_makes_a_buffer_forget_nothing(tmp_path: Path) -> None:
    buffer = PointBuffer(tmp_path / "buffer.db")
    for moment_s in (NOW_S, 0, 2 * NOW_S, NOW_S + 1):
        buffer.add([_mean(moment_s, 1.0)], moment_s)
        buffer.flush(moment_s)
    buffer.close()
    assert _all(BufferSource(tmp_path / "buffer.db"), {}) == [NOW_S, 0, 2 * NOW_S, NOW_S + 1]


def test_a_buffer_on_a_broken_disk_drops_points_says_so_once_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the directory should be")
    buffer = PointBuffer(folder / "buffer.db")
    for k in (0, 30, 60):
        buffer.add([_mean(NOW_S + k, 1.0)], NOW_S + k)
        buffer.flush(NOW_S + k)
    assert len(caplog.messages) == 1 and "dropped" in caplog.messages[0]
    folder.unlink()
    folder.mkdir()
    buffer.add([_mean(NOW_S + 90, 1.0)], NOW_S + 90)
    buffer.close()
    assert _all(BufferSource(folder / "buffer.db"), {}) == [NOW_S + 90]


def test_a_point_that_cannot_be_built_does_not_reach_the_program(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = PointBuffer(tmp_path / "buffer.db")
    buffer.add((_mean(NOW_S, float(text)) for text in ("1.0", "nan")), NOW_S)
    buffer.close()
    assert _all(BufferSource(tmp_path / "buffer.db"), {}) == [NOW_S]
    assert "slot_means.load_kw" in caplog.text


def test_cursors_come_back_and_a_file_that_is_none_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.json"
    cursors = Cursors(path)
    cursors.move("means", {"after": 5}, {"written": 3})
    cursors.add({"written": 1, "refused": 2})
    again = Cursors(path)
    assert (again.place("means"), again.place("other")) == ({"after": 5}, {})
    assert (again.count("written"), again.count("refused"), again.count("lost")) == (4, 2, 0)
    for broken in ('{"version": 1', "[]", '{"version": 2}', '{"version": 1, "places": {"a": 1}, "counts": {}}'):
        path.write_text(broken)
        with pytest.raises(CursorsFailed, match=r"telemetry\.json.*delete it"):
            Cursors(path)
        assert path.read_text() == broken


def test_a_place_that_cannot_be_stored_is_not_taken_as_stored(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    cursors = Cursors(folder / "telemetry.json")
    cursors.move("means", {"after": 1}, {})
    folder.rename(tmp_path / "gone")
    with pytest.raises(CursorsFailed, match="cannot be written"):
        cursors.move("means", {"after": 2}, {"written": 1})
    assert cursors.place("means") == {"after": 1}
    assert cursors.count("written") == 0


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://influx.example.net:8086", True),
        ("https://influx.example.net", False),
        ("http://127.0.0.1:8086", False),
    ],
)
def test_a_token_that_would_go_unencrypted_over_a_network_is_told_once_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, url: str, *, is_told: bool
) -> None:
    (tmp_path / "token").write_text("s3cret")
    keys = TelemetryKeys(url=url, token_file=Path("token"))
    work("h1", tmp_path / "state", [], keys, tmp_path)
    told = [message for message in caplog.messages if "not encrypted" in message]
    assert len(told) == is_told
    assert "s3cret" not in caplog.text
