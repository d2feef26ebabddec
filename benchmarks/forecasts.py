"""Forecasts against naive ones on measured homes. `scripts/bench forecasts [FILE ...] [--quick | --cost-only]`."""

import argparse
import gzip
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.forecast_cost import cost
from benchmarks.forecast_sets import SUM_NAME, DataSet, chosen
from benchmarks.intraday import intraday_skill
from benchmarks.machine import table, write, write_section
from hems.commands.backtest_run import Request, backtest
from hems.forecasting.evaluation.metrics import ACTIVE_SHARE
from hems.forecasting.evaluation.raw_series import clean_series
from hems.forecasting.evaluation.rolling import Plan
from hems.forecasting.series import Series
from hems.io.series_file import read_series
from wire.slots import format_utc

GROUP = "household_id"
TEST_DAYS = 28
INTRADAY_DAYS = 7
COST = "Cost"
WHAT = """\
* Day ahead: issued at local midnight for 24 hours, 28 days from each start, a model trained every 7 days
  (`hems backtest`, [docs/forecasting.md](../../docs/forecasting.md)). Every number is the mean over homes and starts.
* **skill:** 1 - loss / loss of the best naive model of that home in those 28 days, chosen in hindsight.
  **reference:** the same of untuned boosted trees with lags and calendar, measured elsewhere on other weeks.
* **worst home:** the lowest skill of a home, mean over the starts (MAE / pinball).
* **in q10-q90:** nominal 80 %; **active hours:** in hours of the day in which half of the slots or more are
  not 0 (no nights of a roof); **hours off by:** the largest difference from 80 % of an active hour, mean over homes
  and starts.
* Hours ahead: a forecast at every slot for 4 hours, 7 days from each start, against persistence."""
HEAD = (
    "data",
    "starts",
    "nMAE",
    "pinball kW",
    "skill MAE",
    "reference",
    "skill pinball",
    "reference",
    "worst home",
    "in q10-q90",
    "active hours",
    "hours off by",
)


def summed(path: Path, target: str, folder: Path) -> Path:
    """A file with the sum of the homes, where all of them were measured."""
    homes = [clean_series(one, "load").series for one in read_series(path, target, GROUP).values()]
    total = np.sum([one.values_kw for one in homes], axis=0)
    first = homes[0]
    lines = [
        f"{format_utc(first.start_epoch_s + k * first.slot_s)},{SUM_NAME},{'' if np.isnan(value) else value}"
        for k, value in enumerate(total.tolist())
    ]
    made = folder / f"sum_of_{path.name}"
    made.write_bytes(gzip.compress("\n".join([f"time_utc,{GROUP},{target}", *lines, ""]).encode()))
    return made


def documents(one: DataSet, path: Path, starts: Sequence[date]) -> list[dict[str, Any]]:
    """The metrics of each start."""
    plan = Plan(kind=one.kind, timezone=one.timezone, issue_hour=0, horizon_hours=24, retrain_days=7)
    return [
        backtest(
            Request(
                path=path, target=one.target, group=GROUP, start=start, test_days=TEST_DAYS, plan=plan, processes=2
            )
        ).document
        for start in starts
    ]


def row(one: DataSet, found: Sequence[dict[str, Any]]) -> list[str]:
    """A line of the table."""
    means = [document["mean"] for document in found]
    covered, active = (
        np.mean([mean[key] for mean in means], axis=0) for key in ("coverage_80_by_hour", "active_by_hour")
    )
    mae_reference, pinball_reference = one.reference_skills
    return [
        one.name,
        ", ".join(str(document["start"]) for document in found),
        f"{fmean(mean['nmae'] for mean in means):.3f}",
        f"{fmean(mean['pinball']['mean'] for mean in means):.3f}",
        percent(fmean(mean["skill_mae"] for mean in means)),
        percent(mae_reference),
        percent(fmean(mean["skill_pinball"] for mean in means)),
        percent(pinball_reference),
        f"{percent(worst(found, 'skill_mae'))} / {percent(worst(found, 'skill_pinball'))}",
        percent(fmean(mean["coverage_80"] for mean in means)),
        percent(fmean(mean["coverage_80_active"] for mean in means)),
        percent(float(np.abs(covered - 0.8)[active >= ACTIVE_SHARE].max())),
    ]


def worst(found: Sequence[dict[str, Any]], key: str) -> float:
    """The lowest skill of a home, mean over the starts."""
    homes = dict.fromkeys(home for document in found for home in document["groups"])
    return min(
        fmean(d["groups"][home][key] for d in found if home in d["groups"] and d["groups"][home][key] is not None)
        for home in homes
    )


def intraday_row(one: DataSet, path: Path, starts: Sequence[date]) -> list[str]:
    """A line of the table of the hours ahead."""
    plan = Plan(kind=one.kind, timezone=one.timezone, issue_hour=0, horizon_hours=4, retrain_days=7)
    homes: dict[str, Series] = {
        name: clean_series(samples, one.kind).series for name, samples in read_series(path, one.target, GROUP).items()
    }
    found = [intraday_skill(homes, start, INTRADAY_DAYS, plan) for start in starts]
    by_hour = np.mean([hours for _, hours in found], axis=0)
    return [one.name, percent(fmean(overall for overall, _ in found)), *(percent(value) for value in by_hour)]


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.1f} %"


def main() -> None:
    """Backtests every set that is there and writes the tables."""
    parser = argparse.ArgumentParser(prog="scripts/bench forecasts", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="data that is not shipped, by the names of the table")
    parser.add_argument("--quick", action="store_true", help="the last start of each set only")
    parser.add_argument("--cost-only", action="store_true", help="time and memory only; the skills stay in the file")
    args = parser.parse_args()
    if args.cost_only:
        section = cost("forecasts --cost-only")
        print(section)
        print(write_section("forecasts", COST, section))
        return
    rows, hours, licences = [], [], []
    for one, path in chosen(args.files):
        starts = one.starts[-1:] if args.quick else one.starts
        with tempfile.TemporaryDirectory() as folder:
            used = summed(path, one.target, Path(folder)) if one.is_sum else path
            rows.append(row(one, documents(one, used, starts)))
            if one.kind == "load":
                hours.append(intraday_row(one, used, starts))
        licences.append(f"* {one.name}: {one.licence}.")
        print(table(HEAD, rows[-1:]), flush=True)
    day_ahead = table(HEAD, rows)
    hours_ahead = table(("data", "skill MAE, 0 to 4 h", "at 1 h", "2 h", "3 h", "4 h"), hours)
    command = "forecasts --quick" if args.quick else "forecasts"
    parts = [WHAT, "## Day ahead", day_ahead, "## Hours ahead", hours_ahead, "## Data", "\n".join(licences)]
    parts += [f"## {COST}", cost(command)]
    print(f"\n{day_ahead}\n\n{hours_ahead}")
    how = "the last start of each set only" if args.quick else "all starts"
    print(write("forecasts", how, parts, command))


if __name__ == "__main__":
    main()
