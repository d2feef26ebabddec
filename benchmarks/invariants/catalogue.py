"""All checks, in the order of the catalogue of mechanisms."""

from benchmarks.invariants import (
    auctions,
    coalitions,
    contracts,
    day_blocks,
    donation,
    given_price,
    losses,
    questions,
    settlements,
    sharing,
    storage,
)
from benchmarks.invariants.check import Check
from broker.mechanisms.catalogue import MECHANISMS

KINDS = (
    auctions,
    given_price,
    questions,
    losses,
    sharing,
    donation,
    coalitions,
    day_blocks,
    contracts,
    storage,
    settlements,
)


def all_checks() -> list[Check]:
    """Every check, each with a name of its own; a mechanism of the catalogue has at least one."""
    places = {name: place for place, name in enumerate(MECHANISMS)}
    return sorted((check for kind in KINDS for check in kind.checks()), key=lambda check: places[check.mechanism])
