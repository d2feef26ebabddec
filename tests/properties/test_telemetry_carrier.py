"""The carrier under every sequence of failures: nothing lost, order kept, bad points counted once."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.carrier import LOST, REFUSED, WRITTEN, Carrier
from telemetry.cursors import Cursors
from telemetry.duty import BACKOFF_MAX_S, Duty
from telemetry.server import Answer, Refused, Unavailable, Written
from telemetry.source import Backlog, Batch, Cursor
from wire.telemetry import point
from wire.telemetry.house import SlotMeans

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # hundreds of durable writes: not on a disk
GOOD = point(SlotMeans, 0, {SlotMeans.site: "known good"}, {SlotMeans.load_kw: 0.0})


class ListedSource:
    """Rows 0 to n-1, one point each, as a source."""

    def __init__(self, name: str, rows: int) -> None:
        self.name, self._rows = name, rows

    def read(self, cursor: Cursor, rows_max: int) -> Batch | None:
        first = cursor.get("after", 0)
        last = min(self._rows, first + rows_max)
        made = [
            point(SlotMeans, k, {SlotMeans.site: self.name}, {SlotMeans.load_kw: float(k)})
            for k in range(first, last)
        ]
        return Batch(points=made, cursor={"after": last}, rows=last - first) if made else None

    def backlog(self, cursor: Cursor) -> Backlog:
        left = self._rows - cursor.get("after", 0)
        return Backlog(rows=left, oldest_s=0 if left else None)


class MoodyServer:
    """Fails as it is told, refuses groups with bad lines, and keeps what it took in order."""

    def __init__(self, moods: Sequence[str], bad: set[str]) -> None:
        self._moods, self._bad = list(moods), bad
        self.taken: list[str] = []

    def write(self, lines: Sequence[str]) -> Answer:
        mood = self._moods.pop() if self._moods else "good"
        if mood == "away":
            return Unavailable("away")
        if mood == "answer lost":  # it took them, and the connection broke
            self.taken += [one for one in lines if one not in self._bad]
            return Unavailable("broken")
        found = [one for one in lines if one in self._bad]
        if found and mood == "partial":
            self.taken += [one for one in lines if one not in self._bad]
            return Written(dropped=len(found), why="type conflict")
        if found:
            return Refused("bad line")
        self.taken += lines
        return Written()


moods = st.lists(st.sampled_from(["away", "answer lost", "partial", "good"]), max_size=12)


@settings(max_examples=60)
@given(moods, st.integers(0, 40), st.integers(0, 25), st.sets(st.integers(0, 39), max_size=5), st.integers(1, 16))
def test_every_good_point_arrives_in_order_and_every_bad_one_is_counted_once(
    mood: list[str], rows: int, others: int, bad: set[int], batch: int
) -> None:
    wrong = {f"slot_means,site=a load_kw={float(k)!r} {k * 1_000_000_000}" for k in bad if k < rows}
    server = MoodyServer(mood, wrong)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        sources = [ListedSource("a", rows), ListedSource("b", others)]
        path = Path(folder, "telemetry.json")
        carrier = Carrier(sources, Cursors(path), server, batch_points=batch, known_good=GOOD)
        for _ in range(200):
            turn = carrier.turn()
            if not turn.more:
                break
            if turn.away is not None:  # as after a crash: only what is on disk is known
                carrier = Carrier(sources, Cursors(path), server, batch_points=batch, known_good=GOOD)
        counted = Cursors(path)
    assert not turn.more
    assert counted.count(WRITTEN) == rows + others - len(wrong)
    assert counted.count(REFUSED) == len(wrong)
    assert counted.count(LOST) == 0
    for name, size in (("a", rows), ("b", others)):
        arrived = list(dict.fromkeys(one for one in server.taken if f"site={name} " in one))
        times = [int(one.rsplit(" ", 1)[1]) // 1_000_000_000 for one in arrived]
        expected = [k for k in range(size) if name == "b" or k not in bad]
        assert times == expected


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["away", "good"]), min_size=1, max_size=30), st.integers(1, 1_000))
def test_a_duty_waits_longer_after_each_failure_and_never_carries_faster_than_its_rate(
    mood: list[str], rate: int
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        server = MoodyServer(mood[::-1], set())
        carrier = Carrier(
            [ListedSource("a", 1_000)], Cursors(Path(folder, "c.json")), server, batch_points=10, known_good=GOOD
        )
        duty = Duty(carrier, interval_s=10, points_per_s=rate)
        failures = 0
        for one in mood:
            duty.do(0.0)
            wait_s = duty.due_s
            if one == "away":
                assert duty.away == "away"
                assert wait_s == min(2.0**failures, BACKOFF_MAX_S)
                failures += 1
            else:
                assert duty.away is None
                assert wait_s == 10 / rate
                failures = 0


class WrongServer:
    """Something that answers, and is no InfluxDB."""

    def write(self, lines: Sequence[str]) -> Answer:
        return Refused("400 The plain HTTP request was sent to HTTPS port")


def test_a_server_that_refuses_everything_costs_no_point() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder, "c.json")
        turn = Carrier([ListedSource("a", 5)], Cursors(path), WrongServer(), batch_points=3, known_good=GOOD).turn()
        assert turn.away is not None and "HTTPS port" in turn.away and "telemetry.url" in turn.away
        assert not path.exists(), "no place was moved, nothing was counted"
