"""The dashboard of the programs and the machines under them."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import look
from dashboards.asking import Asker
from dashboards.influxql import INTERVAL, Query, aggregate, of_inner, raw, shaped, values_of
from dashboards.page import Row, choice, compare_to, page
from dashboards.panels import alerts, chart, rows, stat
from wire.telemetry.community import Intake, Round
from wire.telemetry.house import Managing
from wire.telemetry.system import Exporter, Happening, Host, Process, Storage

UID = "hearthgrid-system"
DISK = "Least free disk"
BACKLOG = "Oldest unsent point"
REFUSED = "Points refused"
MACHINES = "Machines now"
PROCESSES = "Uptime"
HAPPENINGS = "What happened"
LATENESS = "Lateness"
ask = Asker(("site", "program"))


def system() -> Dashboard:
    """Programs and machines: do all run, in time, with memory and disk to spare, and do their numbers arrive here."""
    return page(
        UID,
        "System",
        "Programs and machines: alerts, use of processor, memory and disk, messages, promises kept, transport of telemetry.",
        variables=[
            choice("site", "Site", "Homes, and the community for its broker", values_of(Process.site, Process)),
            choice("program", "Program", "ems, meter, broker, telemetry", values_of(Process.program, Process)),
            compare_to(),
        ],
        rows=[_status(), _use(), _messages(), _promises(), _processes(), _quality()],
        since="now-6h",
    )


def _over_all(inner: Query, function: str, column: str) -> Query:
    assert function in ("min", "max", "count")
    return Query(source=inner, columns=(of_inner(function, column, inner),))  # type: ignore[arg-type]


def _status() -> Row:
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
            _over_all(newest, "min", "uptime"), unit="dtdurations", since="5m", limits=look.limits((600, "green"), base="orange"),
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
            "Age of the oldest recorded value that has not been sent. Growing: the database is away; nothing is lost for 7 days.",
            _over_all(unsent, "max", "age"), unit=look.SECOND, limits=look.limits((300, "orange"), (900, "red")), width=3,
        ),
        stat(
            REFUSED,
            "Points that the database refused for good in the time shown. Anything but 0: see the log of the telemetry process.",
            ask(Exporter, aggregate("spread", Exporter.refused)), unit=look.COUNT, limits=look.limits((1, "red")), width=3,
        ),
        alerts("Alerts of the system", "Alerts of programs and machines that fire or are about to. Empty is good.", "system", width=9),
    ]  # fmt: skip


def _use() -> Row:
    by = (Process.site, Process.program)
    memory = ask(Process, aggregate("mean", Process.rss_mb), by=by, every=INTERVAL)
    written = shaped("non_negative_derivative", aggregate("last", Process.written_bytes), "1d")
    return "What it costs", [
        chart(
            "Memory",
            "Resident memory of each program. The promise for a home is 150 MB for each; a line that only rises is a leak.",
            (memory, "$tag_site $tag_program"), unit=look.MEGABYTE, at_least="1m", zero_based=True,
            limits=look.limits((150, "red"), base="text"),
        ),
        chart(
            "Memory, $compare earlier",
            "The same so much earlier ('Compare to' above): did an update change it?",
            (memory, "$tag_site $tag_program, earlier"), unit=look.MEGABYTE, at_least="1m", zero_based=True, shift="$compare",
        ),
        chart(
            "Processor",
            "Use of one core. Short peaks at planning are normal; a program at 100 % for minutes is not.",
            (ask(Process, aggregate("mean", Process.cpu_percent), by=by, every=INTERVAL), "$tag_site $tag_program"),
            unit=look.PERCENT, at_least="1m", zero_based=True,
        ),
        chart(
            "Written to disk",
            "Bytes written, as if for a whole day. The promise is 1 GB per day and house: SD cards wear.",
            (ask(Process, written, by=by, every=INTERVAL), "$tag_site $tag_program"),
            unit=look.BYTE, at_least="5m", zero_based=True,
        ),
    ]  # fmt: skip


def _messages() -> Row:
    def gained(field: str) -> Query:
        return ask(Intake, shaped("non_negative_difference", aggregate("max", Intake.fields[field])), every=INTERVAL)

    return "Messages", [
        chart(
            "Messages of members",
            "Frames that came, were receipted and were rejected, in each interval. Receipts follow receipt: a gap is loss of time.",
            (gained("received"), "received"),
            (gained("accepted"), "receipted"),
            (gained("rejected"), "rejected"),
            unit=look.COUNT,
            style="steps",
            at_least="5m",
            zero_based=True,
        ),
        chart(
            "Waiting in the broker",
            "Frames that wait to be read, and journal records whose messages are not acknowledged. Both near 0 between gates.",
            (ask(Intake, aggregate("max", Intake.queue_frames), every=INTERVAL), "frames"),
            (ask(Intake, aggregate("max", Intake.unsent_records), every=INTERVAL), "unsent records"),
            unit=look.COUNT,
            at_least="1m",
            zero_based=True,
        ),
    ]


def _promises() -> Row:
    return "Plan against actual", [
        chart(
            LATENESS,
            "Longest delay of each program's loop. Above 1 s often: the machine is too slow or swaps.",
            (ask(Process, aggregate("max", Process.loop_late_s), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program"),
            unit=look.SECOND, at_least="1m", zero_based=True, width=8,
        ),
        chart(
            "Steps of energy managers",
            "Longest delay of a control step after its time. Above the tick (20 s by default) commands come late.",
            (ask(Managing, aggregate("max", Managing.late_s), by=(Managing.site,), every=INTERVAL), "$tag_site"),
            unit=look.SECOND, at_least="1m", zero_based=True, width=8,
        ),
        chart(
            "From gate to award",
            "Longest time of a round. The line is the promise of 5 s.",
            (ask(Round, aggregate("max", Round.gate_to_award_s), by=(Round.community,), every=INTERVAL), "$tag_community"),
            unit=look.SECOND, at_least="15m", zero_based=True, limits=look.limits((5, "red"), base="text"), width=8,
        ),
    ]  # fmt: skip


def _processes() -> Row:
    return "Programs and machines", [
        chart(
            PROCESSES,
            "Time since each program's start. A fall to 0 is a restart.",
            (ask(Process, aggregate("last", Process.uptime_s), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program"),
            unit=look.SECOND, at_least="1m", zero_based=True,
        ),
        rows(
            HAPPENINGS,
            "Starts, stops, findings against the market operator. A finding ('alarm') is never noise: see the runbook.",
            ask(
                Happening, raw(Happening.site).named("site"), raw(Happening.program).named("program"),
                raw(Happening.what).named("what"), raw(Happening.is_alarm).named("alarm"), newest=100,
            ),
            units={}, words={"alarm": look.YES_IS_BAD}, empty="Nothing in this time",
        ),
        rows(
            MACHINES,
            "Newest values of each machine; what it does not tell is empty. Weak supply or high temperature: a Raspberry Pi slows down.",
            ask(
                Host, aggregate("last", Host.disk_free_percent).named("disk free"),
                aggregate("last", Host.memory_free_mb).named("memory free"), aggregate("last", Host.load_1min).named("load"),
                aggregate("last", Host.cpu_temp_c).named("processor"), aggregate("last", Host.clock_offset_s).named("clock off"),
                aggregate("last", Host.is_clock_synchronised).named("clock kept"),
                aggregate("last", Host.is_undervoltage).named("supply weak"),
                aggregate("last", Host.is_throttled).named("slowed down"), by=(Host.site,),
            ),
            units={"disk free": look.PERCENT, "memory free": look.MEGABYTE, "processor": look.CELSIUS, "clock off": look.SECOND},
            words={"clock kept": look.YES_IS_GOOD, "supply weak": look.YES_IS_BAD, "slowed down": look.YES_IS_BAD},
            show_time=False,
        ),
        chart(
            "Open files and threads",
            "Open files and sockets of each program. A line that only rises is a leak and ends at the system's limit.",
            (ask(Process, aggregate("max", Process.open_files), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program files"),
            (ask(Process, aggregate("max", Process.threads), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program threads"),
            unit=look.COUNT, style="steps", at_least="1m", zero_based=True,
        ),
    ]  # fmt: skip


def _quality() -> Row:
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
            "Recorded rows that have not been sent, and rows that retention removed first ('lost', always 0 within 7 days).",
            (ask(Exporter, aggregate("max", Exporter.backlog), by=(Exporter.site,), every=INTERVAL), "$tag_site"),
            (ask(Exporter, aggregate("max", Exporter.lost), by=(Exporter.site,), every=INTERVAL), "$tag_site lost"),
            unit=look.COUNT, at_least="1m", zero_based=True, width=8,
        ),
        chart(
            "Databases of the programs",
            "Size of each file in the state directories. Growth without end: retention does not work.",
            (ask(Storage, aggregate("last", Storage.bytes), by=(Storage.site, Storage.file), every=INTERVAL),
             "$tag_site $tag_file"),
            unit=look.BYTE, at_least="5m", zero_based=True, width=8,
        ),
    ]  # fmt: skip
