"""Alerts of programs and machines."""

from dashboards.alert import Above, Alert, Below, Outside
from dashboards.alerts.windows import DAY, HOUR, MINUTE, newest
from dashboards.influxql import Query, Term, aggregate, differs, equals, moving_average
from dashboards.system import naming as system
from wire.telemetry import Measurement, Tag
from wire.telemetry.community import Intake
from wire.telemetry.system import Exporter, Happening, Host, Process

TEST_PROGRAM = "test"
"""Alarms of this program only test the way from the database to a person."""


def _reports(measurement: type[Measurement], term: Term, *by: Tag) -> Query:
    """Points in ten minutes, half of them of the group before: 0 says that two groups were empty."""
    groups = moving_average(term, 2)
    return Query(source=measurement, columns=(groups,), by=by, every="10m", fill="0")


SYSTEM = (
    Alert(
        title="A program is silent",
        severity="critical",
        area="system",
        query=_reports(Process, aggregate("count", Process.uptime_s), Process.site, Process.program),
        window_s=2 * DAY,
        reduce="last",
        fires=Below(value=0.25),
        pending="1m",
        no_data="Alerting",
        summary="{{ .Labels.site }}: {{ .Labels.program }} has not reported for at least 10 minutes",
        action="Is it running (`systemctl status`, `docker compose ps`)? Does its telemetry process reach the "
        "database?",
        panel=(system.UID, system.PROCESSES),
    ),
    Alert(
        title="Broker has no MQTT server",
        severity="critical",
        area="system",
        query=newest(Intake, aggregate("max", Intake.is_mqtt_connected), Intake.community),
        window_s=5 * MINUTE,
        reduce="last",
        fires=Below(value=1),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.community }}: the broker has been without its MQTT server for 5 minutes",
        action="Is the MQTT server up, is the broker's certificate valid? `community-broker doctor` says which.",
        panel=(system.UID, "Messages of members"),
    ),
    Alert(
        title="Clock is off",
        severity="critical",
        area="system",
        query=newest(Host, aggregate("last", Host.clock_offset_s), Host.site),
        window_s=15 * MINUTE,
        reduce="last",
        fires=Outside(low=-2, high=2),
        pending="2m",
        no_data="OK",
        summary="{{ .Labels.site }}: the clock is off by {{ .Values.B }} s",
        action="Start the time service (`timedatectl`); a home does not bid before its clock is trusted.",
        panel=(system.UID, system.MACHINES),
    ),
    Alert(
        title="Clock is not kept",
        severity="warning",
        area="system",
        query=newest(Host, aggregate("max", Host.is_clock_synchronised), Host.site),
        window_s=30 * MINUTE,
        reduce="last",
        fires=Below(value=1),
        pending="30m",
        no_data="OK",
        summary="{{ .Labels.site }}: no time service has kept the clock for half an hour",
        action="Let the machine reach a time server (UDP port 123), or give it one in the local network.",
        panel=(system.UID, system.MACHINES),
    ),
    Alert(
        title="Telemetry is behind",
        severity="warning",
        area="system",
        query=newest(Exporter, aggregate("min", Exporter.oldest_unsent_s), Exporter.site),
        window_s=15 * MINUTE,
        reduce="last",
        fires=Above(value=15 * MINUTE),
        pending="5m",
        no_data="OK",
        summary="{{ .Labels.site }}: recorded values wait longer than 15 minutes",
        action="Catching up after an outage is normal; else see the log of the telemetry process. Nothing is "
        "lost for 7 days.",
        panel=(system.UID, system.BACKLOG),
    ),
    Alert(
        title="Points were refused",
        severity="warning",
        area="system",
        query=newest(Exporter, aggregate("spread", Exporter.refused), Exporter.site),
        window_s=HOUR,
        reduce="last",
        fires=Above(value=0),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.site }}: the database refused {{ .Values.B }} points in the last hour",
        action="The log of the telemetry process names the first; a bucket written by another release is the "
        "usual cause.",
        panel=(system.UID, system.REFUSED),
    ),
    Alert(
        title="Disk nearly full",
        severity="critical",
        area="system",
        query=newest(Host, aggregate("last", Host.disk_free_percent), Host.site),
        window_s=15 * MINUTE,
        reduce="last",
        fires=Below(value=10),
        pending="5m",
        no_data="OK",
        summary="{{ .Labels.site }}: less than 10 % of the disk is free",
        action="Free space before it is full: a program that cannot write its journal stops rather than lose "
        "an order.",
        panel=(system.UID, system.DISK),
    ),
    Alert(
        title="Supply is too weak",
        severity="warning",
        area="system",
        query=newest(Host, aggregate("max", Host.is_undervoltage), Host.site),
        window_s=15 * MINUTE,
        reduce="last",
        fires=Above(value=0),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.site }}: the supply of the machine is too weak",
        action="Take the maker's supply and a short cable: weak supplies ruin SD cards.",
        panel=(system.UID, system.MACHINES),
    ),
    Alert(
        title="Somebody has to look",
        severity="critical",
        area="system",
        query=Query(
            source=Happening,
            columns=(aggregate("sum", Happening.is_alarm),),
            where=(differs(Happening.program, TEST_PROGRAM),),
            by=(Happening.site, Happening.program),
        ),
        window_s=30 * MINUTE,
        reduce="last",
        fires=Above(value=0),
        pending="0s",
        no_data="OK",
        summary="{{ .Labels.site }}: {{ .Labels.program }} reports something that somebody has to look at",
        action="Read it in 'What happened'. A finding against the operator comes with the slot: check it with "
        "`community-broker verify`.",
        panel=(system.UID, system.HAPPENINGS),
    ),
    Alert(
        title="Test alert",
        severity="test",
        area="system",
        query=Query(
            source=Happening,
            columns=(aggregate("sum", Happening.is_alarm),),
            where=(equals(Happening.program, TEST_PROGRAM),),
            by=(Happening.site,),
        ),
        window_s=5 * MINUTE,
        reduce="last",
        fires=Above(value=0),
        pending="0s",
        no_data="OK",
        summary="Test: the way from the database to you works",
        action="Nothing to do. It ends by itself 5 minutes after the test point was written.",
        panel=(system.UID, system.HAPPENINGS),
    ),
)
