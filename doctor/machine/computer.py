"""The computer: architecture, memory, power supply."""

import shutil
import subprocess
import sys
from pathlib import Path

from doctor.finding import Finding, fail, ok, skipped, warn

PYTHON_FROM = (3, 11)
MEMORY_LOW_MB, MEMORY_OUT_MB = 200, 60
UNDERVOLTAGE_NOW, UNDERVOLTAGE_SEEN = 0x1, 0x10000
SUPPLY = "use the maker's power supply and a short cable; a low voltage ruins SD cards"


def python_fits() -> Finding:
    """Whether Python is new enough and 64 bit."""
    said = f"Python {sys.version.split()[0]}, {'64' if sys.maxsize > 2**32 else '32'} bit"
    if sys.maxsize <= 2**32:
        return fail(said, remedy="install a 64-bit system: the libraries exist for nothing else")
    if sys.version_info[:2] < PYTHON_FROM:
        return fail(said, remedy="install Python 3.11 or newer")
    return ok(said)


def memory() -> Finding:
    """Whether memory is left."""
    table = Path("/proc/meminfo")
    if not table.is_file():
        return skipped("this system does not tell")
    rows = dict(line.split(":", 1) for line in table.read_text().splitlines() if ":" in line)
    free_mb = int(rows["MemAvailable"].split()[0]) // 1024
    if free_mb < MEMORY_OUT_MB:
        return fail(f"{free_mb} MB available", remedy="stop other programs, or take a computer with more memory")
    if free_mb < MEMORY_LOW_MB:
        return warn(f"{free_mb} MB available", remedy="training needs 400 MB: stop other programs, or add swap")
    return ok(f"{free_mb} MB available")


def supply_voltage() -> Finding:
    """Whether the board has seen a low supply voltage (Raspberry Pi: `vcgencmd`, else the kernel's alarm)."""
    flags = _throttled()
    if flags is None:
        alarms = sorted(Path("/sys/class/hwmon").glob("hwmon*/in0_lcrit_alarm"))
        if not alarms:
            return skipped("this board does not tell")
        is_low = alarms[0].read_text().strip() == "1"
        return fail("the supply voltage is too low", remedy=SUPPLY) if is_low else ok("no alarm")
    if flags & UNDERVOLTAGE_NOW:
        return fail("the supply voltage is too low now", remedy=SUPPLY)
    if flags & UNDERVOLTAGE_SEEN:
        return warn("the supply voltage was too low since the start", remedy=SUPPLY)
    return ok("never too low since the start")


def _throttled() -> int | None:
    """The flags of `vcgencmd get_throttled`, None on other boards."""
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "get_throttled"], capture_output=True, text=True, timeout=5, check=True)
        return int(done.stdout.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
