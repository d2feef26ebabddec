"""The machine's clock and time zone."""

import ctypes
import ctypes.util
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from doctor.finding import Finding, fail, ok, skipped, warn

TRUSTED_FROM_S = 1_767_225_600  # 2026-01-01: an earlier clock was never set
TRUSTED_TO_S = 4_102_444_800  # 2100-01-01
ERROR_MAX_S = 2.0
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
SET_IT = "connect the machine to a time server (timedatectl set-ntp true) or fit a clock with a battery"


class _Timex(ctypes.Structure):
    """The part of `struct timex` that is read; the rest is room for the kernel to write into.

    Source: adjtimex(2).
    """

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock_is_set(now_s: float) -> Finding:
    """Whether the clock shows a time that can be: a small computer without a battery wakes up in 1970."""
    shown = datetime.fromtimestamp(max(0.0, min(now_s, TRUSTED_TO_S)), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if not TRUSTED_FROM_S <= now_s < TRUSTED_TO_S:
        return fail(f"the clock shows {shown}: it was never set, nothing is traded", remedy=SET_IT)
    return ok(shown)


def clock_is_kept() -> Finding:
    """Whether the kernel says that somebody keeps the clock right."""
    library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    if not hasattr(library, "adjtimex"):
        return skipped("this system does not tell")
    state = _Timex()
    answer = library.adjtimex(ctypes.byref(state))
    if answer < 0:
        return skipped("the kernel does not tell")
    error_s = state.maxerror / 1e6
    if answer == _TIME_ERROR or state.status & _STA_UNSYNC:
        return warn("no time server keeps the clock", remedy=SET_IT)
    if error_s > ERROR_MAX_S:
        return warn(f"the clock may be {error_s:.1f} s off", remedy="check the connection to the time server")
    return ok(f"kept by a time server, at most {error_s:.2f} s off")


def clock_against(other_s: float | None, of: str, now_s: float, *, limit_s: float = 5.0) -> Finding:
    """Whether the clock agrees with the time that somebody else stated; None when nobody did."""
    if other_s is None:
        return skipped(f"nothing fresh from {of} to compare with")
    off_s = now_s - other_s
    if abs(off_s) > limit_s:
        what = f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} {of}"
        return fail(what, remedy="set one of the two clocks right: " + SET_IT)
    return ok(f"within {limit_s:g} s of {of}")


def time_zone(configured: str | None) -> Finding:
    """Whether the configured time zone exists here and is that of the machine."""
    if configured is None:
        return skipped("no configuration that could be read")
    try:
        zone = ZoneInfo(configured)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return fail(f"no time zone {configured!r} here", remedy="install tzdata, or use a name such as Europe/Berlin")
    now = datetime.now(UTC)
    shift = now.astimezone(zone).utcoffset()
    local = datetime.fromtimestamp(time.time()).astimezone().utcoffset()  # the machine's own zone
    if configured == "UTC" and local != shift:
        return warn("home.timezone is UTC, the machine is not", remedy="set home.timezone to where the building is")
    return ok(f"{configured}, now {now.astimezone(zone):%H:%M} there{_machine_zone()}")


def _machine_zone() -> str:
    place = Path("/etc/timezone")
    return f" (machine: {place.read_text().strip()})" if place.is_file() else ""
