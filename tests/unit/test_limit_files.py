"""Files of a network operator: what is said about wrong ones, and what holds while they change."""

import os
from pathlib import Path

import pytest
from test_network_config import HEAD, NETWORK, loaded, members

from broker.io.config_file import ConfigError
from broker.io.file_errors import FileErrors
from broker.io.limit_files import Fixed, LimitFiles
from broker.io.timed_limits import LimitFileError
from wire.slots import Slot, parse_utc

NOON = Slot(parse_utc("2026-06-01T12:00:00Z"), 15)
HEADER = "start_utc,end_utc,meter,export_limit_w,import_limit_w\n"
ROW = "2026-06-01T12:00:00Z,2026-06-01T12:15:00Z,home-1,1500,\n"
LINE_HEADER = "start_utc,end_utc,from,to,capacity_w\n"
FIXED = Fixed(meters={"home-1", "home-2"}, lines={("north", "south"): 9_000})


def written(path: Path, text: str, at_s: int = 1) -> Path:
    """A file of a moment: on a fast disk two versions may have the same."""
    path.write_text(text)
    os.utime(path, (at_s, at_s))
    return path


def envelopes(path: Path) -> LimitFiles:
    return LimitFiles(envelopes=path, lines=None, fixed=FIXED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "start_utc,meter\n",
            "no column end_utc, export_limit_w, import_limit_w; the first line names start_utc,end_utc",
        ),
        (HEADER + "2026-06-01T12:00:00Z,2026-06-01T12:00:00Z,home-1,1,1\n", "line 2: end_utc is not after start_utc"),
        (
            HEADER + "noon,2026-06-01T12:00:00Z,home-1,1,1\n",
            "line 2: Invalid isoformat string: 'noon'; write times as 2026",
        ),
        (HEADER + "2026-06-01T12:00:00,2026-06-01T13:00:00Z,home-1,1,1\n", "line 2: "),
        (HEADER + ROW.replace("1500", "-3"), "line 2: export_limit_w is '-3'; write whole watts from 0 to"),
        (HEADER + ROW.replace("1500", "1.5"), "line 2: export_limit_w is '1.5'; write whole watts"),
        (HEADER + ROW + "2026-06-01T12:30:00Z\n", "line 3: has too few fields; write start_utc,end_utc,meter"),
        (
            HEADER + ROW.replace("home-1", "home-9"),
            "line 2: 'home-9' is no member; correct the name or add the member",
        ),
        (
            HEADER + "2026-06-01T12:10:00Z,2026-06-01T12:20:00Z,home-1,1,1\n" + ROW,
            "lines 2 and 3 overlap for home-1; let one end before the other",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path / "e.csv", text)
    with pytest.raises(LimitFileError) as failure:
        envelopes(path)
    assert str(failure.value).startswith(f"{path}: ")
    assert says in str(failure.value)


def test_lines_have_to_be_those_of_the_network(tmp_path: Path) -> None:
    row = "2026-06-01T12:00:00Z,2026-06-01T12:15:00Z,{},{},{}\n"
    wrong = {
        row.format("south", "north", 1): "no line goes from 'south' to 'north'; name its ends as in network.lines",
        row.format("north", "south", ""): "line 2: capacity_w is empty; write whole watts",
    }
    for text, says in wrong.items():
        path = written(tmp_path / "l.csv", LINE_HEADER + text)
        with pytest.raises(LimitFileError) as failure:
            LimitFiles(envelopes=None, lines=path, fixed=FIXED)
        assert says in str(failure.value)
    good = written(tmp_path / "l.csv", LINE_HEADER + row.format("north", "south", 300))
    files = LimitFiles(envelopes=None, lines=good, fixed=FIXED)
    assert files.limits(NOON) == '{"envelopes":{},"lines":[["north","south",300]]}'
    assert files.limits(NOON.shifted(1)) == ""


def test_a_file_that_grows_is_read_again_and_a_wrong_one_leaves_what_held(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "e.csv", HEADER + ROW)
    files = envelopes(path)
    errors = FileErrors([files, "a source without a file"])
    errors.look()
    assert files.limits(NOON) == '{"envelopes":{"home-1":[1500,null]},"lines":[]}'
    assert files.limits(NOON.shifted(1)) == ""
    written(path, HEADER + ROW + ROW.replace(":15", ":30").replace("12:00", "12:15").replace("1500", "700"), 2)
    assert files.limits(NOON.shifted(1)) == '{"envelopes":{"home-1":[700,null]},"lines":[]}'
    for at_s, text in ((3, "rubbish"), (4, HEADER + ROW.replace("1500", "x"))):
        written(path, text, at_s)
        assert files.limits(NOON) == '{"envelopes":{"home-1":[1500,null]},"lines":[]}'
        errors.look()
        errors.look()
    path.unlink()
    assert files.limits(NOON) != ""
    errors.look()
    assert files.error is not None
    assert "cannot be read: No such file or directory; what it said before goes on to hold" in files.error
    written(path, HEADER, 5)
    assert files.limits(NOON) == ""
    errors.look()
    said = [record.getMessage() for record in caplog.records]
    for words in ("no column", "'x'", "cannot be read"):
        assert len([s for s in said if words in s and "in order again" not in s]) == 1
    assert len([s for s in said if s.startswith("is in order again: ")]) == 1


def test_a_member_that_is_still_to_come_is_told_and_limited_when_it_is_there(tmp_path: Path) -> None:
    path = written(tmp_path / "e.csv", HEADER + ROW)
    files = envelopes(path)
    written(path, HEADER + ROW + ROW.replace("home-1", "home-9"), 2)
    assert '"home-9":[1500,null]' in files.limits(NOON)
    assert files.error == f"{path}: line 3: 'home-9' is no member; correct the name or add the member"


def test_the_configuration_names_files_beside_it_and_says_what_is_wrong_with_them(tmp_path: Path) -> None:
    timed = NETWORK + 'envelopes_file = "e.csv"\n'
    with pytest.raises(ConfigError, match=r"e\.csv cannot be read: No such file or directory: give an existing file"):
        loaded(tmp_path, HEAD + timed + members())
    written(tmp_path / "e.csv", HEADER + ROW)
    with pytest.raises(ConfigError, match=r"e\.csv: line 2: 'home-1' is no member"):
        loaded(tmp_path, HEAD + timed + members())
    written(tmp_path / "e.csv", HEADER + ROW.replace("home-1", "a"))
    config = loaded(tmp_path, HEAD + timed + members())
    limits = config.network.limits(member.meter for member in config.members)
    assert limits.limits(NOON) == '{"envelopes":{"a":[1500,null]},"lines":[]}'
    untimed = loaded(tmp_path, HEAD + NETWORK + members())
    assert config.network_agreed(0) == untimed.network_agreed(0)  # the file is told slot by slot


def test_parallel_lines_have_no_limits_by_time(tmp_path: Path) -> None:
    written(tmp_path / "l.csv", LINE_HEADER)
    line = '{from = "north", to = "south", capacity_w = 10_001}'
    twice = NETWORK.replace(line, f"{line}, {line}") + 'lines_file = "l.csv"\n'
    with pytest.raises(ConfigError, match="lines_file cannot tell the lines from north to south apart"):
        loaded(tmp_path, HEAD + twice + members())
