"""Model file: a trained model as one JSON text with version and SHA-256, read back exactly; no pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from hems.forecasting.correction import TERMS, Correction
from hems.forecasting.direct import DirectModel
from hems.forecasting.direct_features import FEATURE_COUNT
from hems.forecasting.error_model import ErrorTable
from hems.forecasting.features import FEATURES
from hems.forecasting.linear_quantiles import LinearQuantiles
from hems.forecasting.model import BoostedModel, ModelError
from hems.forecasting.pv import model_file as pv_file
from hems.forecasting.pv.model import PvModel
from hems.forecasting.quantile_mix import Mix
from hems.forecasting.series import DAY_S, QUANTILES
from hems.forecasting.temperature_features import TEMPERATURE_FEATURES
from hems.forecasting.trained import Model
from hems.forecasting.trees import TreeEnsemble

FORMAT = "hems-forecast-model"
VERSION = 4  # raise with any change of features, model space or layout: old files are then trained anew
_PARTS = {"trees": TreeEnsemble, "errors": ErrorTable, "correction": Correction}
_DIRECT_PARTS = {"linear": LinearQuantiles, "mix": Mix}
_TYPES = {"feature": np.int32, "left": np.int32, "right": np.int32, "roots": np.int32, "nan_left": np.bool_}


def to_text(model: Model) -> str:
    """The model as JSON; floats keep every bit."""
    if isinstance(model, PvModel):
        return pv_file.to_text(model)
    body = _plain(model)
    head = {"format": FORMAT, "version": VERSION, "sha256": _digest(body), "model": body}
    return json.dumps(head, separators=(",", ":"))


def from_text(text: str) -> Model:
    """The model of a JSON text.

    Raises: ModelError when the text is damaged, of another version or inconsistent; train again.
    """
    try:
        head = json.loads(text)
        if head["format"] == pv_file.FORMAT:
            return pv_file.from_head(head)
        if head["format"] != FORMAT or head["version"] != VERSION:
            raise ModelError(f"model is {head['format']} version {head['version']}, not {VERSION}: train again")
        if head["sha256"] != _digest(head["model"]):
            raise ModelError("model text is damaged (SHA-256 differs): train again")
        model = _model(head["model"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"model text cannot be read ({error}): train again") from error
    findings = inconsistencies(model)
    if findings:
        raise ModelError(f"model is inconsistent ({'; '.join(findings)}): train again")
    return model


def inconsistencies(model: BoostedModel) -> list[str]:
    """Everything about a model that would make its prediction fail; empty for a sound one."""
    trees, errors, per_day = model.trees, model.errors, DAY_S // model.slot_s
    nodes = len(trees.value)
    per_node = (trees.feature, trees.threshold, trees.nan_left, trees.left, trees.right)
    links = np.concatenate([trees.left, trees.right, trees.roots])
    checks = {
        "node arrays have one length": all(array.shape == (nodes,) for array in per_node),
        "links stay inside the trees": bool(((links >= 0) & (links < nodes)).all()),
        "features exist": bool(((trees.feature >= 0) & (trees.feature < len(FEATURES))).all()),
        "depth is 0..64": 0 <= trees.depth <= 64,
        "errors cover the day": errors.mean.shape == errors.std.shape == (per_day,),
        "quantiles cover the day": errors.quantiles.shape == (len(QUANTILES), per_day),
        "correction has three terms": model.correction.gains.shape == model.correction.fades_h.shape == (TERMS,),
        "leads match": len(model.correction.leads_h) == len(model.correction.left_share) > 0,
        "weight is a share": 0.0 <= model.seasonal_weight <= 1.0,
        "direct quantiles fit the features": _direct_fits(model.direct, per_day),
    }
    return [f"not: {check}" for check, holds in checks.items() if not holds]


def _direct_fits(direct: DirectModel, per_day: int) -> bool:
    linear, mix, levels = direct.linear, direct.mix, len(QUANTILES)
    return (
        len(linear.centre) in (FEATURE_COUNT, FEATURE_COUNT + TEMPERATURE_FEATURES)
        and linear.centre.shape == linear.scale.shape
        and linear.coefficients.shape == (levels, len(linear.centre) + 1)
        and mix.shares.shape == (3,)
        and mix.stretch.shape == (levels, per_day)
    )


def _plain(value: Any) -> dict[str, Any]:
    """Fields of a dataclass as JSON values, arrays as lists."""
    plain: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if is_dataclass(item):
            item = _plain(item)
        elif isinstance(item, np.ndarray):
            item = item.tolist()
        plain[field.name] = item
    return plain


def _model(body: dict[str, Any]) -> BoostedModel:
    parts = {name: kind(**_arrays(body[name])) for name, kind in _PARTS.items()}
    direct = DirectModel(**{name: kind(**_arrays(body["direct"][name])) for name, kind in _DIRECT_PARTS.items()})
    return BoostedModel(**{**body, **parts, "direct": direct})


def _arrays(part: dict[str, Any]) -> dict[str, Any]:
    return {
        name: np.asarray(item, dtype=_TYPES.get(name, np.float64)) if isinstance(item, list) else item
        for name, item in part.items()
    }


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
