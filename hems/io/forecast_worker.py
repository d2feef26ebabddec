"""Client of the forecast worker: starts the process, asks it to train, survives its death.

Only training goes to the worker. Predicting with a trained model is numpy and takes under a millisecond, so
`hems.forecasting.forecaster.best_forecast` does it in the calling process, and gives the seasonal forecast
while there is no model because training failed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hems.forecasting import model_file
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.local_days import NO_HOLIDAYS
from hems.forecasting.model import ModelError
from hems.forecasting.series import Forecast, Kind, Series
from hems.forecasting.series_json import series_to_json, temperature_to_json
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.trained import Model

COMMAND = (sys.executable, "-P", "-m", "hems.forecasting.worker")
LINE_BYTES_MAX = 64_000_000
KILL_WAIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFailed:
    """No model came back. `code`: not_enough_history, bad_input, bad_request, internal, timeout or died."""

    code: str
    message: str


class _WorkerDied(Exception):
    """The process ended before it answered."""


class ForecastWorker:
    """One worker process, started at the first request and again after each death; one request at a time."""

    def __init__(self, *, timeout_s: float = 60.0, command: Sequence[str] = COMMAND) -> None:
        self._timeout_s = timeout_s
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._requests = 0

    async def train(
        self,
        history: Series,
        *,
        timezone: str,
        seed: int,
        kind: Kind = "load",
        holidays: frozenset[int] = NO_HOLIDAYS,
        temperature: TemperatureSeries | None = None,
    ) -> Model | TrainingFailed:
        """A model trained on the history, or why there is none; tries a second time when the worker dies.

        `temperature` is the measured outdoor one of the history; None gives a model that looks at none.
        """
        request: dict[str, Any] = {
            "op": "train",
            "timezone": timezone,
            "seed": seed,
            "kind": kind,
            "holidays": sorted(holidays),
        }
        if temperature is not None:
            request["temperature"] = temperature_to_json(temperature)
        answer = await self._ask({**request, "history": series_to_json(history)})
        if isinstance(answer, TrainingFailed):
            return answer
        if "error" in answer:
            return TrainingFailed(code=str(answer.get("code")), message=str(answer["error"]))
        try:
            return model_file.from_text(answer["model"])
        except (ModelError, KeyError, TypeError) as error:
            return TrainingFailed(code="bad_input", message=f"worker sent no usable model: {error}")

    async def train_and_forecast(
        self,
        history: Series,
        start_epoch_s: int,
        n: int,
        *,
        timezone: str,
        seed: int,
        kind: Kind = "load",
        holidays: frozenset[int] = NO_HOLIDAYS,
        temperature: TemperatureSeries | None = None,
    ) -> Forecast:
        """Forecast of a model trained now; the seasonal forecast when the worker gives none."""
        trained = await self.train(
            history.until(start_epoch_s),
            timezone=timezone,
            seed=seed,
            kind=kind,
            holidays=holidays,
            temperature=temperature,
        )
        model = None if isinstance(trained, TrainingFailed) else trained
        return best_forecast(
            model, history, start_epoch_s, n, timezone=timezone, kind=kind, holidays=holidays, temperature=temperature
        )

    async def close(self) -> None:
        """Ends the process; the next request starts a new one."""
        async with self._lock:
            await self._end()

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any] | TrainingFailed:
        async with self._lock:
            for _ in range(2):
                try:
                    return await asyncio.wait_for(self._exchange(request), self._timeout_s)
                except _WorkerDied:
                    await self._end()
                except TimeoutError:
                    await self._end()
                    return TrainingFailed(code="timeout", message=f"no answer within {self._timeout_s} s")
                except BaseException:
                    # A late answer to a cancelled request would be taken for the next one's.
                    await self._end()
                    raise
            return TrainingFailed(code="died", message="the worker process ended twice without an answer")

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None, "started with pipes"
        self._requests += 1
        try:
            process.stdin.write(_line({**request, "id": self._requests}))  # megabytes, not held while it trains
            await process.stdin.drain()
            answer = json.loads(await process.stdout.readline())
        except (OSError, ValueError) as error:
            raise _WorkerDied from error
        if not isinstance(answer, dict) or answer.get("id") != self._requests:
            raise _WorkerDied
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE_BYTES_MAX,
                # One thread: the planner needs the other cores, and more do not pay on one home's data.
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await asyncio.wait_for(process.wait(), KILL_WAIT_S)


def _line(request: dict[str, Any]) -> bytes:
    return json.dumps(request, separators=(",", ":"), allow_nan=False).encode() + b"\n"
