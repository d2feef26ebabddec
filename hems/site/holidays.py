"""Holidays of a home: days, by its local calendar, on which it lives as on a Sunday."""

import re
from collections.abc import Iterable
from datetime import date

EPOCH = date(1970, 1, 1)


def as_day(value: object) -> date:
    """The day that a text such as 2026-12-25 names; a date stands for itself.

    Raises: ValueError that says how to write it.
    """
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no day of the calendar ({error}): correct it") from None
    raise ValueError(f"{value!r} is no date: write it as 2026-12-25")


def day_numbers(days: Iterable[date]) -> frozenset[int]:
    """The days as days since 1970-01-01, which forecasts count in."""
    return frozenset((day - EPOCH).days for day in days)
