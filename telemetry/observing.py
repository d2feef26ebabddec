"""What a telemetry process writes of its own work, of the machine and of the files it carries from."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from telemetry import machine
from telemetry.carrier import FAILED, LOST, REFUSED, WRITTEN
from telemetry.cursors import Cursors
from telemetry.point_buffer import PointBuffer
from telemetry.source import Source, SourceFailed
from telemetry.vitals import Vitals
from wire.telemetry import Point, point
from wire.telemetry.system import Exporter, Host, Storage


class Observing:
    """Once a minute: into a buffer of its own, so that it is carried like everything else and kept meanwhile."""

    def __init__(self, site: str, folder: Path, buffer: PointBuffer, sources: Sequence[Source], cursors: Cursors):
        self._site = site
        self._folder = folder
        self._buffer = buffer
        self._sources = sources
        self._cursors = cursors
        self._vitals = Vitals(site, "telemetry")

    def __call__(self) -> None:
        """Writes the points of now; none while the directory of the state does not exist, which others make."""
        if not self._folder.is_dir():
            return
        now_s = int(time.time())
        points = [self._vitals.process(now_s), self._exporter(now_s), *self._storage(now_s)]
        host = _host(self._site, now_s, self._folder)
        self._buffer.add([*points, *([] if host is None else [host])], now_s)
        self._buffer.flush(now_s)

    def _exporter(self, now_s: int) -> Point:
        rows, oldest = 0, list[int]()
        for source in self._sources:
            try:
                found = source.backlog(self._cursors.place(source.name))
            except SourceFailed:
                continue  # the carrier says so
            rows += found.rows
            oldest += [found.oldest_s] if found.oldest_s is not None and found.rows else []
        return point(
            Exporter,
            now_s,
            {Exporter.site: self._site},
            {
                Exporter.written: self._cursors.count(WRITTEN),
                Exporter.refused: self._cursors.count(REFUSED),
                Exporter.failed_writes: self._cursors.count(FAILED),
                Exporter.lost: self._cursors.count(LOST),
                Exporter.backlog: rows,
                Exporter.oldest_unsent_s: float(max(0, now_s - min(oldest, default=now_s))),
            },
        )

    def _storage(self, now_s: int) -> Iterator[Point]:
        for path in sorted(self._folder.glob("*.db")):
            parts = (path, path.with_name(f"{path.name}-wal"))
            size = sum(part.stat().st_size for part in parts if part.exists())
            yield point(Storage, now_s, {Storage.site: self._site, Storage.file: path.name}, {Storage.bytes: size})


def _host(site: str, now_s: int, folder: Path) -> Point | None:
    disk, clock, supply = machine.disk_free(folder), machine.clock(), machine.supply()
    values = {
        Host.disk_free_bytes: None if disk is None else disk[0],
        Host.disk_free_percent: None if disk is None else disk[1],
        Host.memory_free_mb: machine.memory_free_mb(),
        Host.load_1min: machine.load_1min(),
        Host.cpu_temp_c: machine.cpu_temp_c(),
        Host.clock_offset_s: None if clock is None else clock[0],
        Host.is_clock_synchronised: None if clock is None else int(clock[1]),
        Host.is_undervoltage: None if supply is None else int(supply[0]),
        Host.is_throttled: None if supply is None or supply[1] is None else int(supply[1]),
    }
    if all(value is None for value in values.values()):
        return None
    return point(Host, now_s, {Host.site: site}, values)
