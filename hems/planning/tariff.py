"""Tariff and Exchange: what energy over the connection costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """An adder [currency/kWh] on the import energy of the horizon above a threshold [kWh]."""

    above_kwh: float
    adder_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices [currency/kWh], arrays of shape (n,); `tiers` add up, demand is charged above `peak_so_far_kw`."""

    import_price_per_kwh: Floats
    export_price_per_kwh: Floats
    demand_charge_per_kw: float = 0.0
    peak_so_far_kw: float = 0.0
    tiers: tuple[Tier, ...] = ()
    co2_g_per_kwh: Floats | None = None  # None: no emission factor is known, nothing is charged
    co2_price_per_kg: float = 0.0
    imported_so_far_kwh: float = 0.0

    def co2_per_kwh(self, slots: int) -> Floats:
        """Charge for emissions of one imported kWh [currency/kWh], shape (n,)."""
        if self.co2_g_per_kwh is None:
            return np.zeros(slots)
        return np.asarray(self.co2_g_per_kwh * (self.co2_price_per_kg / 1000.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Convex piecewise-linear cost of the net exchange: prices (n, S) ascending, breakpoints [kW] (n, S-1) ascending.

    The marginal price of net power g in slot k is `prices[k, j]` for `breakpoints[k, j-1] < g < breakpoints[k, j]`;
    nothing exchanged costs nothing.
    """

    prices_per_kwh: Floats
    breakpoints_kw: Floats

    def edges_kw(self) -> tuple[Floats, Floats]:
        """Lower and upper end of each price step [kW], both (n, S), the outer ends infinite."""
        outer = np.full((len(self.prices_per_kwh), 1), np.inf)
        return np.hstack([-outer, self.breakpoints_kw]), np.hstack([self.breakpoints_kw, outer])

    def cost_per_h(self, net_kw: Floats) -> Floats:
        """Cost of holding `net_kw` (n,) for an hour [currency/h], shape (n,)."""
        low, high = self.edges_kw()
        from_zero = np.clip(net_kw[:, None], low, high) - np.clip(0.0, low, high)
        return np.asarray((self.prices_per_kwh * from_zero).sum(axis=1))


def two_steps(tariff: Tariff) -> Exchange:
    """The tariff as an exchange with its one step at zero (not convex where export pays more)."""
    prices = np.stack([tariff.export_price_per_kwh, tariff.import_price_per_kwh], axis=1)
    return Exchange(prices_per_kwh=prices, breakpoints_kw=np.zeros((len(prices), 1)))
