"""Names of the dashboard that alerts lead to, and what its queries follow."""

from dashboards.asking import Asker

UID = "hearthgrid-system"
DISK = "Least free disk"
BACKLOG = "Oldest unsent point"
REFUSED = "Points refused"
MACHINES = "Machines now"
PROCESSES = "Uptime"
HAPPENINGS = "What happened"
LATENESS = "Lateness"
ask = Asker(("site", "program"))
