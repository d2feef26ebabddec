"""PvModel as one JSON text with version and SHA-256, read back exactly."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from hems.forecasting.model import ModelError
from hems.forecasting.pv.array import AZIMUTH_CELLS, ELEVATION_CELLS, Plane, PvArray
from hems.forecasting.pv.model import PvModel
from hems.forecasting.pv.sun import Place

FORMAT = "hems-pv-model"
VERSION = 1  # raise with any change of the model's layout or meaning: old files are then trained anew


def to_text(model: PvModel) -> str:
    """The model as JSON; floats keep every bit."""
    body = asdict(model)
    body["array"]["open_share"] = model.array.open_share.tolist()
    head = {"format": FORMAT, "version": VERSION, "sha256": _digest(body), "model": body}
    return json.dumps(head, separators=(",", ":"), allow_nan=False)


def from_head(head: dict[str, Any]) -> PvModel:
    """The model of a parsed JSON text of this format.

    Raises: ModelError when the text is damaged, of another version or inconsistent; train again.
    """
    if head.get("version") != VERSION:
        raise ModelError(f"model is {FORMAT} version {head.get('version')}, not {VERSION}: train again")
    try:
        if head["sha256"] != _digest(head["model"]):
            raise ModelError("model text is damaged (SHA-256 differs): train again")
        model = _model(head["model"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"model text cannot be read ({error}): train again") from error
    if not _sound(model):
        raise ModelError("model is inconsistent: train again")
    return model


def _model(body: dict[str, Any]) -> PvModel:
    array = body["array"]
    roof = PvArray(
        place=Place(**array["place"]),
        planes=tuple(Plane(**plane) for plane in array["planes"]),
        limit_kw=float(array["limit_kw"]),
        open_share=np.asarray(array["open_share"], dtype=np.float64),
    )
    return PvModel(**{**body, "array": roof})


def _sound(model: PvModel) -> bool:
    array = model.array
    numbers = [array.limit_kw, model.lower, model.upper, model.max_kw, *array.open_share.ravel()]
    numbers += [value for plane in array.planes for value in (plane.tilt_deg, plane.azimuth_deg, plane.peak_kw)]
    shaped = array.open_share.shape == (AZIMUTH_CELLS, ELEVATION_CELLS) and len(array.planes) in (1, 2)
    return shaped and bool(np.isfinite(numbers).all()) and 3600 % model.slot_s == 0


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
