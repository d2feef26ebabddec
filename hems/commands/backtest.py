"""`hems backtest`: how good the shipped forecaster is on measured data, against naive ones."""

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPILOG = """examples:
  hems backtest homes.csv.gz --target load_kw --group household_id --timezone Europe/Berlin --output metrics.json
  hems backtest homes.csv.gz --target pv_kw --group household_id --timezone Europe/Berlin --report report.html

The file is CSV, gzip or not: time_utc (start of the interval, UTC) and numbers, an empty cell: nothing was measured.
exit status: 0 done; 2 the file or an option is wrong, nothing was written; 1 an internal failure"""

MAX_HORIZON_HOURS = 7 * 24
PROCESSES = 2


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "backtest",
        help="measure the forecaster on recorded data",
        description="Issue the forecasts that the energy manager would have issued, day after day, and score them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", metavar="DATA.csv[.gz]", type=Path, help="measured power of one or more homes")
    parser.add_argument("--target", required=True, metavar="COLUMN", help="what to forecast: load_kw, pv_kw, ...")
    parser.add_argument(
        "--group", metavar="COLUMN", help="column that names the home (default: the file is one home)"
    )
    parser.add_argument("--timezone", required=True, type=_zone, metavar="ZONE", help="clock of the homes")
    parser.add_argument(
        "--start", type=_day, metavar="DATE", help="first test day (default: the last days there are)"
    )
    parser.add_argument("--test-days", type=_count, default=28, metavar="N", help="days to test (default 28)")
    parser.add_argument("--horizon-hours", type=_horizon, default=24, metavar="H", help="hours ahead (default 24)")
    parser.add_argument("--issue-hour", type=_hour, default=0, metavar="H", help="local hour of issue (default 0)")
    parser.add_argument(
        "--retrain-days", type=_count, default=7, metavar="N", help="days that one trained model serves (default 7)"
    )
    parser.add_argument(
        "--history-days", type=_count, metavar="N", help="days of the past that are known (default all)"
    )
    parser.add_argument(
        "--holidays", type=Path, metavar="FILE", help="days lived as Sundays: one date such as 2026-12-25 per line"
    )
    parser.add_argument(
        "--temperature",
        metavar="COLUMN",
        help="outdoor temperature [degC] in the file, for forecasts of load: measured, so an optimistic weather "
        "forecast of the day ahead",
    )
    parser.add_argument("--processes", type=_count, default=PROCESSES, metavar="N", help="how many (default 2)")
    parser.add_argument("--output", type=Path, metavar="METRICS.json", help="write the metrics to this file")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of pictures to this file")
    parser.add_argument("--forecasts", action="store_true", help="put every forecast into the metrics too")
    parser.add_argument("--json", action="store_true", help="print the metrics on standard output, and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    from hems.commands.backtest_report.page import render
    from hems.commands.backtest_run import Request, backtest
    from hems.commands.backtest_table import forecasts_document, table
    from hems.forecasting.evaluation.rolling import Plan
    from hems.io.holiday_file import read_holidays
    from hems.site.finding import CaseError

    for place in (args.output, args.report):
        if place is not None and not _can_write(place):
            print(f"{place}: cannot be written; choose another place", file=sys.stderr)
            return 2
    try:
        holidays = frozenset() if args.holidays is None else read_holidays(args.holidays)
    except CaseError as error:
        print(error, file=sys.stderr)
        return 2
    plan = Plan(
        kind="pv" if args.target.startswith("pv") else "load",
        timezone=args.timezone,
        issue_hour=args.issue_hour,
        horizon_hours=args.horizon_hours,
        retrain_days=args.retrain_days,
        history_days=args.history_days,
        holidays=holidays,
    )
    request = Request(
        path=args.data,
        target=args.target,
        group=args.group,
        start=args.start,
        test_days=args.test_days,
        plan=plan,
        processes=args.processes,
        temperature=args.temperature,
    )
    try:
        found = backtest(request)
    except CaseError as error:
        print(error, file=sys.stderr)
        return 2
    document = found.document
    if args.forecasts:
        document = {**document, "forecasts": forecasts_document(found.issued)}
    text = json.dumps(document, allow_nan=False)
    if args.output is not None:
        args.output.write_text(text + "\n", encoding="utf-8")
    if args.report is not None:
        args.report.write_text(render(found), encoding="utf-8")
    print(text if args.json else table(document))
    return 0


def _can_write(path: Path) -> bool:
    """Whether the file can be made: better known before an hour of work than after."""
    if path.exists():
        return path.is_file() and os.access(path, os.W_OK)
    return path.parent.is_dir() and os.access(path.parent, os.W_OK)


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone; give one such as Europe/Berlin") from None
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2026-01-31") from None


def _count(text: str) -> int:
    return _whole(text, 1, 10_000)


def _hour(text: str) -> int:
    return _whole(text, 0, 23)


def _horizon(text: str) -> int:
    return _whole(text, 1, MAX_HORIZON_HOURS)


def _whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
    return int(text)
