"""What homes expect: forecasts from their own history, or their own future under perfect foresight."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.forecasting.continuations import continuations
from hems.forecasting.daily_paths import Record
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.hindsight import corrected
from hems.forecasting.issued import IssuedPaths, Measured
from hems.forecasting.model import NotEnoughHistoryError
from hems.forecasting.series import Forecast, Kind, Series, no_power
from hems.forecasting.signals import RHYTHMS, signal_median
from hems.forecasting.trained import Model, train
from hems.planning.futures.ways import ways_on
from hems.planning.outlook import ExpectedStay, Outlook, WayOn
from twin.world import TwinHome, World

Floats = NDArray[np.float64]


@dataclass(slots=True)
class ForecastOutlook:
    """Outlooks of one home from its measured past only; models are trained anew every local midnight."""

    world: World
    twin: TwinHome
    seed: int
    futures: int
    issued: IssuedPaths
    _models: dict[str, Model | None]
    _trained_day: int

    def __init__(
        self, world: World, twin: TwinHome, seed: int, models: Mapping[Kind, Model] | None = None, futures: int = 0
    ) -> None:
        self.world, self.twin, self.seed, self.futures = world, twin, seed, futures
        self.issued = IssuedPaths()
        self._models, self._trained_day = {}, -1
        if models is not None:
            self._models = {"load": models.get("load"), "pv": models.get("pv")}
            self._trained_day = twin.home.local_day(world.slot(world.run_from).start_s)

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """Expectations from `start_s` on, from slots that ended by `now_s`."""
        known = self.world.index_at(now_s)
        day = self.twin.home.local_day(now_s)
        if day != self._trained_day:
            self._trained_day = day
            self._models = {kind: self.trained(kind, known) for kind in ("load", "pv")}
        index = self.world.index_at(start_s)
        retail, feed_in = self.world.prices_from(index, slots)
        load = self._forecast("load", known, start_s, slots)
        pv = (
            self._forecast("pv", known, start_s, slots)
            if self._history("pv", known).values_kw.any()
            else no_power(load)
        )
        measured = Measured(load=self._history("load", known), pv=self._history("pv", known))
        now = corrected(load, pv, self.issued, measured)
        return Outlook(
            start_s=start_s,
            base_kw=now.load.mean_kw,
            pv_kw=now.pv.mean_kw,
            ways_on=self._ways_on(now.load, now.pv, measured),
            net_errors_kw=now.net_errors_kw,
            retail_per_kwh=retail,
            feed_in_per_kwh=feed_in,
            signals=expected_signals(self.twin, self.world, min(known, index), index, slots),
        )

    def _history(self, kind: Kind, known: int) -> Series:
        values = self.twin.load_kw if kind == "load" else self.twin.pv_kw
        first = self.world.first
        return Series(start_epoch_s=first.start_s, slot_s=first.duration_s, values_kw=values[:known])

    def trained(self, kind: Kind, known: int) -> Model | None:
        """A model of the first `known` slots; None when they are too few, or all 0."""
        history = self._history(kind, known)
        if not history.values_kw.any():
            return None
        try:
            return train(history, slot_s=history.slot_s, timezone=self.twin.home.timezone, seed=self.seed, kind=kind)
        except NotEnoughHistoryError:
            return None

    def _forecast(self, kind: Kind, known: int, start_s: int, slots: int) -> Forecast:
        return best_forecast(
            self._models[kind],
            self._history(kind, known),
            start_s,
            slots,
            timezone=self.twin.home.timezone,
            kind=kind,
        )

    def _ways_on(self, load: Forecast, pv: Forecast, measured: Measured) -> tuple[WayOn, ...]:
        if self.futures == 0:
            return ()
        paths = continuations(load, pv, self.issued, measured, timezone=self.twin.home.timezone)
        return ways_on(paths, self.futures)


def first_models(world: World, twin: TwinHome, seed: int) -> dict[Kind, Model]:
    """The models of a home on the morning of the first simulated slot, from its history alone."""
    source = ForecastOutlook(world, twin, seed)
    kinds: tuple[Kind, ...] = ("load", "pv")
    trained = {kind: source.trained(kind, world.run_from) for kind in kinds}
    return {kind: model for kind, model in trained.items() if model is not None}


@dataclass(frozen=True, slots=True)
class PerfectOutlook:
    """Outlooks of a home that knows its own load, generation and sessions; prices only as far as they are known."""

    world: World
    twin: TwinHome

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """The home's own future from `start_s` on; beyond the end of the data the last day goes on."""
        index = self.world.index_at(start_s)
        retail, feed_in = self.world.prices_from(index, slots)
        return Outlook(
            start_s=start_s,
            base_kw=_continued(self.twin.load_kw, self.world, index, slots),
            pv_kw=_continued(self.twin.pv_kw, self.world, index, slots),
            retail_per_kwh=retail,
            feed_in_per_kwh=feed_in,
            stays={unit: self._coming(unit, start_s) for unit in self.twin.stays},
            signals={name: _continued(v, self.world, index, slots) for name, v in self.twin.signals.items()},
        )

    def _coming(self, unit: str, start_s: int) -> tuple[ExpectedStay, ...]:
        width = self.world.first.duration_s
        return tuple(
            ExpectedStay(
                arrival_slot=-(-(stay.arrival_s - start_s) // width),
                departure_slot=-(-(stay.departure_s - start_s) // width),
                energy_kwh=stay.energy_kwh,
            )
            for stay in self.twin.stays[unit]
            if stay.arrival_s > start_s and -(-stay.departure_s // width) > -(-stay.arrival_s // width)
        )


def _continued(values: Floats, world: World, index: int, slots: int) -> Floats:
    per_day = 86_400 // world.first.duration_s
    wanted = np.arange(index, index + slots)
    late = wanted >= len(values)
    wanted[late] -= -(-(wanted[late] - len(values) + 1) // per_day) * per_day
    return values[wanted]


def expected_signals(twin: TwinHome, world: World, known: int, index: int, slots: int) -> dict[str, Floats]:
    """What sensors will tell (weather, light, presence) from the slot at `index` on, from the first `known` slots."""
    first, start_s = world.first, world.slot(index).start_s
    expected = {}
    for name, values in twin.signals.items():
        if name.rpartition(".")[2] not in RHYTHMS:
            continue
        record = Record(start_s=first.start_s, slot_s=first.duration_s, values=values[:known])
        median = signal_median(name, record, start_s, slots, twin.home.timezone)
        last = float(record.values[-1]) if known else 0.0
        # Before there is a like day the last value goes on.
        expected[name] = np.full(slots, last) if median is None else np.where(np.isnan(median), last, median)
    return expected
