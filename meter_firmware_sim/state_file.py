"""The meter's memory in a file that is whole after a loss of power at any instant."""

import json
import os
from pathlib import Path
from typing import Any


class StateFileError(ValueError):
    """The state file cannot be used; the message says what to do."""


def save_memory(path: Path, memory: dict[str, Any]) -> None:
    """Replace the file in one step, written through to the disk before and after.

    Raises StateFileError when it cannot be written: a meter that forgets its registers must not go on counting.
    """
    try:
        _replace(path, memory)
    except OSError as error:
        raise StateFileError(
            f"state file {path} cannot be written ({error.strerror}): make its folder, writable and with free space"
        ) from None


def _replace(path: Path, memory: dict[str, Any]) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(memory, file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def load_memory(path: Path) -> dict[str, Any] | None:
    """Memory in this file, None when there is none yet.

    Raises StateFileError for a damaged file: starting from zero would move the energy registers back.
    """
    try:
        memory = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StateFileError(
            f"state file {path} cannot be read ({error}): restore it from a backup, or remove it to start a new meter"
        ) from None
    if not isinstance(memory, dict):
        raise StateFileError(f"state file {path} holds no meter: remove it to start a new meter")
    return memory
