"""One process per state directory: a lock that ends with the process that holds it."""

import fcntl
from pathlib import Path

from hems.io.edge_store import StoreError
from hems.site.config import HomeConfig, resolved

RUN_LOCK, METER_LOCK = "ems.lock", "meter.lock"
PROGRAMS = {RUN_LOCK: "hems run", METER_LOCK: "hems meter"}


class ProcessLock:
    """Holds `path` until it is closed or the process ends, however it ends.

    Raises: StoreError when another process holds it, or the directory cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = path.open("a")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            remedy = "stop it first, or give this home its own home.state_dir"
            raise StoreError(f"{path.parent} is in use by another '{PROGRAMS[path.name]}'; {remedy}") from None
        except OSError as error:
            remedy = "make home.state_dir a directory that this user can write, or name another one"
            raise StoreError(f"{path.parent}: {error.strerror}; {remedy}") from None

    def close(self) -> None:
        """Lets the next process in."""
        self._file.close()


def state_lock(config_file: Path, config: HomeConfig, name: str) -> ProcessLock:
    """The lock of a home's state directory for one of its two programs.

    Raises: StoreError when another process holds it, or the directory cannot be written.
    """
    return ProcessLock(resolved(config_file.resolve().parent, config.home.state_dir) / name)
