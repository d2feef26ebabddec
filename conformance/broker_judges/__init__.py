"""The judges of a broker's run, registered under their numbers when this package is imported."""

from conformance import message_judges
from conformance.broker_judges import (
    awards,
    blocks,
    calls,
    contracts,
    log,
    orders,
    rejections,
    replies,
    reports,
    rounds,
    sealed,
    topics,
)

__all__ = [
    "awards",
    "blocks",
    "calls",
    "contracts",
    "log",
    "message_judges",
    "orders",
    "rejections",
    "replies",
    "reports",
    "rounds",
    "sealed",
    "topics",
]
