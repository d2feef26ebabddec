"""Points of an invented community: realistic shapes from the declarations alone, the same every time."""

from collections.abc import Iterator

from dashboards.review.sample.homes import HOMES, home_points
from dashboards.review.sample.machines import machine_points
from dashboards.review.sample.markets import COMMUNITY, market_points
from dashboards.review.sample.storages import storage_points
from wire.telemetry import Point

NOW_S = 1_781_719_200
"""17 June 2026, 18:00 UTC, the end of the sample."""
HOURS = 50
AHEAD_H = 12


def sample(now_s: int = NOW_S, hours: int = HOURS) -> Iterator[Point]:
    """Points of three homes, their market and their machines, up to a moment; plans reach 12 hours further."""
    start_s = now_s - hours * 3600
    for home in HOMES:
        yield from home_points(home, start_s, now_s, now_s + AHEAD_H * 3600)
    yield from market_points([home.name for home in HOMES], start_s, now_s)
    yield from storage_points(COMMUNITY, [home.name for home in HOMES], start_s, now_s)
    yield from machine_points([home.name for home in HOMES], start_s, now_s)
