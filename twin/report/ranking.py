"""Mechanisms of a comparison in the order of what they are worth."""

from collections.abc import Mapping
from typing import Any

Column = Mapping[str, Any]


def gained(column: Column) -> float:
    """What homes save, and what the community account is left with: an account that pays in makes nobody richer."""
    return float(column["saved"] + column["operator_balance"])


def ranked(found: Mapping[str, Any]) -> list[Column]:
    """The mechanisms, the one that leaves homes and community account most first."""
    return sorted(found["mechanisms"].values(), key=lambda c: (round(-gained(c), 6), c["title"]))


def currency_of(found: Mapping[str, Any]) -> str:
    """The currency by name, "currency" where nobody named it."""
    return str(found["currency"] or "currency")
