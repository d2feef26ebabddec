"""Baselines: what a meter would have drawn without a call, from what it drew at other times. Whole Wh per slot.

* high X of Y: of the Y most recent eligible days the X with the highest use in the slots of the call, averaged slot
by slot. 10 of 10 is the day-matching baseline of CAISO. Middle X of Y leaves out the highest and the lowest days (4
of 6).
* same weekday: the average over the most recent same weekdays.
* before and after: the average of the slots before the call (and, where given, after it), the same for all its slots.

A same-day adjustment moves a day-matching baseline to how the day has gone so far: by the ratio of metered to
baseline energy in the adjustment slots, within [1 - cap, 1 + cap] (CAISO: cap 20 %), or by their mean difference per
slot. The ratio needs a baseline above zero in these slots; a meter that feeds in there keeps its baseline as it is.

Averages are rounded once to whole Wh, ties to even. Source: NAESB WEQ-015, measurement and verification of demand
response (baseline type I; metering before / metering after); EnerNOC 2011, The Demand Response Baseline (white
paper); CAISO, tariff section 4.13.4. Complexity: O(days x slots).
"""

from collections.abc import Sequence
from fractions import Fraction

from wire.quantities import round_half_even

Load = Sequence[int]


def high_x_of_y(days: Sequence[Load], call: Sequence[int], x: int, y: int) -> list[int]:
    """The mean of the x highest of the last y days [Wh per slot of the day].

    `days` are metered loads [Wh, + drawn] of eligible days (no calls, no holidays), oldest first, `call` the slots of
    the call. Of equal days the more recent one counts first. With fewer than y days all there are take part.

    Raises: ValueError without a day or with x outside 1..y.
    """
    ranked = _ranked(days, call, x, y)
    return _mean([days[i] for i in ranked[:x]])


def middle_x_of_y(days: Sequence[Load], call: Sequence[int], x: int, y: int) -> list[int]:
    """The mean of the x middle ones of the last y days: as many of the highest as of the lowest are left out.

    Where the number to leave out is odd, the lower side loses one more. Arguments as `high_x_of_y`.
    """
    ranked = _ranked(days, call, x, y)
    above = max(0, len(ranked) - x) // 2
    return _mean([days[i] for i in ranked[above : above + x]])


def same_weekday(days: Sequence[Load], weekdays: Sequence[int], weekday: int, count: int) -> list[int]:
    """The mean of the last `count` days of a weekday [Wh per slot]; `weekdays` are those of the days, oldest first.

    Raises: ValueError when there is no such day.
    """
    same = [day for day, of in zip(days, weekdays, strict=True) if of == weekday]
    return _mean(same[-count:])


def before_and_after(before: Load, after: Load, slots: int) -> list[int]:
    """The mean of the slots around a call, for each of its slots [Wh]. Raises: ValueError without a slot."""
    around = [*before, *after]
    if not around:
        raise ValueError("a baseline from metering before and after needs at least one slot around the call")
    return [round_half_even(Fraction(sum(around), len(around)))] * slots


def adjusted_by_ratio(baseline: Load, metered: Load, slots: Sequence[int], cap: Fraction) -> list[int]:
    """The baseline times the same-day ratio of metered to baseline energy in some slots, within 1 +- cap."""
    expected, actual = sum(baseline[i] for i in slots), sum(metered[i] for i in slots)
    if expected <= 0:
        return list(baseline)
    ratio = min(max(Fraction(actual, expected), 1 - cap), 1 + cap)
    return [round_half_even(ratio * wh) for wh in baseline]


def adjusted_by_difference(baseline: Load, metered: Load, slots: Sequence[int]) -> list[int]:
    """The baseline plus the mean difference of metered less baseline energy in some slots."""
    if not slots:
        return list(baseline)
    difference = Fraction(sum(metered[i] - baseline[i] for i in slots), len(slots))
    return [round_half_even(wh + difference) for wh in baseline]


def _ranked(days: Sequence[Load], call: Sequence[int], x: int, y: int) -> list[int]:
    """The indices of the last y days from the highest use in the call on."""
    if not days or not 1 <= x <= y:
        raise ValueError(f"a baseline of {x} of {y} days needs at least one day and 1 <= x <= y")
    recent = range(max(0, len(days) - y), len(days))
    return sorted(recent, key=lambda i: (-sum(days[i][slot] for slot in call), -i))


def _mean(days: Sequence[Load]) -> list[int]:
    if not days:
        raise ValueError("a baseline needs at least one day")
    return [round_half_even(Fraction(sum(slot), len(days))) for slot in zip(*days, strict=True)]
