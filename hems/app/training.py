"""Training the forecasts of a home once a day, in a process of its own."""

import asyncio
import logging
from pathlib import Path

from hems.control.drift_watch import DriftWatch
from hems.control.history import History
from hems.control.live_outlook import LiveOutlook
from hems.forecasting.drift import drift
from hems.forecasting.series import Kind
from hems.io.forecast_worker import ForecastWorker, TrainingFailed
from hems.io.model_store import load_model, save_model
from hems.site.home import Home

LOG = logging.getLogger(__name__)
KINDS: tuple[Kind, ...] = ("load", "pv")
SEED = 1


class DailyTraining:
    """Trains the models of an outlook in the worker, and keeps them in a folder. `running` is the newest training."""

    def __init__(
        self, folder: Path, history: History, outlook: LiveOutlook, *, home: Home, holidays: frozenset[int]
    ) -> None:
        self._folder, self._history, self._outlook = folder, history, outlook
        self._home, self._holidays = home, holidays
        self._worker = ForecastWorker()
        self._drift = DriftWatch()
        self._day: int | None = None
        self.running: asyncio.Task[None] | None = None

    def begin(self, now_s: int, step: asyncio.Lock | None) -> "asyncio.Task[None] | None":
        """The training that is due on this day, None when there is none or it was started before.

        It waits until the running `step` is over: its plan and what the worker is sent would be too much at once.
        """
        day = self._home.local_day(now_s)
        if day == self._day:
            return None
        is_first, self._day = self._day is None, day
        if is_first and self._restored(day):
            return None
        self.running = asyncio.create_task(self._train_after(step, now_s))
        return self.running

    async def close(self) -> None:
        """Ends the worker."""
        await self._worker.close()

    def _restored(self, day: int) -> bool:
        """Takes the stored models; true when one was trained on this day: today's training is done then."""
        for kind in KINDS:
            model = load_model(self._folder, kind)
            if model is not None:
                self._outlook.models[kind] = model
        return any(self._home.local_day(m.trained_until_epoch_s) == day for m in self._outlook.models.values())

    async def _train_after(self, step: asyncio.Lock | None, now_s: int) -> None:
        if step is not None:
            async with step:
                pass
        await self._train(now_s)

    async def _train(self, now_s: int) -> None:
        past = self._history.series(now_s)
        if past is None:
            return
        self._drift.update(drift(past[0]))
        for kind, series in zip(KINDS, past, strict=True):
            if not (series.values_kw > 0).any():
                continue
            trained = await self._worker.train(
                series,
                timezone=self._home.timezone,
                seed=SEED,
                kind=kind,
                holidays=self._holidays,
                temperature=self._outlook.signals.outdoor(now_s) if kind == "load" else None,
            )
            if isinstance(trained, TrainingFailed):
                LOG.info("forecast of %s: %s, the seasonal one serves", kind, trained.message)
            else:
                self._outlook.models[kind] = trained
                save_model(self._folder, kind, trained)
        await self._worker.close()
