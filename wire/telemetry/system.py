"""Telemetry of the programs themselves and of the machine under them."""

from wire.telemetry.declaration import Measurement, Tag, Writer, real, text, whole, yes

SITE = "the home's site, or the broker's community"
PROGRAM = "`ems`, `meter`, `broker`, `telemetry`"


class Process(Measurement, name="process", writer=Writer.EVERY):
    """A process, every minute."""

    site = Tag(SITE)
    program = Tag(PROGRAM)
    uptime_s = real("s", "since its start")
    rss_mb = real("MB", "resident memory")
    cpu_s = real("s", "processor time since its start")
    cpu_percent = real("%", "of one core since the last point")
    threads = whole("", "threads")
    open_files = whole("", "open files and sockets")
    written_bytes = whole("B", "written to files since its start")
    loop_late_s = real("s", "longest delay of the event loop since the last point")


class Storage(Measurement, name="storage", writer=Writer.EVERY_EXPORT):
    """A file in the state directory, every minute."""

    site = Tag(SITE)
    file = Tag("name of the file")
    bytes = whole("B", "size, write-ahead log included")


class Host(Measurement, name="host", writer=Writer.EVERY_EXPORT):
    """The machine, every minute; what it does not tell is left out."""

    site = Tag(SITE)
    disk_free_bytes = whole("B", "free where the state directory is")
    disk_free_percent = real("%", "the same of the whole")
    memory_free_mb = real("MB", "available memory")
    load_1min = real("", "run queue, mean of a minute")
    cpu_temp_c = real("C", "temperature of the processor")
    clock_offset_s = real("s", "of the system clock as its time service estimates it")
    is_clock_synchronised = yes("the time service says so")
    is_undervoltage = yes("the supply is too weak now (Raspberry Pi)")
    is_throttled = yes("the processor is slowed down now (Raspberry Pi)")


class Exporter(Measurement, name="exporter", writer=Writer.EVERY_EXPORT):
    """How the carrying itself goes, every minute; counts since the first start."""

    site = Tag(SITE)
    written = whole("", "points the server took")
    refused = whole("", "points the server refused for good, and rows that could not be read")
    failed_writes = whole("", "attempts that failed and were repeated")
    backlog = whole("", "recorded rows that wait")
    oldest_unsent_s = real("s", "age of the oldest of them; 0 without any")
    lost = whole("", "rows that retention removed before they were carried")


class Happening(Measurement, name="event", writer=Writer.EVERY):
    """What happened to a program: started, stopped, a finding against the market operator."""

    site = Tag(SITE)
    program = Tag(PROGRAM)
    what = text("in words")
    is_alarm = yes("somebody has to look")
