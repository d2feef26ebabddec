"""When the gates of a slot close: the market calendar as a function that broker and homes share.

The sessions of a slot follow one another: a round opens when the one before has closed, so what a member holds is
always known before it trades again. A day-ahead stage has one gate for all slots of a local day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from wire.messages import Stage, StageKind
from wire.slots import Slot

AUCTIONS = (StageKind.DAY_AHEAD, StageKind.INTRADAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One round of a stage for a slot: orders count from `opens_s` to before `gate_s` [s since 1970].

    `round` counts from 0, the last round of a stage has the stage's own gate.
    """

    stage: str
    round: int
    opens_s: int
    gate_s: int


def gates(stages: Sequence[Stage], slot: Slot) -> tuple[Gate, ...]:
    """The gates of a slot in the order in which they close.

    Stages come in the calendar's order: a round whose gate is not after that of the stage before does not take place.
    """
    found: list[Gate] = []
    for stage in stages:
        if stage.kind not in AUCTIONS:
            continue
        opens_s, closing_s = _rounds(stage, slot)
        after_s = found[-1].gate_s if found else None
        for number, gate_s in enumerate(closing_s):
            if after_s is None or gate_s > after_s:
                opens_s = max(opens_s, found[-1].gate_s) if found else opens_s
                found.append(Gate(stage=stage.stage, round=number, opens_s=opens_s, gate_s=gate_s))
    return tuple(found)


def _rounds(stage: Stage, slot: Slot) -> tuple[int, list[int]]:
    """Since when a stage takes orders for a slot, and the gates of its rounds, ascending."""
    if stage.kind is StageKind.DAY_AHEAD:
        assert stage.time_zone is not None and stage.gate_at is not None, "checked when the stage was read"
        return _day_before(stage.time_zone, stage.gate_at, slot.start_s)
    assert stage.gate_lead_s is not None and stage.horizon_slots is not None, "checked when the stage was read"
    opens_s = slot.start_s - stage.horizon_slots * slot.duration_s
    last_s = slot.start_s - stage.gate_lead_s
    earlier = [last_s - back * stage.rounds_every_s for back in range(stage.rounds - 1, 0, -1)]
    return opens_s, [*(gate_s for gate_s in earlier if opens_s < gate_s < last_s), last_s]


def _day_before(zone: str, gate_at: str, start_s: int) -> tuple[int, list[int]]:
    day = local_day(zone, start_s) - timedelta(days=1)
    return _moment(zone, day, "00:00"), [_moment(zone, day, gate_at)]


def local_day(zone: str, at_s: int) -> date:
    """The local calendar day of a moment."""
    return datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=64)
def _moment(zone: str, day: date, clock: str) -> int:
    """A local time as seconds since 1970; one that the clock skips is read as if it had not yet been changed."""
    return int(datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).timestamp())


def last_open_s(stages: Sequence[Stage], now_s: int, slot_s: int) -> int:
    """The start of the last slot that any auction takes orders for at a moment [s since 1970]."""
    running_s = now_s - now_s % slot_s
    last_s = running_s
    for stage in stages:
        if stage.kind is StageKind.DAY_AHEAD and stage.time_zone is not None:
            after = local_day(stage.time_zone, now_s) + timedelta(days=2)
            last_s = max(last_s, _moment(stage.time_zone, after, "00:00") - slot_s)
        elif stage.kind is StageKind.INTRADAY and stage.horizon_slots is not None:
            last_s = max(last_s, running_s + stage.horizon_slots * slot_s)
    return last_s - last_s % slot_s
