"""`[telemetry]`: where `community-broker telemetry` carries what the broker has recorded."""

from telemetry.settings import TelemetryKeys


class TelemetrySettings(TelemetryKeys):
    """With `members = false` no point names a member: money, silence, rejections are told for all together."""

    members: bool = True
