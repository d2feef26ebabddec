"""The points of programs and machines."""

from collections.abc import Iterator, Sequence

from dashboards.review.sample.markets import COMMUNITY
from dashboards.review.sample.shapes import PULSE_S, SLOT_S, ripple
from wire.telemetry import Point, point
from wire.telemetry.system import Exporter, Happening, Host, Process, Storage

RSS_MB = {"ems": 118.0, "meter": 74.0, "telemetry": 61.0, "broker": 96.0}
FILES = {"ems.db": 21_000_000, "meter.db": 9_000_000, "journal.db": 14_000_000, "records.db": 18_000_000}


def machine_points(sites: Sequence[str], start_s: int, now_s: int) -> Iterator[Point]:
    """All points of the homes' machines and the broker's."""
    for site in [*sites, COMMUNITY]:
        programs = ("broker", "telemetry") if site == COMMUNITY else ("ems", "meter", "telemetry")
        files = ("journal.db", "records.db") if site == COMMUNITY else ("ems.db", "meter.db")
        for program in programs:
            yield point(
                Happening, start_s, {Happening.site: site, Happening.program: program},
                {Happening.what: "started", Happening.is_alarm: 0},
            )  # fmt: skip
        yield point(
            Happening, now_s - 1200, {Happening.site: site, Happening.program: programs[0]},
            {Happening.what: "configuration read again", Happening.is_alarm: 0},
        )  # fmt: skip
        for at_s in range(start_s, now_s, PULSE_S):
            yield from _pulse(site, programs, files, at_s, start_s)


def _pulse(site: str, programs: Sequence[str], files: Sequence[str], at_s: int, start_s: int) -> Iterator[Point]:
    minutes = (at_s - start_s) // 60
    for program in programs:
        rss = RSS_MB[program] * (1 + 0.03 * ripple(at_s, 7000))
        yield point(
            Process, at_s, {Process.site: site, Process.program: program},
            {Process.uptime_s: float(at_s - start_s + 30), Process.rss_mb: rss, Process.cpu_s: 2.0 * minutes,
             Process.cpu_percent: 60.0 if program == "ems" and at_s % SLOT_S == 0 else 3.0, Process.threads: 4,
             Process.open_files: 23, Process.written_bytes: 150_000 * minutes, Process.loop_late_s: 0.02},
        )  # fmt: skip
    for file in files:
        yield point(
            Storage, at_s, {Storage.site: site, Storage.file: file}, {Storage.bytes: FILES[file] + 300 * minutes}
        )
    yield point(
        Host, at_s, {Host.site: site},
        {Host.disk_free_bytes: 20_000_000_000, Host.disk_free_percent: 63.0, Host.memory_free_mb: 1400.0,
         Host.load_1min: 0.4 + 0.2 * ripple(at_s, 5000), Host.cpu_temp_c: 52.0, Host.clock_offset_s: 0.002,
         Host.is_clock_synchronised: 1, Host.is_undervoltage: 0, Host.is_throttled: 0},
    )  # fmt: skip
    yield point(
        Exporter, at_s, {Exporter.site: site},
        {Exporter.written: 40 * minutes, Exporter.refused: 0, Exporter.failed_writes: 0,
         Exporter.backlog: 40 if at_s % SLOT_S else 160, Exporter.oldest_unsent_s: 12.0, Exporter.lost: 0},
    )  # fmt: skip
