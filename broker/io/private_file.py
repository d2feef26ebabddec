"""Files with secrets: readable by their user only, and either whole or not there."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Writes a text with mode 0600, durably; a crash leaves the old file or the new one."""
    partial = path.with_name(path.name + ".partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
