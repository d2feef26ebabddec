"""The judges of a meter's run, registered under their numbers when this package is imported."""

from conformance import message_judges
from conformance.meter_judges import connection, orders, reports, resending, sealed, witnesses

__all__ = ["connection", "message_judges", "orders", "reports", "resending", "sealed", "witnesses"]
