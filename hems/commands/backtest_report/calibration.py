"""Pictures of calibration and of the error by hour."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hems.commands.backtest_report.fans import legend
from hems.commands.backtest_report.plot import Axis, Band, Dots, Line, Shape, plot, value_axis
from hems.forecasting.evaluation.day_scores import DayScore, mae_by_hour
from hems.forecasting.evaluation.metrics import ACTIVE_SHARE
from hems.forecasting.evaluation.rolling import Issued
from hems.forecasting.series import FloatArray
from web.charts.markup import Markup, tag

HOUR_AXIS = Axis(low=0.0, high=24.0, ticks=tuple((float(h), f"{h:02d}:00") for h in range(0, 25, 6)))
SHARE_AXIS = Axis(low=0.0, high=1.0, ticks=tuple((k / 5, f"{20 * k} %") for k in range(6)))
DAY_TICKS = 7
AIM = (0.77, 0.83)  # of the share in q10..q90


def calibration_section(document: Mapping[str, Any]) -> Markup:
    """Measured against nominal shares, and the share in q10..q90 by hour of the day."""
    groups = document["groups"].values()
    return tag(
        "section",
        tag("h2", "Calibration"),
        tag(
            "p",
            "Left: the share of values below each quantile; on the dotted line it is what the quantile says. "
            "Right: the share inside q10 to q90 by local hour; 80 % is the aim. Thin lines are single homes. Hours "
            "in which most slots are 0 are left out.",
            class_="soft",
        ),
        legend([("model", "mean of the homes"), ("nominal", "as it should be"), ("aim", "77 to 83 %")]),
        tag(
            "div",
            tag("figure", _reliability([one["share_below"] for one in groups], document["mean"]["share_below"])),
            tag(
                "figure",
                _coverage([_active(one) for one in groups], _active(document["mean"])),
            ),
            class_="pictures",
        ),
    )


def errors_section(
    issued: Mapping[str, Sequence[Issued]], naive_of: Mapping[str, str], days: Sequence[DayScore]
) -> Markup:
    """Error by local hour and loss by test day, mean of the homes, beside the best naive forecast of each."""
    return tag(
        "section",
        tag("h2", "Errors by hour and by day"),
        legend([("model", "forecaster"), ("naive", "best naive of each home")]),
        tag("div", tag("figure", _by_hour(issued, naive_of)), tag("figure", _by_day(days)), class_="pictures"),
    )


def _by_day(days: Sequence[DayScore]) -> Markup:
    dates = sorted({day.issued.day for day in days})
    losses = [
        [[getattr(day, key) for day in days if day.issued.day == date] for date in dates]
        for key in ("pinball_kw", "naive_kw")
    ]
    model, naive = ([float(np.mean(one)) for one in loss] for loss in losses)
    places = np.arange(len(dates), dtype=np.float64)
    every = max(1, -(-len(dates) // DAY_TICKS))
    ticks = tuple((k + 0.5, dates[k].strftime("%d %b")) for k in range(0, len(dates), every))
    return plot(
        [Line(x=places, y=naive, css="naive", steps=True), Line(x=places, y=model, css="model", steps=True)],
        x=Axis(low=0.0, high=float(len(dates)), ticks=ticks),
        y=value_axis([*model, *naive]),
        title="mean pinball loss by test day [kW]",
        desc="Mean pinball loss of each test day, forecaster and best naive forecast",
    )


def _by_hour(issued: Mapping[str, Sequence[Issued]], naive_of: Mapping[str, str]) -> Markup:
    by_home = [mae_by_hour(forecasts, naive_of[home]) for home, forecasts in issued.items()]
    model, naive = (_mean_of([pair[k] for pair in by_home]) for k in (0, 1))
    places = np.arange(24, dtype=np.float64)
    shapes = [
        Line(x=places, y=naive, css="naive", steps=True),
        Line(x=places, y=model, css="model", steps=True),
    ]
    return plot(
        shapes,
        x=HOUR_AXIS,
        y=value_axis([*model.tolist(), *naive.tolist()]),
        title="mean absolute error of the median [kW]",
        desc="Mean absolute error by local hour, forecaster and best naive forecast",
    )


def _mean_of(rows: Sequence[FloatArray]) -> FloatArray:
    """Mean of the rows without NaN, NaN where there is nothing else."""
    stacked = np.stack(rows)
    known = ~np.isnan(stacked)
    mean = np.full(stacked.shape[1], np.nan)
    np.divide(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0), out=mean, where=known.any(axis=0))
    return mean


def _reliability(homes: Sequence[Mapping[str, float]], mean: Mapping[str, float] | None) -> Markup:
    shapes: list[Shape] = [Line(x=[0.0, 1.0], y=[0.0, 1.0], css="nominal")]
    for shares in homes:
        shapes.append(Line(x=[float(level) for level in shares], y=list(shares.values()), css="home"))
    if mean:
        levels, shares_mean = [float(level) for level in mean], list(mean.values())
        shapes += [Line(x=levels, y=shares_mean, css="model"), Dots(x=levels, y=shares_mean, css="model")]
    return plot(
        shapes,
        x=SHARE_AXIS,
        y=SHARE_AXIS,
        title="measured share below a quantile, by its nominal level",
        desc="Measured share of values below each quantile against its level",
    )


def _coverage(homes: Sequence[Sequence[float]], mean: Sequence[float]) -> Markup:
    places = np.arange(24, dtype=np.float64)
    shapes: list[Shape] = [
        Band(x=[0.0, 24.0], low=[AIM[0]] * 2, high=[AIM[1]] * 2, css="aim"),
        Line(x=[0.0, 24.0], y=[0.8, 0.8], css="nominal"),
    ]
    shapes += [Line(x=places + 0.5, y=shares, css="home") for shares in homes]
    shapes.append(Line(x=places + 0.5, y=mean, css="model"))
    return plot(
        shapes,
        x=HOUR_AXIS,
        y=SHARE_AXIS,
        title="share inside q10 to q90, by local hour",
        desc="Share of values between the 10 % and the 90 % quantile by hour of the day",
    )


def _active(one: Mapping[str, Any]) -> list[float]:
    """Coverage by hour, NaN in hours that are not active."""
    pairs = zip(one["coverage_80_by_hour"], one["active_by_hour"], strict=True)
    return [share if share is not None and active >= ACTIVE_SHARE else float("nan") for share, active in pairs]
