"""Shapes of a day: sun, load, prices, charge. Pure functions of the time, no randomness."""

import math

DAY_S = 86_400
SLOT_S = 900
PULSE_S = 300
"""Time between points that a real program writes every minute; fewer keep the sample small."""


def hour(at_s: int) -> float:
    """Hour of the day in UTC, 0 to 24."""
    return at_s % DAY_S / 3600


def ripple(at_s: int, period_s: float, phase: float = 0.0) -> float:
    """A wave between -1 and 1."""
    return math.sin(2 * math.pi * at_s / period_s + phase)


def bump(at_s: int, centre_h: float, width_h: float) -> float:
    """A peak of the day, 0 to 1."""
    return math.exp(-(((hour(at_s) - centre_h) / width_h) ** 2))


def sun(at_s: int) -> float:
    """Share of the peak that a roof gives, 0 to 1, with passing clouds."""
    height = math.sin(math.pi * (hour(at_s) - 4) / 16) if 4 < hour(at_s) < 20 else 0.0
    return max(0.0, height * (0.85 + 0.15 * ripple(at_s, 4100)))


def load_kw(at_s: int, phase: float) -> float:
    """Load of a home beside its devices [kW]."""
    return 0.25 + 0.9 * bump(at_s, 7.5, 1.2) + 1.4 * bump(at_s, 19, 1.8) + 0.1 * (1 + ripple(at_s, 2900, phase))


def battery_kw(at_s: int, phase: float) -> float:
    """Power into a battery: charged at noon, discharged in the evening [kW]."""
    return (
        2.2 * bump(at_s, 12, 2)
        - 1.5 * bump(at_s, 20, 2.2)
        - 0.8 * bump(at_s, 7, 1)
        + 0.05 * ripple(at_s, 1700, phase)
    )


def charge(at_s: int) -> float:
    """State of charge that goes with it, 0 to 1."""
    return 0.15 + 0.75 / (1 + math.exp(-(hour(at_s) - 12) * 0.9)) - 0.75 / (1 + math.exp(-(hour(at_s) - 20) * 1.2))


def retail(at_s: int) -> float:
    """Price of energy from the grid [currency/kWh]."""
    return 0.29 + 0.09 * bump(at_s, 19, 2.5) + 0.05 * bump(at_s, 8, 1.5) - 0.05 * bump(at_s, 13, 3)


FEED_IN = 0.08


def local(at_s: int) -> float:
    """Price of the local market, between feed-in and retail [currency/kWh]."""
    return FEED_IN + (retail(at_s) - FEED_IN) * (0.65 - 0.45 * sun(at_s))


def slots(start_s: int, end_s: int) -> range:
    """Starts of the slots in a range of time."""
    return range(start_s - start_s % SLOT_S, end_s, SLOT_S)
