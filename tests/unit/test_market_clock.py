"""The own clock against the market's: what the broker's signed messages tell of it, and what follows."""

import pytest
from golden_messages import GOLDEN
from hypothesis import given
from hypothesis import strategies as st

from broker.market.terms import Terms
from hems.control.market_auditor import MarketAuditor
from hems.control.market_clock import LIMIT_S, SETTLED_S, MarketClock, clock_words
from tests.fakes import BROKER_KEY, COMMUNITY, METER, START_S, broker_says, slot, transactive_meter
from wire.messages import Conditions, Gate, Message, Receipt, SlotState, StatusAnswer
from wire.slots import format_utc, slot_at

SLOT_S = 900
AT_S = 1_800_000_000


def golden(model: type[Message], **changes: object) -> Message:
    return next(message for message in GOLDEN if isinstance(message, model)).model_copy(update=changes)


def gate(at_s: int) -> Message:
    return golden(Gate, closed_at=format_utc(at_s))


def conditions(at_s: int) -> Message:
    """What the market publishes at a moment: the conditions of the next slot."""
    return golden(Conditions, slot=slot_at(at_s, SLOT_S // 60).shifted(1).label)


@given(st.integers(-LIMIT_S, LIMIT_S), st.lists(st.integers(0, 86_400), min_size=1, max_size=8))
def test_a_clock_that_is_right_within_the_limit_is_never_suspected(off_s: int, moments: list[int]) -> None:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S + off_s - SETTLED_S)
    for after_s in sorted(moments):
        at_s = AT_S + after_s
        clock.hear(conditions(at_s), at_s + off_s)
        clock.hear(gate(at_s), at_s + off_s)
        assert clock.off_s is None


@given(st.integers(LIMIT_S + 2, 10 * 86_400), st.booleans())
def test_a_gate_tells_exactly_how_far_a_clock_is_off_and_that_it_was_set(far_s: int, is_ahead: bool) -> None:
    off_s, clock = far_s if is_ahead else -far_s, MarketClock(SLOT_S)
    clock.connected(AT_S + off_s - SETTLED_S)
    clock.hear(gate(AT_S), AT_S + off_s)
    assert clock.off_s == (None if is_ahead else off_s)  # it may have been held up on its way
    clock.hear(gate(AT_S + SLOT_S), AT_S + SLOT_S + off_s + 1)
    assert clock.off_s == off_s + 1
    clock.hear(conditions(AT_S), AT_S + off_s)
    assert clock.off_s == off_s + 1
    clock.hear(gate(AT_S + 2 * SLOT_S), AT_S + 2 * SLOT_S)
    assert clock.off_s is None


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True), st.integers(0, 3600))
def test_gates_that_a_process_hears_after_it_stood_still_say_nothing_of_its_clock(
    gates: list[int], late_s: int
) -> None:
    """It wakes, and all that came meanwhile is there at once, the gates of several stages too."""
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S - SETTLED_S)
    woke_s = AT_S + max(gates) * SLOT_S + late_s
    for number in sorted(gates):
        for moment_s in (0, 30):
            clock.hear(gate(AT_S + number * SLOT_S + moment_s), woke_s)
            assert clock.off_s is None or clock.off_s <= 0


def receipt(at_s: int) -> Message:
    return golden(Receipt, received_at=format_utc(at_s))


@given(st.integers(LIMIT_S + 1, 10 * 86_400))
def test_a_receipt_before_the_first_gate_tells_a_clock_that_is_behind(far_s: int) -> None:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S - far_s - SETTLED_S)
    clock.hear(receipt(AT_S), AT_S - far_s)
    assert clock.off_s == -far_s
    clock.hear(conditions(AT_S), AT_S)  # they fit, to about a slot: only a gate shows that it was set
    assert clock.off_s == -far_s
    clock.hear(gate(AT_S + 60), AT_S + 60)
    assert clock.off_s is None
    assert clock.is_proven


@given(st.integers(LIMIT_S + 1, 10 * 86_400))
def test_a_receipt_and_a_gate_that_come_as_late_tell_a_clock_that_is_ahead(far_s: int) -> None:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S + far_s - SETTLED_S)
    clock.hear(receipt(AT_S), AT_S + far_s)
    clock.hear(receipt(AT_S + 1), AT_S + far_s + 1)
    assert clock.off_s is None  # they may have waited together
    clock.hear(gate(AT_S + 120), AT_S + far_s + 121)
    assert clock.off_s == far_s + 1


@given(st.integers(-(10**6), 10**6))
def test_a_receipt_counts_nothing_against_a_gate_and_proves_nothing_by_itself(told_s: int) -> None:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S - SETTLED_S)
    clock.hear(receipt(AT_S), AT_S)
    assert not clock.is_proven
    clock.hear(gate(AT_S), AT_S)
    for again_s in (0, 100, 200):
        clock.hear(receipt(AT_S + told_s + again_s), AT_S + again_s)
    assert clock.is_proven


SAID = st.lists(st.tuples(st.integers(0, 86_400), st.integers(-(10**6), 10**6), st.booleans()), max_size=6)


def agreed(steady_s: float = 5.0) -> MarketClock:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S - SETTLED_S)
    clock.hear(calendar(0), AT_S, steady_s)
    clock.hear(gate(AT_S), AT_S, steady_s)
    return clock


@given(SAID)
def test_a_clock_that_agreed_and_was_not_set_since_is_not_talked_out_of_it(said: list[tuple[int, int, bool]]) -> None:
    clock = agreed()
    for after_s, far_s, is_gate in sorted(said):
        told = gate(AT_S + far_s) if is_gate else conditions(AT_S + far_s)
        clock.hear(told, AT_S + after_s, 5.0 + after_s)
        clock.hear(open_slot(AT_S - 86_400), AT_S + after_s, 5.0 + after_s)
        assert clock.is_proven


