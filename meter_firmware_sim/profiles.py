"""Load profiles of a site: phase powers [W, from the grid positive] as pure functions of time and seed."""

from collections.abc import Callable
from math import cos, pi

from meter_firmware_sim.noise import hashed

DAY_S = 86_400
KETTLE_W = 2200.0
KETTLE_EVERY_S, KETTLE_FOR_S = 1800, 180
BASE_W = 180.0
PV_PEAK_W = 5000.0
PhasePowers = tuple[float, float, float]


def kettle(epoch_s: float, seed: int) -> PhasePowers:
    """A kettle of 2.2 kW on phase A that boils 3 minutes of every 30, on top of a base load."""
    on = (epoch_s + hashed(seed, 0, KETTLE_EVERY_S)) % KETTLE_EVERY_S < KETTLE_FOR_S
    return (BASE_W + (KETTLE_W if on else 0.0), 0.0, 0.0)


def home(epoch_s: float, seed: int) -> PhasePowers:
    """A home: base load with a morning and an evening peak, cooking on B and C, and the kettle."""
    hour = epoch_s % DAY_S / 3600
    evening = 1200.0 * _bump(hour, 19.0, 3.0)
    base, _, _ = kettle(epoch_s, seed)
    flicker = hashed(seed, int(epoch_s) // 60, 30)
    return (base + flicker + 400.0 * _bump(hour, 7.5, 2.0), 60.0 + evening, 60.0 + evening / 2)


def pv(epoch_s: float, seed: int) -> PhasePowers:
    """Three-phase photovoltaics of 5 kW with passing clouds: export in daytime, nothing at night."""
    power_w = -PV_PEAK_W * sunshine(epoch_s, seed)
    return (power_w / 3, power_w / 3, power_w / 3)


def sunshine(epoch_s: float, seed: int) -> float:
    """The share of their peak that photovoltaics give, with passing clouds."""
    clouds = 0.75 + hashed(seed, int(epoch_s) // 300, 250) / 1000
    return clouds * _bump(epoch_s % DAY_S / 3600, 12.5, 7.0)


def prosumer(epoch_s: float, seed: int) -> PhasePowers:
    """The home and the photovoltaics behind one meter."""
    a, b, c = (load + sun for load, sun in zip(home(epoch_s, seed), pv(epoch_s, seed), strict=True))
    return a, b, c


def idle(epoch_s: float, seed: int) -> PhasePowers:
    """Nothing is on."""
    return (0.0, 0.0, 0.0)


PROFILES: dict[str, Callable[[float, int], PhasePowers]] = {
    "kettle": kettle,
    "home": home,
    "pv": pv,
    "prosumer": prosumer,
    "idle": idle,
}


def _bump(hour: float, centre: float, half_width: float) -> float:
    """Bell of height 1 that is 0 beyond `half_width` hours from its centre."""
    distance = abs(hour - centre) / half_width
    return 0.0 if distance >= 1 else (1 + cos(pi * distance)) / 2
