"""The judges of a broker's run, registered under their numbers when this package is imported."""

from conformance.broker_judges import (
    contracts,
    frames,
    log,
    orders,
    rejections,
    reports,
    rounds,
    sealed,
    topics,
)

__all__ = ["contracts", "frames", "log", "orders", "rejections", "reports", "rounds", "sealed", "topics"]
