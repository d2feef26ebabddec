"""A whole backtest: every home of a file, forecast day after day by two processes, as one document."""

import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from hems.forecasting.evaluation.raw_series import CleanSeries, UnusableSeriesError, clean_series, unlike_peers
from hems.forecasting.evaluation.raw_temperature import temperature_series
from hems.forecasting.evaluation.rolling import Issued, Plan, blocks, issue_epoch_s, issued_forecasts
from hems.forecasting.evaluation.summary import group_result, mean_document, metrics_document
from hems.forecasting.local_days import local_slots
from hems.forecasting.series import Series
from hems.forecasting.temperature import TemperatureSeries
from hems.io.series_file import SeriesFileError, read_series
from hems.site.finding import Finding

TERMINAL_EVERY_S = 0.5  # between two looks of the progress bar; elsewhere a line now and then
LINE_EVERY_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to backtest; `start` None: the last `test_days` of each home, `group` None: the file is one series.

    `temperature` names a column of measured outdoor temperature; None: the forecaster is not told any.
    """

    path: Path
    target: str
    group: str | None
    start: date | None
    test_days: int
    plan: Plan
    processes: int
    temperature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """The document of a backtest and the forecasts it is made from, by home."""

    document: dict[str, Any]
    issued: Mapping[str, Sequence[Issued]]


def backtest(request: Request) -> Backtest:
    """The backtest of a file; a home that cannot be evaluated is left out and named with the reason.

    Raises: SeriesFileError when the file, or every home in it, cannot be used.
    """
    began = time.perf_counter()
    homes, handled, left_out = _cleaned(request)
    days = {name: _test_days(one.series, request) for name, one in homes.items()}
    temperatures = _temperatures({name: one.series for name, one in homes.items()}, handled, request)
    issued = _all_issued({name: one.series for name, one in homes.items()}, temperatures, days, request)
    groups = {}
    for name, forecasts in issued.items():
        result = group_result(forecasts, _mean_kw(homes[name].series)) if forecasts else None
        if result is None:
            left_out[name] = _nothing_to_score(homes[name].series, request)
            continue
        groups[name] = metrics_document(result)
        handled[name] += _short_sentences(forecasts, days[name], request)
    if not groups:
        raise _unusable(request, left_out)
    document = {
        "data": request.path.name,
        "target": request.target,
        "kind": request.plan.kind,
        "timezone": request.plan.timezone,
        "horizon_hours": request.plan.horizon_hours,
        "issue_hour": request.plan.issue_hour,
        "start": None if request.start is None else request.start.isoformat(),
        "test_days": request.test_days,
        "retrain_days": request.plan.retrain_days,
        "history_days": request.plan.history_days,
        "temperature": request.temperature,
        "holidays": len(request.plan.holidays),
        "groups": groups,
        "mean": mean_document(list(groups.values())),
        "handled": {name: sentences for name, sentences in handled.items() if sentences},
        "left_out": left_out,
        "wall_s": time.perf_counter() - began,
    }
    return Backtest(document=document, issued={name: issued[name] for name in groups})


def _cleaned(request: Request) -> tuple[dict[str, CleanSeries], dict[str, list[str]], dict[str, str]]:
    """Homes on slots, what was handled in each, and which are left out and why."""
    homes: dict[str, CleanSeries] = {}
    left_out: dict[str, str] = {}
    for name, samples in read_series(request.path, request.target, request.group).items():
        try:
            homes[name] = clean_series(samples, request.plan.kind)
        except UnusableSeriesError as error:
            left_out[name] = str(error)
    if not homes:
        raise _unusable(request, left_out)
    handled = {name: list(one.handled) for name, one in homes.items()}
    means_kw = {name: _mean_kw(one.series) for name, one in homes.items()}
    for name, sentence in unlike_peers(means_kw).items():
        handled[name].append(sentence)
    return homes, handled, left_out


def _temperatures(
    homes: Mapping[str, Series], handled: Mapping[str, list[str]], request: Request
) -> dict[str, TemperatureSeries]:
    """The measured outdoor temperature of each home by name, empty when none is asked for."""
    if request.temperature is None:
        return {}
    found = {}
    samples = read_series(request.path, request.temperature, request.group)
    for name, load in homes.items():
        found[name], sentences = temperature_series(samples[name], load)
        handled[name].extend(sentences)
    return found


def _mean_kw(series: Series) -> float:
    return float(np.nanmean(series.values_kw))


def _test_days(series: Series, request: Request) -> list[date]:
    """The days on which forecasts are issued: at least a day after the first value, none without values after it."""
    plan = request.plan
    first, last = (
        local_slots(at_s, series.slot_s, 1, plan.timezone).day[0]
        for at_s in (series.start_epoch_s, series.end_epoch_s - series.slot_s)
    )
    whole = [
        day
        for day in (date(1970, 1, 1) + timedelta(days=int(k)) for k in range(first, last + 1))
        if issue_epoch_s(day, plan.issue_hour, plan.timezone) >= series.start_epoch_s + 24 * 3600
        and issue_epoch_s(day, plan.issue_hour, plan.timezone) + plan.horizon_hours * 3600 <= series.end_epoch_s
    ]
    if request.start is None:
        return whole[-request.test_days :]
    end = request.start + timedelta(days=request.test_days)
    return [day for day in whole if request.start <= day < end]


def _all_issued(
    homes: Mapping[str, Series],
    temperatures: Mapping[str, TemperatureSeries],
    days: Mapping[str, Sequence[date]],
    request: Request,
) -> dict[str, list[Issued]]:
    """The forecasts of every home in order of time; one task is one model and the days it serves."""
    tasks = [
        (name, run)
        for name in homes
        for run in ([] if not days[name] else blocks(days[name][0], len(days[name]), request.plan.retrain_days))
    ]
    done: dict[str, list[Issued]] = {name: [] for name in homes}
    with (
        _bar(sum(len(run) for _, run in tasks)) as bar,
        ProcessPoolExecutor(max_workers=max(1, min(request.processes, len(tasks)))) as pool,
    ):
        running = {
            pool.submit(
                issued_forecasts, _needed(homes[name], run, request), run, request.plan, temperatures.get(name)
            ): (name, run)
            for name, run in tasks
        }
        for task in as_completed(running):
            name, run = running[task]
            done[name] += task.result()
            bar.update(len(run))
    return {name: sorted(forecasts, key=_issue) for name, forecasts in done.items()}


def _needed(series: Series, run: Sequence[date], request: Request) -> Series:
    """The series up to the end of the last forecast of a run: a process is not even handed what comes later."""
    plan = request.plan
    last_s = issue_epoch_s(run[-1], plan.issue_hour, plan.timezone) + (plan.horizon_hours + 1) * 3600
    return series.until(last_s)


def _issue(one: Issued) -> int:
    return one.issued_epoch_s


def _bar(total: int) -> "tqdm[Any]":
    interval_s = TERMINAL_EVERY_S if sys.stderr.isatty() else LINE_EVERY_S
    return tqdm(total=total, desc="backtest", unit=" home-days", file=sys.stderr, mininterval=interval_s)


def _short_sentences(issued: Sequence[Issued], days: Sequence[date], request: Request) -> list[str]:
    """What the test days lack: days that are not there, forecasts without a trained model."""
    found = []
    if len(days) < request.test_days:
        found.append(
            f"{len(days)} of {request.test_days} test days, {days[0]} to {days[-1]}: "
            "the others have no measured day before them or end after the data"
        )
    for source, meaning in (("seasonal", "the forecast from like days"), ("cold_start", "a typical profile")):
        count = sum(one.source == source for one in issued)
        if count:
            found.append(f"{count} of {len(issued)} forecasts are {meaning}: too little history to train on")
    if len(days) > len(issued):
        found.append(f"{len(days) - len(issued)} of {len(days)} test days have no value and are left out")
    return found


def _nothing_to_score(series: Series, request: Request) -> str:
    first, last = (
        date(1970, 1, 1) + timedelta(days=int(local_slots(at_s, series.slot_s, 1, request.plan.timezone).day[0]))
        for at_s in (series.start_epoch_s, series.end_epoch_s - series.slot_s)
    )
    return (
        "no test day has values and a measured day before it; choose --start, --test-days and --horizon-hours so "
        f"that they fit, the data run from {first} to {last}"
    )


def _unusable(request: Request, left_out: Mapping[str, str]) -> SeriesFileError:
    findings = []
    for name, why in left_out.items():
        wrong, _, remedy = why.partition("; ")
        where = f"column {request.target}" + ("" if request.group is None else f" of {request.group} {name}")
        findings.append(Finding(where=where, wrong=wrong, remedy=remedy))
    return SeriesFileError(str(request.path), findings)
