"""What a process said of itself last."""

from pathlib import Path

from telemetry.newest import newest_value
from telemetry.point_buffer import PointBuffer
from wire.telemetry import Point, point
from wire.telemetry.community import Intake

NOW_S = 1_800_000_000


def said(at_s: int, is_connected: int) -> Point:
    return point(Intake, at_s, {Intake.community: "elm"}, {Intake.is_mqtt_connected: is_connected})


def test_the_newest_value_counts_unless_it_is_too_old(tmp_path: Path) -> None:
    buffer = PointBuffer(tmp_path / "buffer.db")
    for at_s, is_connected in ((NOW_S, 0), (NOW_S + 60, 1)):
        buffer.add([said(at_s, is_connected)], at_s)
        buffer.flush(at_s)
    buffer.close()
    assert newest_value(tmp_path / "buffer.db", Intake, Intake.is_mqtt_connected, NOW_S) == 1
    assert newest_value(tmp_path / "buffer.db", Intake, Intake.is_mqtt_connected, NOW_S + 61) is None
    assert newest_value(tmp_path / "buffer.db", Intake, Intake.queue_frames, NOW_S) is None


def test_a_file_that_is_missing_or_broken_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    for name in ("missing.db", "broken.db"):
        assert newest_value(tmp_path / name, Intake, Intake.is_mqtt_connected, NOW_S) is None
