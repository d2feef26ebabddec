"""The telemetry process: carries for all its homes or its community until it is asked to stop."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from telemetry.buffer_source import BufferSource
from telemetry.carrier import REFUSED, WRITTEN, Carrier
from telemetry.cursors import Cursors, CursorsFailed
from telemetry.duty import Duty
from telemetry.observing import Observing
from telemetry.point_buffer import PointBuffer
from telemetry.server import Server
from telemetry.settings import TelemetryKeys
from telemetry.source import Source
from tls import is_read_on_the_way
from wire.telemetry import point
from wire.telemetry.system import Exporter

LOG = logging.getLogger(__name__)
OBSERVED_EVERY_S = 60.0
OWN_BUFFER, CURSORS = "telemetry.db", "telemetry.json"


@dataclass(frozen=True, slots=True)
class Work:
    """One duty, its places, and what observes it and the machine once a minute."""

    site: str
    duty: Duty
    observe: Callable[[], None]
    cursors: Cursors


def serve(works: Sequence[Work]) -> int:
    """Exit status after SIGINT or SIGTERM: 0, or 1 when what was carried cannot be remembered."""
    stop = threading.Event()
    LOG.info("telemetry of %s", ", ".join(work.site for work in works))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        observed_s = -OBSERVED_EVERY_S
        while not stop.is_set():
            now_s = time.monotonic()
            if now_s - observed_s >= OBSERVED_EVERY_S:
                observed_s = now_s
                for work in works:
                    work.observe()
            for work in works:
                if work.duty.due_s <= time.monotonic() and not stop.is_set():
                    work.duty.do(time.monotonic())
            next_s = min([observed_s + OBSERVED_EVERY_S, *(work.duty.due_s for work in works)])
            stop.wait(max(0.0, next_s - time.monotonic()))
    except CursorsFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def catch_up(works: Sequence[Work]) -> int:
    """Exit status after what is recorded was carried: 0, or 1 when not all was: a server or a file is not there."""
    try:
        for work in works:
            before = {name: work.cursors.count(name) for name in (WRITTEN, REFUSED)}
            work.observe()
            work.duty.do(time.monotonic())
            while not work.duty.idle and work.duty.away is None:
                time.sleep(max(0.0, work.duty.due_s - time.monotonic()))
                work.duty.do(time.monotonic())
            written, refused = (work.cursors.count(name) - known for name, known in before.items())
            print(f"{work.site}: {written} points written, {refused} refused")
    except CursorsFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if any(work.duty.away is not None or work.duty.carrier.unreadable for work in works) else 0


def work(site: str, folder: Path, sources: Sequence[Source], keys: TelemetryKeys, base: Path) -> Work:
    """The work of one home or community whose state is in `folder`; relative paths of `keys` start at `base`.

    Raises: TokenMissing or CursorsFailed when it cannot begin.
    """
    if is_read_on_the_way(keys.url):
        LOG.warning(
            "telemetry.url: %s is not encrypted: who listens on the way gets the token of %s; use https",
            keys.url,
            site,
        )
    buffer = PointBuffer(folder / OWN_BUFFER)
    sources = [*sources, BufferSource(folder / OWN_BUFFER)]
    cursors = Cursors(folder / CURSORS)
    known_good = point(Exporter, 0, {Exporter.site: site}, {Exporter.backlog: 0})
    carrier = Carrier(
        sources, cursors, Server(keys.connection(base)), batch_points=keys.batch_points, known_good=known_good
    )
    duty = Duty(carrier, interval_s=keys.interval_s, points_per_s=keys.points_per_s)
    return Work(site, duty, Observing(site, folder, buffer, sources, cursors), cursors)
