"""Gates of the market calendar: one per day for tomorrow, one or several per slot before delivery."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from wire.calendar import Gate, gates, last_open_s
from wire.messages import Stage, StageKind
from wire.slots import Slot, slots_of_local_day

ZONE = "Europe/Berlin"


def stage(kind: StageKind, **keys: Any) -> Stage:
    given: dict[str, Any] = {
        "stage": kind.value,
        "kind": kind,
        "mechanism": "uniform_price_k_double_auction",
        "takes_orders": True,
        "k_permille": 500,
        "gate_lead_s": None,
        "horizon_slots": None,
        "gate_at": None,
        "time_zone": None,
        "rounds": 1,
        "rounds_every_s": 0,
    }
    return Stage(**{**given, **keys})


DAY_AHEAD = stage(StageKind.DAY_AHEAD, gate_at="12:00", time_zone=ZONE)
INTRADAY = stage(StageKind.INTRADAY, gate_lead_s=300, horizon_slots=96)
ROUNDS = stage(StageKind.INTRADAY, gate_lead_s=300, horizon_slots=96, rounds=3, rounds_every_s=3600)
BALANCING = stage(StageKind.BALANCING, takes_orders=False, mechanism="mid_market_rate")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def slot(text: str, minutes: int = 15) -> Slot:
    return Slot(at(text), minutes)


def test_a_slot_is_first_traded_the_day_before_and_then_until_its_own_gate() -> None:
    found = gates((DAY_AHEAD, INTRADAY, BALANCING), slot("2027-01-15T08:15:00+01:00"))
    noon = at("2027-01-14T12:00:00+01:00")
    assert found == (
        Gate(stage="day_ahead", round=0, opens_s=at("2027-01-14T00:00:00+01:00"), gate_s=noon),
        Gate(stage="intraday", round=0, opens_s=noon, gate_s=at("2027-01-15T08:10:00+01:00")),
    )


@pytest.mark.parametrize(
    ("day", "count", "noon_before"),
    [
        (date(2027, 3, 28), 92, "2027-03-27T12:00:00+01:00"),
        (date(2027, 3, 29), 96, "2027-03-28T12:00:00+02:00"),
        (date(2027, 10, 31), 100, "2027-10-30T12:00:00+02:00"),
    ],
)
def test_a_day_on_which_the_clock_changes_is_closed_whole_at_local_noon(
    day: date, count: int, noon_before: str
) -> None:
    slots = list(slots_of_local_day(day, ZONE, 15))
    closing = {gates((DAY_AHEAD,), s)[0] for s in slots}
    assert len(slots) == count
    assert {gate.gate_s for gate in closing} == {at(noon_before)} and len(closing) == 1
    before, after = slots[0].shifted(-1), slots[-1].shifted(1)
    assert gates((DAY_AHEAD,), before)[0].gate_s < at(noon_before) < gates((DAY_AHEAD,), after)[0].gate_s


def test_rounds_close_one_after_the_other_inside_the_horizon_and_the_last_at_the_gate() -> None:
    target = slot("2027-01-15T08:15:00+01:00")
    found = gates((ROUNDS,), target)
    assert [gate.gate_s for gate in found] == [target.start_s - 300 - back for back in (7200, 3600, 0)]
    assert [gate.round for gate in found] == [0, 1, 2]
    assert [gate.opens_s for gate in found[1:]] == [gate.gate_s for gate in found[:-1]]
    short = ROUNDS.model_copy(update={"horizon_slots": 6})
    assert [gate.gate_s for gate in gates((short,), target)] == [target.start_s - 3900, target.start_s - 300]


def test_a_round_that_would_close_before_the_day_ahead_gate_does_not_take_place() -> None:
    early = slot("2027-01-15T00:00:00+01:00")
    many = ROUNDS.model_copy(update={"rounds": 20, "rounds_every_s": 3600})
    found = gates((DAY_AHEAD, many), early)
    assert found[0].stage == "day_ahead"
    assert all(a.gate_s < b.gate_s for a, b in pairwise(found))
    assert len(found) == 1 + 12


def test_the_horizon_reaches_to_the_end_of_tomorrow_where_a_day_is_traded_ahead() -> None:
    now_s = at("2027-03-27T08:05:00+01:00")
    assert last_open_s((DAY_AHEAD, INTRADAY), now_s, 900) == at("2027-03-28T23:45:00+02:00")
    assert last_open_s((INTRADAY,), now_s, 900) == at("2027-03-28T08:00:00+01:00")
    utc = datetime.fromtimestamp(last_open_s((DAY_AHEAD,), now_s, 3600), UTC)
    assert utc.isoformat() == "2027-03-28T21:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "keys", "what"),
    [
        (StageKind.DAY_AHEAD, {"gate_at": "12:00"}, "gate_at and time_zone"),
        (StageKind.DAY_AHEAD, {"gate_at": "12:00", "time_zone": "Mars/Olympus"}, "no time zone"),
        (StageKind.DAY_AHEAD, {"gate_at": "25:00", "time_zone": ZONE}, "pattern"),
        (StageKind.INTRADAY, {"gate_lead_s": 60}, "gate_lead_s and horizon_slots"),
        (StageKind.BILATERAL, {"horizon_slots": 60}, "gate_lead_s and horizon_slots"),
    ],
)
def test_a_stage_without_its_gate_is_none(kind: StageKind, keys: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        stage(kind, **keys)
