"""A finished backtest without any forecaster: two homes and seeded numbers, for the page."""

from datetime import date, timedelta

import numpy as np

from hems.commands.backtest_run import Backtest
from hems.forecasting.evaluation.rolling import Issued, issue_epoch_s
from hems.forecasting.evaluation.summary import group_result, mean_document, metrics_document

ZONE = "Europe/Berlin"
RULES = ("yesterday", "last_week", "weekday_mean_4")


def issued(day: date, rng: np.random.Generator, *, levels: tuple[float, ...]) -> Issued:
    """One forecast of a day in hours, with a hole in what was measured."""
    start_s = issue_epoch_s(day, 0, ZONE)
    middle = 1.0 + np.sin(np.arange(24) / 4.0) ** 2
    measured = middle * rng.gamma(8.0, 1 / 8.0, 24)
    measured[3] = np.nan
    quantiles = {level: middle * (0.6 + 0.8 * level) for level in levels}
    naive = {rule: {level: quantiles[level] + rng.normal(0, 0.3, 24) for level in (0.1, 0.5, 0.9)} for rule in RULES}
    return Issued(
        day=day,
        issued_epoch_s=start_s,
        start_epoch_s=start_s,
        slot_s=3600,
        measured_kw=measured,
        hour=np.arange(24),
        mean_kw=middle,
        quantiles=quantiles,
        naive=naive,
        points_kw={rule: values[0.5] for rule, values in naive.items()},
        source="boosted",
    )


def sample_backtest(homes: int = 3, days: int = 28) -> Backtest:
    """Homes over the spring change of the clock, the last one with the three usual quantiles only."""
    rng = np.random.default_rng(7)
    first = date(2017, 3, 10)
    levels = {f"home <{k}>": (0.1, 0.25, 0.5, 0.75, 0.9) if k < homes - 1 else (0.1, 0.5, 0.9) for k in range(homes)}
    by_home = {
        home: [issued(first + timedelta(days=day), rng, levels=levels[home]) for day in range(days)]
        for home in levels
    }
    groups = {}
    for home, forecasts in by_home.items():
        result = group_result(forecasts, 1.5)
        assert result is not None
        groups[home] = metrics_document(result)
    document = {
        "data": "homes.csv.gz",
        "target": "load_kw",
        "kind": "load",
        "timezone": ZONE,
        "horizon_hours": 24,
        "issue_hour": 0,
        "start": None,
        "test_days": days,
        "retrain_days": 7,
        "groups": groups,
        "mean": mean_document(list(groups.values())),
        "handled": {"home <0>": ["28 of 672 slots are missing (4.2 %, longest gap 1 h): left empty and not scored"]},
        "left_out": {"new": "only 1.0 days are measured; give at least 2, better 60"},
        "wall_s": 1.0,
    }
    return Backtest(document=document, issued=by_home)
