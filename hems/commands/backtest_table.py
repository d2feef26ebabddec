"""What `hems backtest` prints for people, and its forecasts as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hems.forecasting.evaluation.metrics import name
from hems.forecasting.evaluation.rolling import Issued
from hems.forecasting.series import FloatArray
from wire.slots import format_utc

NAME_WIDTH = 26
DECIMALS = 5  # of powers [kW] in the forecasts: a hundredth of a watt


def table(document: Mapping[str, Any]) -> str:
    """One line per home and their mean, then what was handled or left out."""
    head = (
        f"{'home':{NAME_WIDTH}}{'MAE kW':>9}{'nMAE':>8}{'pinball':>9}{'in q10-q90':>12}{'skill MAE':>11}"
        f"{'skill pinball':>15}  best naive"
    )
    lines = [head, *(_line(home, one) for home, one in document["groups"].items())]
    if len(document["groups"]) > 1:
        lines.append(_line("mean", document["mean"]))
    notes = [f"{home}: {text}" for home, texts in document["handled"].items() for text in texts]
    notes += [f"{home}: left out: {why}" for home, why in document["left_out"].items()]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def best_naive(one: Mapping[str, Any]) -> str:
    """The naive model with the least mean pinball loss."""
    naive: Mapping[str, Any] = one["naive"]
    return min(naive, key=lambda rule: float(naive[rule]["pinball"]["mean"]))


def forecasts_document(issued: Mapping[str, Sequence[Issued]]) -> dict[str, Any]:
    """Every forecast by home: when it was issued, its quantiles and what was measured (null: nothing)."""
    return {home: [_forecast(one) for one in forecasts] for home, forecasts in issued.items()}


def _forecast(one: Issued) -> dict[str, Any]:
    return {
        "issued_utc": format_utc(one.issued_epoch_s),
        "start_utc": format_utc(one.start_epoch_s),
        "slot_minutes": one.slot_s // 60,
        "source": one.source,
        "mean_kw": _plain(one.mean_kw),
        **{f"{name(level)}_kw": _plain(values) for level, values in one.quantiles.items()},
        "measured_kw": _plain(one.measured_kw),
    }


def _line(home: str, one: Mapping[str, Any]) -> str:
    return (
        f"{home[: NAME_WIDTH - 1]:{NAME_WIDTH}}{one['mae']:>9.4f}{_number(one['nmae']):>8}"
        f"{one['pinball']['mean']:>9.4f}{_percent(one['coverage_80']):>12}{_percent(one['skill_mae']):>11}"
        f"{_percent(one['skill_pinball']):>15}  {best_naive(one)}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _plain(values: FloatArray) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), DECIMALS) for value in values]
