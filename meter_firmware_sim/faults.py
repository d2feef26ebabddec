"""Faults as data: what can go wrong with a meter or device, with a number and a parameter for each."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Faults that can be switched while the simulator runs."""

    STUCK = "stuck"
    OFFSET = "offset"
    REBOOT = "reboot"
    DRIFT = "drift"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    NAN = "nan"
    SWAPPED = "swapped"
    MISSING_WORDS = "missing_words"
    TAMPER = "tamper"
    CLOCK_STEP = "clock_step"
    FAULT_FLAG = "fault_flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInfo:
    """One row of the table of faults: Modbus code, parameter and its default, and where it acts."""

    code: int
    meaning: str
    parameter: str = "none"
    default: int = 0
    meter_only: bool = False
    momentary: bool = False


FAULTS: dict[FaultKind, FaultInfo] = {
    FaultKind.STUCK: FaultInfo(code=1, meaning="all registers freeze, the clock runs on"),
    FaultKind.OFFSET: FaultInfo(
        code=2,
        meaning="sensor offset, in power and energy",
        parameter="W",
        default=100,
        meter_only=True,
    ),
    FaultKind.REBOOT: FaultInfo(
        code=3,
        meaning="supply lost for some seconds, then the firmware boots",
        parameter="s",
        default=5,
        meter_only=True,
        momentary=True,
    ),
    FaultKind.DRIFT: FaultInfo(code=4, meaning="clock gains time", parameter="ppm", default=500, meter_only=True),
    FaultKind.EXCEPTION: FaultInfo(
        code=5, meaning="every request is answered with a Modbus exception", parameter="code", default=4
    ),
    FaultKind.TIMEOUT: FaultInfo(code=6, meaning="requests are not answered"),
    FaultKind.NAN: FaultInfo(code=7, meaning="measured points read as not implemented"),
    FaultKind.SWAPPED: FaultInfo(
        code=8, meaning="current sensors reversed: import counts as export", meter_only=True
    ),
    FaultKind.MISSING_WORDS: FaultInfo(code=9, meaning="answers are some words short", parameter="words", default=1),
    FaultKind.TAMPER: FaultInfo(code=10, meaning="case opened", meter_only=True),
    FaultKind.CLOCK_STEP: FaultInfo(
        code=11,
        meaning="clock jumps",
        parameter="s",
        default=-600,
        meter_only=True,
        momentary=True,
    ),
    FaultKind.FAULT_FLAG: FaultInfo(code=12, meaning="the device raises its own fault flag"),
}
KIND_OF_CODE = {info.code: kind for kind, info in FAULTS.items()}
PARAMETER_MIN, PARAMETER_MAX = -0x8000, 0x7FFF


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledFault:
    """A fault that begins `after_s` after the start and ends `for_s` later (None: never)."""

    kind: FaultKind
    device_id: int = 1
    parameter: int | None = None
    after_s: float = 0
    for_s: float | None = None


def parameter_problem(kind: FaultKind, parameter: int) -> str | None:
    """What is wrong with this parameter, None when it can be used."""
    if not PARAMETER_MIN <= parameter <= PARAMETER_MAX:
        return f"parameter {parameter} of {kind.value} is outside {PARAMETER_MIN}..{PARAMETER_MAX}"
    if kind is FaultKind.EXCEPTION and parameter not in {1, 2, 3, 4, 5, 6, 8, 10, 11}:
        return f"exception code {parameter} does not exist: use 1 to 6, 8, 10 or 11"
    if kind in {FaultKind.REBOOT, FaultKind.MISSING_WORDS} and parameter < 1:
        return f"parameter {parameter} of {kind.value} has to be 1 or more"
    return None


def due(schedule: list[ScheduledFault], before_s: float, now_s: float) -> list[tuple[ScheduledFault, bool]]:
    """Faults to switch, with True for on, in the time after `before_s` up to `now_s` since the start."""
    switches: list[tuple[float, int, ScheduledFault, bool]] = []
    for order, fault in enumerate(schedule):
        ends_s = None if fault.for_s is None else fault.after_s + fault.for_s
        if before_s < fault.after_s <= now_s:
            switches.append((fault.after_s, order, fault, True))
        if ends_s is not None and before_s < ends_s <= now_s:
            switches.append((ends_s, order, fault, False))
    return [(fault, on) for _, _, fault, on in sorted(switches, key=lambda s: s[:2])]
