"""Names of the dashboard that alerts lead to, and what its queries follow."""

from dashboards.asking import Asker

UID = "hearthgrid-house"
SLOT = "15m"
METER_AGE = "Meter last heard"
RUNG = "Rung of the ladder"
UNANSWERED = "Oldest unanswered"
SILENT_DEVICES = "Silent devices"
FORECAST_ERROR = "Forecast error by quantity"
ask = Asker(("site", "meter"))
