"""Programs, machines, and the way of their numbers."""

from dashboards import look
from dashboards.charts import chart
from dashboards.influxql import INTERVAL, aggregate, raw, shaped
from dashboards.page import Row
from dashboards.panels import rows
from dashboards.system.naming import HAPPENINGS, MACHINES, PROCESSES, ask
from wire.telemetry.system import Exporter, Happening, Host, Process, Storage


def processes() -> Row:
    """One row of the dashboard."""
    return "Programs and machines", [
        chart(
            PROCESSES,
            "Time since each program's start. A fall to 0 is a restart.",
            (ask(Process, aggregate("last", Process.uptime_s), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program"),
            unit=look.SECOND, at_least="1m", zero_based=True, many=True,
        ),
        rows(
            HAPPENINGS,
            "Starts, stops, findings against the market operator. A finding ('alarm') is never noise: see the "
            "runbook.",
            ask(
                Happening, raw(Happening.site).named("site"), raw(Happening.program).named("program"),
                raw(Happening.what).named("what"), raw(Happening.is_alarm).named("alarm"), newest=100,
            ),
            units={}, words={"alarm": look.YES_IS_BAD}, empty="Nothing in this time",
        ),
        rows(
            MACHINES,
            "Newest values of each machine; what it does not tell is empty. Weak supply or high temperature: a "
            "Raspberry Pi slows down.",
            ask(
                Host, aggregate("last", Host.disk_free_percent).named("disk free"),
                aggregate("last", Host.memory_free_mb).named("memory free"),
                aggregate("last", Host.load_1min).named("load"),
                aggregate("last", Host.cpu_temp_c).named("processor"),
                aggregate("last", Host.clock_offset_s).named("clock off"),
                aggregate("last", Host.is_clock_synchronised).named("clock kept"),
                aggregate("last", Host.is_undervoltage).named("supply weak"),
                aggregate("last", Host.is_throttled).named("slowed down"), by=(Host.site,),
            ),
            units={"disk free": look.PERCENT, "memory free": look.MEGABYTE, "processor": look.CELSIUS,
                "clock off": look.SECOND},
            words={"clock kept": look.YES_IS_GOOD, "supply weak": look.YES_IS_BAD, "slowed down": look.YES_IS_BAD},
            show_time=False,
        ),
        chart(
            "Open files and threads",
            "Open files and sockets of each program. A line that only rises is a leak and ends at the system's "
            "limit.",
            (ask(Process, aggregate("max", Process.open_files), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program files"),
            (ask(Process, aggregate("max", Process.threads), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program threads"),
            unit=look.COUNT, style="steps", at_least="1m", zero_based=True, many=True,
        ),
    ]  # fmt: skip


def quality() -> Row:
    """One row of the dashboard."""
    return "Data quality", [
        chart(
            "Points written",
            "Points that the database took, in each interval, by site. 0 for long: see the backlog.",
            (ask(Exporter, shaped("non_negative_difference", aggregate("max", Exporter.written)), by=(Exporter.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.COUNT, style="steps", at_least="5m", zero_based=True, width=8,
        ),
        chart(
            "Rows that wait",
            "Recorded rows that have not been sent, and rows that retention removed first ('lost', always 0 "
            "within 7 days).",
            (ask(Exporter, aggregate("max", Exporter.backlog), by=(Exporter.site,), every=INTERVAL), "$tag_site"),
            (ask(Exporter, aggregate("max", Exporter.lost), by=(Exporter.site,), every=INTERVAL), "$tag_site lost"),
            unit=look.COUNT, at_least="1m", zero_based=True, width=8,
        ),
        chart(
            "Databases of the programs",
            "Size of each file in the state directories. Growth without end: retention does not work.",
            (ask(Storage, aggregate("last", Storage.bytes), by=(Storage.site, Storage.file), every=INTERVAL),
             "$tag_site $tag_file"),
            unit=look.BYTE, at_least="5m", zero_based=True, many=True, width=8,
        ),
    ]  # fmt: skip