@given(st.integers(LIMIT_S + 1, 10 * 86_400), st.booleans())
def test_a_clock_that_was_set_since_is_judged_by_the_next_gates(far_s: int, is_ahead: bool) -> None:
    off_s, clock = far_s if is_ahead else -far_s, agreed()
    for at_s in (SLOT_S, 2 * SLOT_S):
        clock.hear(gate(AT_S + at_s), AT_S + at_s + off_s, 5.0 + at_s)
    assert clock.off_s == off_s


def open_slot(start_s: int) -> Message:
    return golden(StatusAnswer, slot=slot_at(start_s, SLOT_S // 60).label, state=SlotState.GATE_OPEN)


LEADS = st.integers(1, 4 * 3600)


def calendar(lead_s: int) -> Message:
    return Terms(community=COMMUNITY, gate_lead_s=lead_s, group_min=1).calendar(BROKER_KEY.public_hex, "0" * 64)


def told(at_s: int, lead_s: int) -> Message:
    """The newest conditions at a moment: they are told at the gate of the slot before, `lead_s` ahead of it."""
    return golden(Conditions, slot=slot_at(at_s + lead_s, SLOT_S // 60).shifted(1).label)


def answer(state: SlotState, start_s: int) -> Message:
    return golden(StatusAnswer, slot=format_utc(start_s), state=state)


@given(st.integers(LIMIT_S, 10 * 86_400), LEADS, st.booleans(), st.integers(0, 3 * SLOT_S))
def test_conditions_tell_at_once_of_a_clock_that_is_hours_behind(
    more_s: int, lead_s: int, calendar_first: bool, moment_s: int
) -> None:
    behind_s, clock = 2 * SLOT_S + lead_s + more_s, MarketClock(SLOT_S)
    retained = [calendar(lead_s), told(AT_S + moment_s, lead_s)]
    for message in retained if calendar_first else retained[::-1]:
        clock.hear(message, AT_S + moment_s - behind_s)
    assert clock.off_s is not None and abs(clock.off_s + behind_s) <= SLOT_S + lead_s
    assert clock_words(clock.off_s).endswith("behind the market's")
    clock.hear(told(AT_S + moment_s, lead_s), AT_S + moment_s)
    assert clock.off_s is None


@given(LEADS, st.integers(0, 30 * 86_400), st.integers(-LIMIT_S, LIMIT_S))
def test_conditions_that_fit_or_are_old_say_nothing_against_a_clock(lead_s: int, old_s: int, off_s: int) -> None:
    """A market may be down for long, and its last conditions stay on the server."""
    clock = MarketClock(SLOT_S)
    clock.hear(calendar(lead_s), AT_S + off_s)
    clock.hear(told(AT_S - old_s, lead_s), AT_S + off_s)
    assert clock.off_s is None


@given(st.integers(0, 30), st.sampled_from(SlotState))
def test_a_slot_that_is_over_and_still_open_tells_of_a_clock_that_is_ahead(slots: int, state: SlotState) -> None:
    clock, start_s = MarketClock(SLOT_S), slot_at(AT_S, SLOT_S // 60).start_s
    clock.hear(answer(state, start_s), start_s + slots * SLOT_S + 7)
    assert (clock.off_s is not None) == (state is SlotState.GATE_OPEN and slots >= 1)
    assert clock.off_s is None or clock_words(clock.off_s).endswith("ahead of the market's")


def test_how_far_a_clock_is_ahead_is_told_by_the_newest_conditions() -> None:
    clock, now_s = MarketClock(SLOT_S), AT_S + 3600
    clock.hear(calendar(60), now_s)
    clock.hear(told(AT_S, 60), now_s)
    clock.hear(answer(SlotState.GATE_OPEN, slot_at(now_s, 15).shifted(-1).start_s), now_s)
    assert clock.off_s is not None and abs(clock.off_s - 3600) <= SLOT_S


def test_a_clock_speaks_against_the_operator_only_after_a_gate_has_proven_it() -> None:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S - SETTLED_S)
    clock.hear(conditions(AT_S), AT_S)
    assert clock.off_s is None and not clock.is_proven
    clock.hear(gate(AT_S), AT_S)
    assert clock.is_proven
    clock.hear(gate(AT_S), AT_S - 3600)
    assert not clock.is_proven


@pytest.mark.parametrize(("clock", "found"), [(None, 1), (MarketClock(SLOT_S), 0)])
def test_a_meter_whose_clock_is_wrong_accuses_nobody_of_an_early_gate(clock: MarketClock | None, found: int) -> None:
    auditor = MarketAuditor(meter=METER, community=COMMUNITY)
    meter = transactive_meter(auditor=auditor, clock=clock)
    terms = Terms(community=COMMUNITY, horizon_slots=4, group_min=1)
    meter.receive("calendar", broker_says(terms.calendar(BROKER_KEY.public_hex, "0" * 64)), START_S - 400)
    gate_s = slot(1).start_s - terms.gate_lead_s
    said = golden(
        Gate, community=COMMUNITY, stage="intraday", slot=slot(1).label, round=0, closed_at=format_utc(gate_s)
    )
    assert meter.receive("gate", broker_says(said), gate_s - 400) is not None
    assert len([one for one in auditor.violations if "by the own clock" in one.detail]) == found


def test_a_gate_that_waited_for_the_connection_says_nothing_of_the_clock() -> None:
    clock = MarketClock(SLOT_S)
    clock.connected(AT_S)
    clock.hear(gate(AT_S - 7200), AT_S + 1)
    assert clock.off_s is None
    clock.hear(gate(AT_S), AT_S + SETTLED_S)
    assert clock.off_s is None
