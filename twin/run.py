"""One run of the twin: forecasts, the three schemes and the optimum, on as many processes as asked for."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from hems.forecasting.series import Kind
from hems.forecasting.trained import Model
from twin.expectations import ForecastTable, TabledOutlook, forecast_table
from twin.foresight import ForecastOutlook, PerfectOutlook, first_models
from twin.optimum import Optimum, community_optimum
from twin.results import results
from twin.schemes.alone import Outlooks, run_alone, run_unmanaged, settings_for
from twin.schemes.trace import MECHANISM, MarketTrace, Trace
from twin.schemes.trading import TradingCommunity, shuffled
from twin.world import World

Foresight = Literal["real", "perfect"]
Tick = Callable[[str, int], None]
Models = dict[Kind, Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run is made; `shuffle_seed` mistreats messages (shuffled, `duplicate_share` of them twice).

    `futures` is over how many ways on a home plans beside the expected one; 0: over that one alone.
    """

    foresight: Foresight = "real"
    mechanism: str = MECHANISM
    seed: int = 1
    processes: int = 2
    futures: int = 0
    shuffle_seed: int | None = None
    duplicate_share: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything a run found out."""

    results: dict[str, Any]
    unmanaged: Trace
    alone: Trace
    market: MarketTrace
    optimum: Optimum


def run(world: World, options: RunOptions, tick: Tick | None = None) -> Run:
    """Runs a world under all schemes. `tick(stage, steps)` hears of progress; see `stages` for its totals."""
    return run_each(world, options, (options.mechanism,), tick)[options.mechanism]


def run_each(
    world: World, options: RunOptions, mechanisms: Sequence[str], tick: Tick | None = None
) -> dict[str, Run]:
    """Runs a world under each mechanism, in parallel; what does not depend on it is computed once.

    The `wall_s` of every run is that of all of them together.
    """
    begin = time.monotonic()
    with _pool(options.processes, tick) as pool:
        tables = _tables(world, options, pool)
        markets = {name: pool.submit(_market, world, replace(options, mechanism=name), tables) for name in mechanisms}
        alone = pool.submit(_alone, world, options, tables)
        unmanaged, optimum = run_unmanaged(world), community_optimum(world)
        traded = {name: market.result() for name, market in markets.items()}
        by_itself = alone.result()
    wall_s = time.monotonic() - begin
    runs = {}
    for name, market in traded.items():
        schemes = {"unmanaged": unmanaged, "ems": by_itself}
        found = results(world, schemes, market, optimum, seed=options.seed, foresight=options.foresight)
        found["wall_s"] = wall_s
        runs[name] = Run(results=found, unmanaged=unmanaged, alone=by_itself, market=market, optimum=optimum)
    return runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is computed beside a live community: the schemes it is compared with, and its homes' first models."""

    unmanaged: "Future[Trace]"
    alone: "Future[Trace]"
    models: dict[str, Models]


@contextmanager
def compared(world: World, options: RunOptions, tick: Tick | None = None) -> Iterator[Callable[[], Beside]]:
    """A function that waits for the homes' models and then has the other schemes computed in other processes."""
    with _pool(options.processes, tick) as pool:
        training = {
            twin.name: pool.submit(_first_models, world, index, options.seed)
            for index, twin in enumerate(world.homes)
        }

        def beside() -> Beside:
            models = {name: future.result() for name, future in training.items()}
            return Beside(
                unmanaged=pool.submit(run_unmanaged, world),
                alone=pool.submit(_alone_by_itself, world, options, models),
                models=models,
            )

        yield beside


def trained(world: World, seed: int, processes: int = 2) -> dict[str, Models]:
    """What every home has learned from its past before the run begins."""
    with _pool(processes, None) as pool:
        training = {
            twin.name: pool.submit(_first_models, world, index, seed) for index, twin in enumerate(world.homes)
        }
        return {name: future.result() for name, future in training.items()}


def stages(world: World, options: RunOptions, mechanisms: int = 1) -> dict[str, int]:
    """The stages of a run under so many mechanisms with their number of steps, in order."""
    slots = world.end - world.run_from
    forecasts = {"forecasts": slots * len(world.homes)} if options.foresight == "real" else {}
    return {**forecasts, "homes alone": slots, "community": slots * mechanisms}


def _tables(world: World, options: RunOptions, pool: ProcessPoolExecutor) -> dict[str, ForecastTable] | None:
    if options.foresight == "perfect":
        return None
    waiting = {t.name: pool.submit(_table, world, index, options) for index, t in enumerate(world.homes)}
    return {name: future.result() for name, future in waiting.items()}


def _outlooks(world: World, tables: dict[str, ForecastTable] | None) -> Outlooks:
    if tables is None:
        return {twin.name: PerfectOutlook(world, twin) for twin in world.homes}
    return {twin.name: TabledOutlook(world, twin, tables[twin.name]) for twin in world.homes}


_told: Any = None


def _start_worker(queue: Any) -> None:
    global _told
    os.environ["OMP_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers for all
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _told = queue


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _progress(stage: str) -> Callable[[int], None]:
    def tell(steps: int) -> None:
        if _told is not None:
            _told.put((stage, steps))

    return tell


def _table(world: World, index: int, options: RunOptions) -> ForecastTable:
    return forecast_table(
        world,
        world.homes[index],
        options.seed,
        settings_for(world).horizon_slots,
        futures=options.futures,
        progress=_progress("forecasts"),
    )


def _alone(world: World, _options: RunOptions, tables: dict[str, ForecastTable] | None) -> Trace:
    return run_alone(world, _outlooks(world, tables), _progress("homes alone"))


def _first_models(world: World, index: int, seed: int) -> Models:
    return first_models(world, world.homes[index], seed)


def _alone_by_itself(world: World, options: RunOptions, models: dict[str, Models]) -> Trace:
    outlooks = {t.name: ForecastOutlook(world, t, options.seed, models[t.name]) for t in world.homes}
    return run_alone(world, outlooks, _progress("homes alone"))


def _market(world: World, options: RunOptions, tables: dict[str, ForecastTable] | None) -> MarketTrace:
    disturbance = None
    if options.shuffle_seed is not None:
        disturbance = shuffled(options.shuffle_seed, options.duplicate_share)
    community = TradingCommunity(
        world, _outlooks(world, tables), options.seed, disturbance, mechanism=options.mechanism
    )
    return community.run(_progress("community"))


@contextmanager
def _pool(processes: int, tick: Tick | None) -> Any:
    """A pool of fresh processes with one solver thread each, and a thread that passes their progress on."""
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue()
    os.environ["OMP_NUM_THREADS"] = "1"
    listener = threading.Thread(target=_listen, args=(queue, tick), daemon=True)
    listener.start()
    try:
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_start_worker, initargs=(queue,)) as pool:
            try:
                yield pool
            except BaseException:
                for worker in multiprocessing.active_children():
                    worker.terminate()
                raise
    finally:
        queue.put(None)
        listener.join()


def _listen(queue: Any, tick: Tick | None) -> None:
    while (told := queue.get()) is not None:
        if tick is not None:
            tick(*told)
