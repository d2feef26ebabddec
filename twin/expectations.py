"""Forecasts of all homes for a whole run, made once and shared by the schemes: same expectations on both sides."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.forecasting.issued import KEEP_DAYS, NEAR_SLOTS
from hems.planning.outlook import Outlook, WayOn
from twin.foresight import ForecastOutlook, expected_signals
from twin.world import TwinHome, World

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastTable:
    """What a home expected at the start of every simulated slot: load, generation [kW], each (slots, horizon).

    `ways_on` has what may come instead, per slot.
    """

    base_kw: Floats
    pv_kw: Floats
    ways_on: tuple[tuple[WayOn, ...], ...]


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
            net_errors_kw=self._net_errors_kw(row),
            ways_on=self.table.ways_on[row],
        )

    def _net_errors_kw(self, row: int) -> Floats:
        """How wrong the first slot was in the last hours and at this time of day, as a home remembers it.

        The slot before is still running when the order is made.
        """
        per_day, first = self.world.slots_per_day, self.world.run_from
        near = np.arange(-NEAR_SLOTS, NEAR_SLOTS + 1)
        days = np.arange(1, KEEP_DAYS + 1)
        rows = np.concatenate([row - np.arange(2, NEAR_SLOTS + 2), (row - days[:, None] * per_day + near).ravel()])
        rows = np.unique(rows[rows >= 0])
        measured = self.twin.load_kw[first + rows] - self.twin.pv_kw[first + rows]
        return np.asarray(measured - (self.table.base_kw[rows, 0] - self.table.pv_kw[rows, 0]))


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
    base, pv, ways = np.zeros((count, horizon)), np.zeros((count, horizon)), list[tuple[WayOn, ...]]()
    for row in range(count):
        start_s = world.slot(world.run_from + row).start_s
        outlook = source.outlook(start_s, start_s, horizon)
        base[row], pv[row] = outlook.base_kw, outlook.pv_kw
        ways.append(outlook.ways_on)
        if progress is not None:
            progress(1)
    return ForecastTable(base_kw=base, pv_kw=pv, ways_on=tuple(ways))
