"""What `hems identify` prints: a table for people with lines for the home's configuration, or JSON."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from hems.identification.estimate import Estimate
from hems.identification.lighting import LightingIdentified
from hems.identification.prediction import PredictionErrors
from hems.identification.refusal import NotIdentified
from hems.identification.zone_identification import ZoneIdentified
from hems.io.room_records import DRIVERS, RoomColumns
from hems.site.finding import CaseError, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The same result as text and as JSON."""

    is_identified: bool
    text: str
    json: str


def zone_report(found: ZoneIdentified, columns: RoomColumns) -> Report:
    """The report of a zone."""
    model, errors = found.model, found.errors
    estimates = {
        "thermal_capacity_kwh_per_k": model.capacity_kwh_per_k,
        "thermal_resistance_k_per_kw": model.resistance_k_per_kw,
        "time_constant_h": model.time_constant_h,
        **model.gains,
    }
    toml = [
        f"thermal_capacity_kwh_per_k = {model.capacity_kwh_per_k.value:.4g}",
        f"thermal_resistance_k_per_kw = {model.resistance_k_per_kw.value:.4g}",
        f"gain_kw = {found.mean_gain_kw:.4g}  # mean of the constant gain, sun and people together",
    ]
    document = {
        **_head(columns),
        "estimates": {name: asdict(estimate) for name, estimate in estimates.items()},
        "mean_gain_kw": found.mean_gain_kw,
        "steps": {"fitted": found.steps_fitted, "held_out": found.steps_held_out, "hours": columns.step_h},
        "noise_k": {"process": model.process_noise_k, "measurement": model.measurement_noise_k},
        "errors_k": _errors(errors),
        "notes": list(found.notes),
        "toml": toml,
    }
    lines = [
        *_table(estimates),
        "",
        *_error_lines(errors),
        *_noted(found.notes),
        "",
        "for the zone's [[device]]:",
        *toml,
    ]
    return Report(is_identified=True, text="\n".join(lines), json=_dump(document))


def lighting_report(found: LightingIdentified, columns: RoomColumns) -> Report:
    """The report of a room's light."""
    estimates = {"lux_at_rated": found.lux_at_rated, "lux_per_kw": found.lux_per_kw, "offset_lux": found.offset_lux}
    if found.daylight_gain is not None:
        estimates["daylight_gain"] = found.daylight_gain
    toml = [f"rated_kw = {found.rated_kw:.4g}", f"lux_at_rated = {found.lux_at_rated.value:.4g}"]
    document = {
        **_head(columns),
        "estimates": {name: asdict(estimate) for name, estimate in estimates.items()},
        "rated_kw": found.rated_kw,
        "errors_lux": {"model": found.rmse_lux, "mean": found.mean_rmse_lux},
        "notes": list(found.notes),
        "toml": toml,
    }
    tried = (
        f"error on the last quarter: {found.rmse_lux:.1f} lux, of always expecting the mean {found.mean_rmse_lux:.1f}"
    )
    lines = [*_table(estimates), "", tried, *_noted(found.notes), "", "for the lighting's [[device]]:", *toml]
    return Report(is_identified=True, text="\n".join(lines), json=_dump(document))


def refused_report(refused: NotIdentified, columns: RoomColumns) -> Report:
    """The report of data that do not tell the model: file, column, why, what to do."""
    named = [
        Finding(
            where=_place(reason.where, columns),
            wrong=reason.wrong,
            remedy=reason.remedy.replace("COLUMN", _name(reason.where, columns)),
        )
        for reason in refused.reasons
    ]
    document: dict[str, Any] = {
        **_head(columns),
        "identified": False,
        "reasons": [asdict(finding) for finding in named],
        "errors_k": None if refused.errors is None else _errors(refused.errors),
    }
    text = str(CaseError(str(columns.source.path), named))
    return Report(
        is_identified=False, text=f"{text}\nno numbers are given: the data do not tell them", json=_dump(document)
    )


def _head(columns: RoomColumns) -> dict[str, Any]:
    return {
        "identified": True,
        "source": str(columns.source.path),
        "where": dict(columns.source.where),
        "columns": {role: "+".join(names) for role, (_, names) in columns.used.items()},
    }


def _name(role: str, columns: RoomColumns) -> str:
    return columns.used[role][1][0] if role in columns.used else "COLUMN"


def _place(role: str, columns: RoomColumns) -> str:
    """The column of a role; heat has two of them."""
    role = DRIVERS[role][0] if role in DRIVERS else role
    if role != "heat":
        return columns.label(role)
    return (
        " and ".join(columns.label(r) for r in ("heating", "cooling") if r in columns.used) or "--heating, --cooling"
    )


def _table(estimates: dict[str, Estimate]) -> list[str]:
    lines = [f"{'':28}{'value':>10}{'95 % interval':>24}  unit"]
    for name, e in estimates.items():
        lines.append(f"{name:28}{e.value:>10.4g}{f'{e.low:.4g} .. {e.high:.4g}':>24}  {e.unit}")
    return lines


def _errors(errors: PredictionErrors) -> dict[str, Any]:
    document = {name: value for name, value in asdict(errors).items() if name != "by_lead"}
    document["by_lead_h"] = {f"{lead:g}": list(values) for lead, values in errors.by_lead.items()}
    document["useful_h"] = errors.useful_h
    return document


def _error_lines(errors: PredictionErrors) -> list[str]:
    lines = [
        "errors on the last quarter, which the fit has not seen [K]:",
        f"  one step ahead {errors.one_step_k:.3f} (staying as it was: {errors.one_step_persistence_k:.3f})",
    ]
    if errors.starts == 0:
        return [*lines, "  no whole day without a gap in it to run freely over"]
    naive = f"(staying as it was: {errors.persistence_k:.2f}, mean of the hour: {errors.hour_mean_k:.2f})"
    leads = ", ".join(f"{lead:g} h {values[0]:.2f}" for lead, values in errors.by_lead.items())
    return [*lines, f"  24 h of free run {errors.free_run_k:.2f} {naive}", f"  by lead: {leads}"]


def _noted(notes: tuple[str, ...]) -> list[str]:
    return [f"note: {note}" for note in notes]


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(_finite(document), allow_nan=False)


def _finite(value: Any) -> Any:
    """The value with null for numbers that JSON does not have."""
    match value:
        case dict():
            return {key: _finite(part) for key, part in value.items()}
        case list() | tuple():
            return [_finite(part) for part in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
