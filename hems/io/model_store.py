"""Trained forecast models of a home as files: a restart goes on with them, a broken one is trained anew."""

import logging
from pathlib import Path

from hems.forecasting import model_file
from hems.forecasting.model import ModelError
from hems.forecasting.series import Kind
from hems.forecasting.trained import Model

LOG = logging.getLogger(__name__)


def save_model(folder: Path, kind: Kind, model: Model) -> None:
    """Writes a model; the old one stays until the new one is whole."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f"{kind}.json.new"
    fresh.write_text(model_file.to_text(model), encoding="utf-8")
    fresh.replace(folder / f"{kind}.json")


def load_model(folder: Path, kind: Kind) -> Model | None:
    """The stored model; None when there is none, or when it is broken or of another version."""
    path = folder / f"{kind}.json"
    try:
        return model_file.from_text(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ModelError) as error:
        LOG.warning("%s: %s; a new model is trained", path, error)
        return None
