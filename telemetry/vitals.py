"""The points that every program writes of itself: process, event loop, start and end."""

import asyncio
import time

from telemetry.machine import Usage, usage
from wire.telemetry import Point, point
from wire.telemetry.system import Happening, Process

EVERY_S = 60
LOOKED_EVERY_S = 5.0


class Vitals:
    """Of one program: what a point says of the time since the last one is kept here."""

    def __init__(self, site: str, program: str) -> None:
        self._site = site
        self._program = program
        self._started = self._seen_at = time.monotonic()
        self._seen: Usage | None = None
        self._due_s = 0
        self._late_s = 0.0
        self._look: asyncio.TimerHandle | None = None

    def is_due(self, now_s: int) -> bool:
        """Whether a minute has passed since this last said so; `now_s` may also go back."""
        if self._due_s - EVERY_S <= now_s < self._due_s:
            return False
        self._due_s = now_s + EVERY_S
        return True

    def watch_loop(self) -> None:
        """Begins to measure how late the running event loop is."""
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(LOOKED_EVERY_S, self._looked, loop.time() + LOOKED_EVERY_S)

    def _looked(self, due_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._late_s = max(self._late_s, loop.time() - due_s)
        self.watch_loop()

    def close(self) -> None:
        """Stops measuring."""
        if self._look is not None:
            self._look.cancel()

    def process(self, now_s: int) -> Point:
        """The process now."""
        now, seen = time.monotonic(), usage()
        before, passed = self._seen, now - self._seen_at
        share = 100.0 * (seen.cpu_s - before.cpu_s) / passed if before is not None and passed > 0 else None
        late_s, self._late_s = self._late_s, 0.0
        self._seen, self._seen_at = seen, now
        return point(
            Process,
            now_s,
            {Process.site: self._site, Process.program: self._program},
            {
                Process.uptime_s: now - self._started,
                Process.rss_mb: seen.rss_mb,
                Process.cpu_s: seen.cpu_s,
                Process.cpu_percent: share,
                Process.threads: seen.threads,
                Process.open_files: seen.open_files,
                Process.written_bytes: seen.written_bytes,
                Process.loop_late_s: late_s if self._look is not None else None,
            },
        )

    def happening(self, at_s: int, what: str, *, is_alarm: bool = False) -> Point:
        """That something happened to the program."""
        return point(
            Happening,
            at_s,
            {Happening.site: self._site, Happening.program: self._program},
            {Happening.what: what, Happening.is_alarm: int(is_alarm)},
        )
