"""What the operating system tells of a process and of the machine; None where it does not tell."""

import ctypes
import os
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
# Raspberry Pi: bit 0 under-voltage now, bit 2 throttled now (documentation of `vcgencmd get_throttled`).
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
HWMON = Path("/sys/class/hwmon")
MB = 1e6
STA_UNSYNC = 0x0040
STA_NANO = 0x2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What this process has used since its start."""

    cpu_s: float
    rss_mb: float | None
    threads: int | None
    open_files: int | None
    written_bytes: int | None


def usage() -> Usage:
    """The usage of this process now."""
    times = os.times()
    status = _table(PROC / "self/status")
    rss, threads = status.get("VmRSS"), status.get("Threads")
    written = _table(PROC / "self/io").get("write_bytes")
    return Usage(
        cpu_s=times.user + times.system,
        rss_mb=int(rss.split()[0]) * 1024 / MB if rss else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        threads=int(threads) if threads else None,
        open_files=_count(PROC / "self/fd"),
        written_bytes=int(written) if written else None,
    )


def _table(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: rest.strip() for name, found, rest in (text.partition(":") for text in lines) if found}


def _count(folder: Path) -> int | None:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return None


def disk_free(folder: Path) -> tuple[int, float] | None:
    """(free bytes, free percent) of the file system of a folder."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return None
    return disk.free, 100.0 * disk.free / disk.total


def memory_free_mb() -> float | None:
    """Memory that programs could still take [MB]."""
    free = _table(PROC / "meminfo").get("MemAvailable")
    return int(free.split()[0]) * 1024 / MB if free else None


def load_1min() -> float | None:
    """The mean run queue of the last minute."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def cpu_temp_c() -> float | None:
    """The temperature of the processor [C]."""
    try:
        return int(THERMAL.read_text()) / 1000.0
    except (OSError, ValueError):
        return None


class _Timex(ctypes.Structure):
    """`struct timex` of Linux up to what is read here; the kernel fills 208 bytes (man 2 adjtimex)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock() -> tuple[float, bool] | None:
    """(offset [s] that the time service still corrects, whether the kernel counts the clock as synchronised)."""
    try:
        timex, libc = _Timex(), ctypes.CDLL(None, use_errno=True)
        if libc.adjtimex(ctypes.byref(timex)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    scale = 1e-9 if timex.status & STA_NANO else 1e-6
    return timex.offset * scale, not timex.status & STA_UNSYNC


def supply() -> tuple[bool, bool | None] | None:
    """(the supply is too weak now, the processor is slowed down now) on a Raspberry Pi; None elsewhere."""
    try:
        flags = int(THROTTLED.read_text().strip(), 16)
        return bool(flags & 1), bool(flags & 4)
    except (OSError, ValueError):
        pass
    try:
        found = [folder for folder in HWMON.iterdir() if (folder / "name").read_text().strip() == "rpi_volt"]
        return bool(int((found[0] / "in0_lcrit_alarm").read_text())), None
    except (OSError, ValueError, IndexError):
        return None
