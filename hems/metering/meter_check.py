"""What half a minute of readings says about a meter: value, sign, rate, age, gaps, a verdict and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from hems.metering.reading import Reading, ReadingQuality

Sign = Literal["right", "wrong", "unknown"]
Verdict = Literal["good", "usable", "not usable"]
KETTLE_W = (800.0, 3_500.0)
MOVING_W = 200.0
BASELINE_SAMPLES = 5
SUSTAINED_SAMPLES = 3
SLOW_S = 30.0
OLD_S = 60.0
COUNTED_WH = 2
CLAMPS = "turn the current clamps around: power and registers are both reversed, and settlement needs the registers"
POWER_SIGN = "set power_sign = -1 (Modbus) or value.power_w = { sign = -1 } (MQTT): only the power is reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at the meter [s since 1970]: a reading, or why there was none; doubts told with it."""

    at_s: float
    reading: Reading | None
    trouble: str | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterCheck:
    """The result. Times in s; `interval_s` is the median time between new readings, `gap_s` the longest."""

    verdict: Verdict
    sign: Sign
    sign_reason: str
    power_w: int | None
    power_min_w: int | None
    power_max_w: int | None
    import_wh: int | None
    export_wh: int | None
    quality: str | None
    readings: int
    missed: int
    interval_s: float | None
    age_s: float | None
    gap_s: float | None
    to_do: tuple[str, ...]


def checked(samples: Sequence[Sample]) -> MeterCheck:
    """The verdict on a meter after these looks at it, oldest first."""
    seen = [s for s in samples if s.reading is not None]
    last = seen[-1] if seen else None
    reading = None if last is None else last.reading
    powers = [s.reading.power_w for s in seen if s.reading is not None and s.reading.power_w is not None]
    times = sorted({s.reading.at_epoch_s for s in seen if s.reading is not None})
    gaps = [float(b - a) for a, b in pairwise(times)]
    sign, reason = sign_of(samples)
    age_s = None if last is None or reading is None else max(0.0, last.at_s - reading.at_epoch_s)
    interval_s = median(gaps) if gaps else None
    to_do = _to_do(samples, reading, sign, age_s, interval_s)
    return MeterCheck(
        verdict=_verdict(reading, powers, sign, to_do),
        sign=sign,
        sign_reason=reason,
        power_w=None if reading is None else reading.power_w,
        power_min_w=min(powers, default=None),
        power_max_w=max(powers, default=None),
        import_wh=None if reading is None else reading.import_wh,
        export_wh=None if reading is None else reading.export_wh,
        quality=None if reading is None else reading.quality.value,
        readings=len(times),
        missed=len(samples) - len(seen),
        interval_s=interval_s,
        age_s=age_s,
        gap_s=max(gaps, default=None),
        to_do=to_do,
    )


def sign_of(samples: Sequence[Sample]) -> tuple[Sign, str]:
    """Whether import is shown as positive power, and how that is known.

    A kettle is a step of 0.8 to 3.5 kW; without one the registers tell which way the energy went.
    """
    readings = [s.reading for s in samples if s.reading is not None]
    powers = [float(r.power_w) for r in readings if r.power_w is not None]
    step_w = kettle_step_w(powers)
    if step_w is not None:
        way = "rose" if step_w > 0 else "fell"
        return (
            "right" if step_w > 0 else "wrong"
        ), f"the power {way} by {abs(step_w):.0f} W when a load was switched on"
    follow = registers_follow(samples)
    if follow is not None:
        way = "as the power says (a kettle makes it sure)" if follow else "the other way than the power says"
        return ("right" if follow else "wrong"), f"the registers count {way}"
    return "unknown", "no load of 0.8 kW or more was switched on, and the registers have not moved"


def kettle_step_w(powers: Sequence[float]) -> float | None:
    """The step of a load switched on against the first powers [W]; None without one that stayed."""
    if len(powers) < BASELINE_SAMPLES + SUSTAINED_SAMPLES:
        return None
    base = median(powers[:BASELINE_SAMPLES])
    windows = [
        [p - base for p in powers[i : i + SUSTAINED_SAMPLES]]
        for i in range(BASELINE_SAMPLES, len(powers) - SUSTAINED_SAMPLES + 1)
    ]
    for steps in windows:
        step = median(steps)
        is_steady = all(KETTLE_W[0] <= abs(s) <= KETTLE_W[1] and (s > 0) == (step > 0) for s in steps)
        if is_steady:
            return step
    return None


def registers_follow(samples: Sequence[Sample]) -> bool | None:
    """Whether import counts while the shown power is positive, export while it is negative; None when it is not seen.

    Clamps that are mounted backwards turn both, so they still follow.
    """
    readings = [s.reading for s in samples if s.reading is not None and s.reading.power_w is not None]
    known = [r for r in readings if r.import_wh is not None and r.export_wh is not None]
    if len(known) < 2 or known[-1].quality is ReadingQuality.ESTIMATED:
        return None
    powers = [r.power_w or 0 for r in readings]
    imported = (known[-1].import_wh or 0) - (known[0].import_wh or 0)
    exported = (known[-1].export_wh or 0) - (known[0].export_wh or 0)
    is_steady = min(powers) > MOVING_W or max(powers) < -MOVING_W
    if not is_steady or max(imported, exported) < COUNTED_WH or min(imported, exported) > 0:
        return None
    return (imported > exported) == (powers[-1] > 0)


def _to_do(
    samples: Sequence[Sample], reading: Reading | None, sign: Sign, age_s: float | None, interval_s: float | None
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for sample in samples:
        found |= dict.fromkeys([sample.trouble] if sample.trouble else [])
        found |= dict.fromkeys(sample.doubts)
    if reading is None:
        return tuple(found) or ("no reading came: check host, port, topic and template",)
    if sign == "wrong":
        found[CLAMPS if registers_follow(samples) else POWER_SIGN] = None
    elif sign == "unknown":
        found["switch a kettle on during the test, so that the sign is known"] = None
    if reading.quality is ReadingQuality.ESTIMATED:
        found["energies are integrated from power: settlement on them is second best; use a meter with registers"] = (
            None
        )
    if reading.import_wh is None or reading.export_wh is None:
        found["no registers of import and export: nothing can be settled on this meter"] = None
    if interval_s is not None and interval_s > SLOW_S:
        found[f"a new value only every {interval_s:.0f} s: let the device send every 10 s or faster"] = None
    if age_s is not None and age_s > OLD_S:
        found[f"the last value is {age_s:.0f} s old: check how often the device sends"] = None
    return tuple(found)


def _verdict(reading: Reading | None, powers: Sequence[int], sign: Sign, to_do: tuple[str, ...]) -> Verdict:
    if reading is None or not powers or sign == "wrong":
        return "not usable"
    if reading.quality in (ReadingQuality.GOOD, ReadingQuality.SUSPECT) and sign == "right" and not to_do:
        return "good"
    return "usable"
