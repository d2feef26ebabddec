"""One process per state directory: a lock that ends with the process that holds it."""

import fcntl
from pathlib import Path

from hems.io.edge_store import StoreError


class ProcessLock:
    """Holds `path` until it is closed or the process ends, however it ends.

    Raises: StoreError when another process holds it, or the directory cannot be written.
    """

    def __init__(self, path: Path, program: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            remedy = "stop it first, or give this home its own home.state_dir"
            raise StoreError(f"{path.parent} is in use by another {program}; {remedy}") from None
        except OSError as error:
            remedy = "make home.state_dir a directory that this user can write, or name another one"
            raise StoreError(f"{path.parent}: {error.strerror}; {remedy}") from None

    def close(self) -> None:
        """Lets the next process in."""
        self._file.close()
