"""How long a home keeps what it has recorded, and the statements that remove a little of what is older.

Readings outlast a time series server that is away for weeks; money and decisions are there for more than a year.
"""

from collections.abc import Iterator
from typing import Any

from wire.slots import format_utc

DAY_S = 86_400
AT_ONCE = 100
KEEP_S = {
    ("readings", "at_s"): 30 * DAY_S,
    ("plans", "slot_s"): 62 * DAY_S,
    ("decisions", "slot_s"): 400 * DAY_S,
    ("health", "at_s"): 400 * DAY_S,
    ("spent", "slot_s"): 400 * DAY_S,
}
KEEP_MARKET_S = 400 * DAY_S
A_SLOT = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*"  # contracts and calls have other keys and stay


def deletions(now_s: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(statement, parameters) that remove at most `AT_ONCE` rows of each table."""
    for (table, column), keep_s in KEEP_S.items():
        old = f"SELECT rowid FROM {table} WHERE {column} < ? LIMIT {AT_ONCE}"
        yield f"DELETE FROM {table} WHERE rowid IN ({old})", (now_s - keep_s,)
    if now_s > KEEP_MARKET_S:
        old = f"SELECT rowid FROM market WHERE slot < ? AND slot GLOB ? LIMIT {AT_ONCE}"
        yield f"DELETE FROM market WHERE rowid IN ({old})", (format_utc(now_s - KEEP_MARKET_S), A_SLOT)
