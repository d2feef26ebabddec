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


def remove_private(path: Path) -> None:
    """Removes a file, its bytes overwritten first; nothing where there is none. Raises: OSError when it cannot."""
    try:
        with path.open("r+b") as file:
            file.write(b"\0" * os.fstat(file.fileno()).st_size)
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    path.unlink()
