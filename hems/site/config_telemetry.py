"""`[telemetry]`: where `hems telemetry` carries what the home has recorded."""

from hems.site.config_fields import Id
from telemetry.settings import TelemetryKeys


class TelemetryTable(TelemetryKeys):
    """`site` names the home in every point; none: by its meter."""

    site: Id | None = None
