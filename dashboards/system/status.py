"""Does everything run, and what does it cost."""

from dashboards import look
from dashboards.charts import chart
from dashboards.influxql import INTERVAL, Query, aggregate, of_inner, shaped
from dashboards.page import Row
from dashboards.panels import alerts, stat
from dashboards.system.naming import BACKLOG, DISK, REFUSED, ask
from wire.telemetry.system import Exporter, Host, Process


def _over_all(inner: Query, function: str, column: str) -> Query:
    assert function in ("min", "max", "count")
    return Query(source=inner, columns=(of_inner(function, column, inner),))  # type: ignore[arg-type]


def status() -> Row:
    """One row of the dashboard."""
    newest = ask(Process, aggregate("last", Process.uptime_s).named("uptime"), by=(Process.site, Process.program))
    disk = ask(Host, aggregate("last", Host.disk_free_percent).named("free"), by=(Host.site,))
    unsent = ask(Exporter, aggregate("last", Exporter.oldest_unsent_s).named("age"), by=(Exporter.site,))
    return "Status and alerts", [
        stat(
            "Programs reporting",
            "Programs that reported in the last 5 minutes. Fewer than you run: see the alert 'A program is silent'.",
            _over_all(newest, "count", "uptime"), unit=look.COUNT, since="5m", width=3,
        ),
        stat(
            "Youngest program",
            "Shortest time since a start. Small without a reason: something restarts, read its log.",
            _over_all(newest, "min", "uptime"), unit="dtdurations", since="5m",
            limits=look.limits((600, "green"), base="orange"),
            width=3,
        ),
        stat(
            DISK,
            "Least free space of any state directory. Below 10 %: see the alert 'Disk nearly full'.",
            _over_all(disk, "min", "free"), unit=look.PERCENT, decimals=0,
            limits=look.limits((10, "orange"), (20, "green"), base="red"), width=3,
        ),
        stat(
            BACKLOG,
            "Age of the oldest recorded value that has not been sent. Growing: the database is away; nothing "
            "is lost for 7 days.",
            _over_all(unsent, "max", "age"), unit=look.SECOND, limits=look.limits((300, "orange"), (900, "red")),
            width=3,
        ),
        stat(
            REFUSED,
            "Points that the database refused for good in the time shown. Anything but 0: see the log of the "
            "telemetry process.",
            ask(Exporter, aggregate("spread", Exporter.refused)), unit=look.COUNT, limits=look.limits((1, "red")),
            width=3,
        ),
        alerts("Alerts of the system", "Alerts of programs and machines that fire or are about to. Empty is good.",
            "system", width=9),
    ]  # fmt: skip


def use() -> Row:
    """One row of the dashboard."""
    by = (Process.site, Process.program)
    memory = ask(Process, aggregate("mean", Process.rss_mb), by=by, every=INTERVAL)
    written = shaped("non_negative_derivative", aggregate("last", Process.written_bytes), "1d")
    return "What it costs", [
        chart(
            "Memory",
            "Resident memory of each program. The promise for a home is 150 MB for each; a line that only "
            "rises is a leak.",
            (memory, "$tag_site $tag_program"), unit=look.MEGABYTE, at_least="1m", zero_based=True, many=True,
            limit=150,
        ),
        chart(
            "Memory, $compare earlier",
            "The same so much earlier ('Compare to' above): did an update change it?",
            (memory, "$tag_site $tag_program, earlier"), unit=look.MEGABYTE, at_least="1m", zero_based=True,
            many=True, shift="$compare",
        ),
        chart(
            "Processor",
            "Use of one core. Short peaks at planning are normal; a program at 100 % for minutes is not.",
            (ask(Process, aggregate("mean", Process.cpu_percent), by=by, every=INTERVAL), "$tag_site $tag_program"),
            unit=look.PERCENT, at_least="1m", zero_based=True, many=True,
        ),
        chart(
            "Written to disk",
            "Bytes written, as if for a whole day. The promise is 1 GB per day and house: SD cards wear.",
            (ask(Process, written, by=by, every=INTERVAL), "$tag_site $tag_program"),
            unit=look.BYTE, at_least="5m", zero_based=True, many=True,
        ),
    ]  # fmt: skip
