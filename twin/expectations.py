"""Forecasts of all homes for a whole run, made once and shared by the schemes: same expectations on both sides."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.outlook import Outlook, WayOn
from twin.foresight import ForecastOutlook, expected_signals
from twin.world import TwinHome, World

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastTable:
    """What a home expected at the start of every simulated slot: load, generation [kW], each (slots, horizon).

    Per slot `ways_on` has what may come instead, and `net_errors_kw` how wrong next slots like it were.
    """

    base_kw: Floats
    pv_kw: Floats
    ways_on: tuple[tuple[WayOn, ...], ...]
    net_errors_kw: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class TabledOutlook:
    """The outlooks of one home out of its table."""

    world: World
    twin: TwinHome
    table: ForecastTable

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """Expectations made for `start_s` at `start_s`; `now_s` is not needed, the table was made with it."""
        index = self.world.index_at(start_s)
        row = index - self.world.run_from
        retail, feed_in = self.world.prices_from(index, slots)
        return Outlook(
            start_s=start_s,
            base_kw=self.table.base_kw[row, :slots].astype(np.float64),
            pv_kw=self.table.pv_kw[row, :slots].astype(np.float64),
            retail_per_kwh=retail,
            feed_in_per_kwh=feed_in,
            signals=expected_signals(self.twin, self.world, index, index, slots),
            net_errors_kw=self.table.net_errors_kw[row],
            ways_on=self.table.ways_on[row],
        )


def forecast_table(
    world: World,
    twin: TwinHome,
    seed: int,
    horizon: int,
    *,
    futures: int = 0,
    progress: Callable[[int], None] | None = None,
) -> ForecastTable:
    """The forecasts of one home at the start of every simulated slot, each from the past only."""
    source = ForecastOutlook(world, twin, seed, futures=futures)
    count = world.end - world.run_from
    base, pv = np.zeros((count, horizon)), np.zeros((count, horizon))
    ways, errors = list[tuple[WayOn, ...]](), list[Floats]()
    for row in range(count):
        start_s = world.slot(world.run_from + row).start_s
        outlook = source.outlook(start_s, start_s, horizon)
        base[row], pv[row] = outlook.base_kw, outlook.pv_kw
        ways.append(outlook.ways_on)
        errors.append(outlook.net_errors_kw)
        if progress is not None:
            progress(1)
    return ForecastTable(base_kw=base, pv_kw=pv, ways_on=tuple(ways), net_errors_kw=tuple(errors))
