"""Names of the dashboard that alerts lead to, and what its queries follow."""

from dashboards.asking import Asker

UID = "hearthgrid-community"
SLOT = "15m"
SILENT = "Silent members"
SILENT_METERS = "Age of the newest reading, by home"
RUNGS = "Rung of the ladder, by home"
UNANSWERED = "Oldest unanswered, by home"
ERRORS = "Forecast error of the load, by home"
STORAGE = "Flow of the shared storage"
ask = Asker(("community", "site", "meter"))
