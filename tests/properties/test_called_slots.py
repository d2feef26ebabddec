"""What calls pay in a slot, whatever was metered: bounds, symmetry, and lines that are the result."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from broker.ledger.transfer import OUTSIDE, account
from broker.settlement.called import Called
from broker.settlement.standby import StandingBy

WH = st.integers(0, 2_000)
NET = st.integers(-3_000, 3_000)
MICRO = st.integers(0, 10**6)
METERED = st.none() | NET


@st.composite
def standing(draw: st.DrawFn) -> StandingBy:
    reserved = draw(WH)
    return StandingBy(
        call="c",
        meter="m",
        reserved_wh=reserved,
        called_wh=draw(st.integers(0, reserved)),
        availability_micro=draw(MICRO),
        activation_micro=draw(MICRO),
        penalty_micro=draw(MICRO),
        is_increase=draw(st.booleans()),
        baseline_wh=draw(METERED),
    )


@st.composite
def called(draw: st.DrawFn) -> Called:
    return Called(
        call="c",
        meter="m",
        awarded_wh=draw(WH),
        price_micro=draw(MICRO),
        penalty_micro=draw(MICRO),
        is_increase=draw(st.booleans()),
        baseline_wh=draw(METERED),
    )


@given(standing(), METERED)
def test_standing_by_pays_by_what_was_called_and_not_shown(part: StandingBy, metered: int | None) -> None:
    """Judge: each Wh called is given or missing; each Wh reserved and not missing is paid for standing by."""
    sign = 1 if part.is_increase else -1
    shown = 0 if part.baseline_wh is None or metered is None else sign * (metered - part.baseline_wh)
    given_wh = sorted((0, shown, part.called_wh))[1]  # the middle one
    missing_wh = 0 if part.baseline_wh is None else part.called_wh - given_wh
    result = part.result("elm", "2027-01-15T08:00:00Z", metered)
    assert result.paid_wh == (0 if part.baseline_wh is None else given_wh)
    assert result.availability_nano == (part.reserved_wh - missing_wh) * part.availability_micro
    assert result.activation_nano == result.paid_wh * part.activation_micro
    assert result.penalty_nano == missing_wh * part.penalty_micro
    assert result.amount_nano == result.penalty_nano - result.availability_nano - result.activation_nano


@given(standing() | called(), METERED)
def test_the_lines_of_a_call_sum_to_its_result_and_the_operator_pays(
    part: StandingBy | Called, metered: int | None
) -> None:
    lines = part.transfers(metered)
    own = account("m")
    assert all({t.payer, t.payee} == {own, OUTSIDE} and t.energy_wh == 0 for t in lines)
    paid = sum(t.amount_nano if t.payer == own else -t.amount_nano for t in lines)
    assert paid == part.result("elm", "2027-01-15T08:00:00Z", metered).amount_nano


@given(standing() | called(), METERED)
def test_a_call_for_more_use_is_the_mirror_image_of_one_for_less(
    part: StandingBy | Called, metered: int | None
) -> None:
    mirrored = replace(
        part, is_increase=not part.is_increase, baseline_wh=None if part.baseline_wh is None else -part.baseline_wh
    )
    seen = None if metered is None else -metered
    assert part.transfers(metered) == mirrored.transfers(seen)
    assert part.promised_wh == -mirrored.promised_wh


@given(standing() | called())
def test_who_does_just_what_it_promised_misses_nothing(part: StandingBy | Called) -> None:
    if part.baseline_wh is not None:
        result = part.result("elm", "2027-01-15T08:00:00Z", part.baseline_wh + part.promised_wh)
        assert result.paid_wh == abs(part.promised_wh)
        assert not any(t.label == "penalty" for t in part.transfers(part.baseline_wh + part.promised_wh))
