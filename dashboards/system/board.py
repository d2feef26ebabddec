"""The dashboard of the programs and the machines under them."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.influxql import values_of
from dashboards.page import choice, compare_to, page
from dashboards.system import messages, programs, status
from dashboards.system.naming import UID
from wire.telemetry.system import Process


def system() -> Dashboard:
    """Programs and machines: do all run, in time, with memory and disk to spare, and do their numbers arrive here."""
    return page(
        UID,
        "System",
        "Programs and machines: alerts, use of processor, memory and disk, messages, promises kept, transport "
        "of telemetry.",
        variables=[
            choice("site", "Site", "Homes, and the community for its broker", values_of(Process.site, Process)),
            choice("program", "Program", "ems, meter, broker, telemetry", values_of(Process.program, Process)),
            compare_to(),
        ],
        rows=[
            status.status(),
            status.use(),
            messages.messages(),
            messages.promises(),
            programs.processes(),
            programs.quality(),
        ],
        since="now-6h",
    )
