"""The disk under a state directory: can it be written, does it keep what it promised, is room left."""

import os
import shutil
import tempfile
import time
from pathlib import Path

from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.files import may

LOW_MB, OUT_MB = 1_000, 100
SLOW_SYNC_S = 0.5
SYNC_TRIES = 3
IN_MEMORY = ("tmpfs", "ramfs")
OVER_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")


def state_directory(directory: Path) -> Finding:
    """Whether the directory is there, ours, and closed to others."""
    where = str(directory)
    if not directory.exists():
        parent = _existing(directory)
        if not may(parent, os.W_OK | os.X_OK):
            remedy = "make it for the user of the program, or set another state_dir"
            return fail(f"not there, and {parent} is not writable for this user", where=where, remedy=remedy)
        return skipped("not made yet: the first start makes it", where)
    if not directory.is_dir():
        return fail("is no directory", where=where, remedy="move the file away or set another state_dir")
    if not may(directory, os.R_OK | os.W_OK | os.X_OK):
        remedy = f"run this as {_owner(directory)}; a program that has to run as uid {os.geteuid()} needs a chown"
        return fail("not writable for this user", where=where, remedy=remedy)
    mode = directory.stat().st_mode & 0o777
    if mode & 0o007:
        return warn(f"open to everybody (mode {mode:03o})", where=where, remedy="chmod 700 on it: it holds keys")
    return ok(f"mode {mode:03o}", where)


def keeps_what_it_promised(directory: Path) -> Finding:
    """Whether a synchronised write survives: not in memory, not read-only, and quick enough."""
    where = str(directory)
    directory = _existing(directory)
    kind = filesystem(directory)
    if kind in IN_MEMORY:
        return fail(f"lies in memory ({kind})", where=where, remedy="put state_dir on a disk: a restart forgets it")
    try:
        slowest_s = max(_sync_s(directory) for _ in range(SYNC_TRIES))
    except OSError as error:
        return fail(
            f"cannot be written: {error.strerror}", where=where, remedy="free space, remount it, or change it"
        )
    said = f"{kind or 'unknown file system'}, a write is safe after {1000 * slowest_s:.1f} ms"
    if kind in OVER_NETWORK:
        return warn(said, where=where, remedy="use a local disk: SQLite's locks need not hold over a network")
    if slowest_s > SLOW_SYNC_S:
        return warn(said, where=where, remedy="the disk is slow or failing: take a better SD card or an SSD")
    return ok(said, where)


def free_space(directory: Path) -> Finding:
    """Whether room is left for months of records."""
    place = _existing(directory)
    free_mb = shutil.disk_usage(place).free // 10**6
    if free_mb < OUT_MB:
        return fail(f"{free_mb} MB left", where=str(place), remedy="free space now: nothing can be recorded without")
    if free_mb < LOW_MB:
        return warn(f"{free_mb} MB left", where=str(place), remedy="free space soon, or take a larger disk")
    return ok(f"{free_mb} MB left", str(place))


def filesystem(directory: Path) -> str:
    """The type of the file system that a directory lies on; "" where the system does not tell."""
    table = Path("/proc/self/mounts")
    if not table.is_file():
        return ""
    path = str(directory.resolve())
    best, kind = "", ""
    for line in table.read_text().splitlines():
        _, mount, found, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def _sync_s(directory: Path) -> float:
    """How long a small synchronised write takes [s]; the file is gone afterwards."""
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(b"doctor" * 100)
        file.flush()
        started_s = time.perf_counter()
        os.fsync(file.fileno())
        return time.perf_counter() - started_s


def _existing(directory: Path) -> Path:
    place = directory.resolve()
    while not place.exists():
        place = place.parent
    return place


def _owner(directory: Path) -> str:
    try:
        return f"{directory.owner()}, its owner"
    except KeyError:
        return f"uid {directory.stat().st_uid}, its owner"
