"""Connections to MQTT servers, the same for every program: they come back by themselves and end when told to."""

from mqtt.cancelling import heed_cancel, together
from mqtt.staying import first_cause, stay_connected

__all__ = ["first_cause", "heed_cancel", "stay_connected", "together"]
