"""What a home would have drawn without a call, as the operator will reckon it from metered energy.

The mean of the same slots on the ten days before, days with a call to this home left out; where no such day is known
whole, the mean of the four slots before the call. Whole Wh, ties to even. It is the community's rule
(docs/stages.md), reckoned here from the home's own settlements.
Source: NAESB WEQ-015, measurement and verification of demand response (baseline type I).
"""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

DAYS = 10
DAY_S = 86_400
SLOTS_BEFORE = 4


def expected_baseline(
    metered_wh: Mapping[int, int],
    planned_wh: Mapping[int, int],
    starts_s: Sequence[int],
    width_s: int,
    called_s: Collection[int],
) -> tuple[int, ...] | None:
    """The baseline of each slot of a call [Wh, + import]; None where nothing is known to make one of.

    `metered_wh` and `planned_wh` are net energy by slot start: what was metered, and what is planned for slots still
    to come. `width_s` is the length of a slot, `called_s` are starts of slots in which this home was called before.
    """
    usual = usual_wh(metered_wh, starts_s, called_s)
    if usual is not None:
        return usual
    before = [starts_s[0] - width_s * k for k in range(1, SLOTS_BEFORE + 1)]
    known = [metered_wh.get(moment, planned_wh.get(moment)) for moment in before]
    loads = [load for load in known if load is not None]
    return (_mean(loads),) * len(starts_s) if loads else None


def usual_wh(
    metered_wh: Mapping[int, int], starts_s: Sequence[int], called_s: Collection[int]
) -> tuple[int, ...] | None:
    """The baseline of slots from the days before alone [Wh, + import]; None where no day is known whole."""
    days = []
    for back in range(DAYS, 0, -1):
        moments = [start_s - back * DAY_S for start_s in starts_s]
        if all(moment in metered_wh for moment in moments) and not set(moments) & set(called_s):
            days.append([metered_wh[moment] for moment in moments])
    return tuple(_mean(slot) for slot in zip(*days, strict=True)) if days else None


def standby_baseline(
    metered_wh: Mapping[int, int], starts_s: Sequence[int], called_s: Collection[int]
) -> tuple[int, ...] | None:
    """The least baseline that each slot of standing by may get [Wh]; None where the days before do not tell one.

    An activated slot is measured together with the activated ones just before it, so the baseline depends on when the
    operator began. The four slots before a call are not relied on: what is kept for it changes them.
    """
    least = []
    for k in range(len(starts_s)):
        windows = [usual_wh(metered_wh, starts_s[i : k + 1], called_s) for i in range(k + 1)]
        known = [window[-1] for window in windows if window is not None]
        if len(known) <= k:
            return None
        least.append(min(known))
    return tuple(least)


def _mean(loads: Sequence[int]) -> int:
    return round(Fraction(sum(loads), len(loads)))
