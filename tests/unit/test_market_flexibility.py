"""Flexibility calls: asked by the operator, offered by members, awarded at the gate, verified against a baseline."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import COMMUNITY, FakeJournal, FakePrices, enrolled, report, service
from test_calendar import INTRADAY, at, stage
from test_market_stages import HOURLY, MORNING, answers

from broker.cli import main
from broker.commands.act_file import user
from broker.control.service import MarketService
from broker.io.call_files import CallFiles
from broker.ledger.transfer import account
from broker.market.agreements.load_history import DAYS, LoadHistory
from broker.market.events import CallAsked
from broker.market.terms import OutsidePrices, Terms
from wire.messages import (
    Call,
    CurveStep,
    FlexAward,
    FlexOffer,
    FlexResult,
    Message,
    MeterReport,
    Receipt,
    Rejection,
    Settlement,
    SettlementItem,
    StageKind,
)
from wire.slots import Slot, format_utc

FLEXIBILITY = stage(
    StageKind.FLEXIBILITY, takes_orders=False, mechanism="flexibility_auction", gate_lead_s=3_600, horizon_slots=48
)
PLAIN = INTRADAY.model_copy(update={"horizon_slots": 4})
TERMS = Terms(**HOURLY, stages=(PLAIN, FLEXIBILITY), report_within_s=600)  # type: ignore[arg-type]
CALLED = Slot(at("2027-01-14T14:00:00+01:00"), 60)
GATE_S = CALLED.start_s - 3_600


class Calls:
    """Calls that wait, and what was said about them."""

    def __init__(self, *waiting: CallAsked) -> None:
        self.list, self.said = list(waiting), dict[str, str | None]()

    def waiting(self, now_s: int) -> list[CallAsked]:
        return [call for call in self.list if call.call not in self.said]

    def taken(self, asked: CallAsked, problem: str | None) -> None:
        self.said[asked.call] = problem


def asked(**keys: Any) -> CallAsked:
    given: dict[str, Any] = {
        "call": "peak",
        "stage": "flexibility",
        "direction": "reduce",
        "slot_s": CALLED.start_s,
        "slots": 1,
        "request_wh": 500,
        "reserve_micro": 400_000,
        "penalty_micro": 100_000,
    }
    return CallAsked(at_s=MORNING, **{**given, **keys})


def offer(number: int, *steps: tuple[int, int], sequence: int = 1, call: str = "peak") -> FlexOffer:
    return FlexOffer(
        community=COMMUNITY,
        meter=f"home-{number}",
        call=call,
        sequence=sequence,
        steps=tuple(CurveStep(price_micro_per_kwh=price, energy_wh=energy) for price, energy in steps),
        sent_at=format_utc(MORNING),
    )


def market(calls: Calls, journal: FakeJournal | None = None) -> MarketService:
    opened = service(journal, terms=TERMS, prices=FakePrices(OutsidePrices(300_000, 100_000)))
    opened._calls = calls  # type: ignore[assignment] - the rig's service has no calls
    opened.agree([enrolled(1), enrolled(2)], MORNING)
    return opened


def metered(opened: MarketService, slot: Slot, first_wh: int, second_wh: int, registers: list[int]) -> list[Message]:
    """Reports both meters' import in a slot and settles it."""
    before = [out.message for out in opened.step(slot.end_s)]
    reports: list[MeterReport] = []
    for number, energy_wh in ((1, first_wh), (2, second_wh)):
        start = registers[number - 1]
        registers[number - 1] += energy_wh
        reports.append(report(number, slot, (start, start + energy_wh), (0, 0)))
    sent = answers(opened, slot.end_s, *reports)
    return [*before, *sent, *(out.message for out in opened.step(slot.end_s))]


def test_the_cheapest_offers_are_called_and_paid_for_what_they_did_against_their_baseline() -> None:
    opened = market(Calls(asked()))
    told = [out.message for out in opened.step(MORNING)]
    assert [m.gate for m in told if isinstance(m, Call)] == [format_utc(GATE_S)]
    sent = answers(opened, MORNING, offer(1, (200_000, 300)), offer(2, (250_000, 400), (500_000, 1_000)))
    assert [type(m) for m in sent] == [Receipt, Receipt]
    registers, sent = [0, 0], []
    for hour in range(int((GATE_S - MORNING) // 3_600)):
        sent += metered(opened, Slot(MORNING + hour * 3_600, 60), 1_000, 2_000, registers)
    awards = {m.meter: m for m in sent if isinstance(m, FlexAward)}
    assert {meter: (a.awarded_wh, a.price_micro_per_kwh) for meter, a in awards.items()} == {
        "home-1": (300, 250_000),
        "home-2": (200, 250_000),
    }
    metered(opened, Slot(GATE_S, 60), 1_000, 2_000, registers)
    sent = metered(opened, CALLED, 600, 1_950, registers)
    results = {m.meter: m for m in sent if isinstance(m, FlexResult)}
    first, second = results["home-1"], results["home-2"]
    assert (first.baseline_wh, first.metered_wh, first.paid_wh, first.amount_nano) == (
        1_000,
        600,
        300,
        -300 * 250_000,
    )
    # 50 of 200 Wh delivered: paid for these, and a penalty for the other 150
    assert (second.baseline_wh, second.paid_wh, second.amount_nano) == (2_000, 50, -50 * 250_000 + 150 * 100_000)
    settled = {m.meter: m for m in sent if isinstance(m, Settlement)}
    lines = {meter: {x.item.value: x.amount_nano for x in m.lines} for meter, m in settled.items()}
    assert lines["home-1"] == {"outside": 600 * 300_000, "flexibility": first.amount_nano}
    assert lines["home-2"]["flexibility"] == second.amount_nano
    assert opened.market.accounts.sum_nano() == 0


def test_who_does_not_report_has_delivered_nothing() -> None:
    opened = market(Calls(asked()))
    opened.step(MORNING)
    answers(opened, MORNING, offer(1, (200_000, 300)))
    registers = [0, 0]
    for hour in range(int((CALLED.start_s - MORNING) // 3_600)):
        metered(opened, Slot(MORNING + hour * 3_600, 60), 1_000, 2_000, registers)
    sent = [out.message for out in opened.step(CALLED.end_s + 600)]
    (result,) = [m for m in sent if isinstance(m, FlexResult)]
    assert (result.metered_wh, result.paid_wh, result.amount_nano) == (None, 0, 300 * 100_000)
    (settled,) = [m for m in sent if isinstance(m, Settlement)]
    assert settled.quality == "estimated" and settled.total_nano == 300 * 100_000
    assert opened.market.accounts.sum_nano() == 0


def called_without_report(first_wh: int, second_wh: int) -> tuple[MarketService, list[Message]]:
    """home-1 offers 300 Wh, both use 1,000 Wh until the call; only home-2 reports in it. What was sent so far."""
    opened = market(Calls(asked()))
    opened.step(MORNING)
    answers(opened, MORNING, offer(1, (200_000, 300)))
    registers, sent = [0, 0], list[Message]()
    for hour in range(int((CALLED.start_s - MORNING) // 3_600)):
        sent += metered(opened, Slot(MORNING + hour * 3_600, 60), 1_000, 1_000, registers)
    opened.step(CALLED.end_s)
    sent += answers(opened, CALLED.end_s, report(2, CALLED, (registers[1], registers[1] + second_wh), (0, 0)))
    sent += [out.message for out in opened.step(CALLED.end_s + 600)]
    return opened, sent


@given(st.integers(0, 1_500), st.integers(0, 1_500), st.booleans())
@settings(max_examples=15)
def test_a_late_and_a_replaced_reading_correct_the_result_to_what_the_meter_showed(
    late_wh: int, last_wh: int, is_replaced: bool
) -> None:
    opened, sent = called_without_report(1_000, 1_000)
    start = 1_000 * int((CALLED.start_s - MORNING) // 3_600)
    for sequence, wh in enumerate([late_wh, last_wh] if is_replaced else [last_wh], 1):
        item = report(1, CALLED, (start, start + wh), (0, 0))
        again = item.model_copy(update={"sequence": sequence, "replaces": "read anew" if sequence > 1 else None})
        at_s = CALLED.end_s + 700 + 1_300 * sequence
        assert isinstance(answers(opened, at_s, again)[0], Receipt)
        sent += [out.message for out in opened.step(at_s + 600)]
    last = [m for m in sent if isinstance(m, FlexResult)][-1]
    done_wh = min(max(1_000 - last_wh, 0), 300)
    due_nano = -done_wh * 200_000 + (300 - done_wh) * 100_000
    assert (last.baseline_wh, last.metered_wh, last.paid_wh, last.amount_nano) == (1_000, last_wh, done_wh, due_nano)
    lines = [x for m in sent if isinstance(m, Settlement) and m.meter == "home-1" for x in m.lines]
    paid = [x.amount_nano for x in lines if SettlementItem.FLEXIBILITY in (x.item, x.of)]
    assert sum(paid) == due_nano
    assert sum(x.amount_nano for x in lines) == -opened.market.accounts.balance(account("home-1"))
    assert opened.market.accounts.sum_nano() == 0


def test_a_correction_of_others_tells_no_result_again() -> None:
    opened, sent = called_without_report(1_000, 1_000)
    assert len([m for m in sent if isinstance(m, FlexResult)]) == 1
    start = 1_000 * int((CALLED.start_s - MORNING) // 3_600)
    again = report(2, CALLED, (start, start + 900), (0, 0)).model_copy(update={"sequence": 2, "replaces": "wrong"})
    answers(opened, CALLED.end_s + 700, again)
    corrected = [out.message for out in opened.step(CALLED.end_s + 1_300)]
    assert [m.meter for m in corrected if isinstance(m, Settlement)] == ["home-2"]
    assert not [m for m in corrected if isinstance(m, FlexResult)]


def test_who_is_called_twice_in_a_slot_is_paid_for_a_saving_once() -> None:
    opened = market(Calls(asked(), asked(call="second", request_wh=200)))
    opened.step(MORNING)
    answers(opened, MORNING, offer(1, (200_000, 300)), offer(1, (200_000, 200), call="second"))
    registers = [0, 0]
    for hour in range(int((CALLED.start_s - MORNING) // 3_600)):
        metered(opened, Slot(MORNING + hour * 3_600, 60), 1_000, 2_000, registers)
    results = [m for m in metered(opened, CALLED, 600, 2_000, registers) if isinstance(m, FlexResult)]
    assert [(r.call, r.baseline_wh, r.paid_wh) for r in results] == [("peak", 1_000, 300), ("second", 700, 100)]


def test_a_call_that_nobody_answers_ends_at_its_gate_and_costs_nothing() -> None:
    opened = market(Calls(asked()))
    opened.step(MORNING)
    assert opened.market.next_due_s(GATE_S - 1) == GATE_S
    opened.step(CALLED.end_s + 600)
    held = opened.market.calls.held["peak"].procured
    assert held is not None and not held.awarded and held.short == 500


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"stage": "intraday"}, "no flexibility or ancillary stage"),
        ({"slot_s": CALLED.start_s + 60}, "not the start of a slot"),
        ({"slot_s": MORNING}, "its gate was"),
        ({"slots": 96}, "slots ahead"),
    ],
)
def test_a_call_that_cannot_be_made_is_told_and_not_journaled(keys: dict[str, Any], what: str) -> None:
    journal, calls = FakeJournal(), Calls(asked(**keys))
    opened = market(calls, journal)
    opened.step(MORNING)
    assert what in str(calls.said["peak"])
    assert not any(b"call_asked" in record for record in journal.kept)
    assert not opened.market.calls.held


@pytest.mark.parametrize(
    ("reason", "wrong"),
    [
        ("unknown_call", offer(1, (1, 1), call="other")),
        ("conflicting_sequence", offer(1, (1, 1), sequence=2)),
        ("stale_sequence", offer(1, (1, 1))),
        ("over_nameplate", offer(1, (1, 22_001), sequence=3)),
        ("too_many_steps", offer(1, *[(n, 1) for n in range(61)], sequence=3)),
    ],
)
def test_a_refused_offer_is_told_why_and_changes_nothing(reason: str, wrong: FlexOffer) -> None:
    opened = market(Calls(asked()))
    opened.step(MORNING)
    good = offer(1, (200_000, 300), sequence=2)
    assert [type(m) for m in answers(opened, MORNING, good, good)] == [Receipt, Receipt]
    (answer,) = answers(opened, MORNING, wrong)
    assert isinstance(answer, Rejection) and answer.code == reason
    assert {m: o[0] for m, o in opened.market.calls.held["peak"].offers.items()} == {"home-1": good}
    (late,) = answers(opened, GATE_S, offer(2, (1, 1)))
    assert isinstance(late, Rejection) and late.code == "gate_closed"


def test_calls_and_offers_replay_from_the_journal() -> None:
    journal = FakeJournal()
    opened = market(Calls(asked()), journal)
    opened.step(MORNING)
    answers(opened, MORNING, offer(1, (200_000, 300)))
    opened.step(GATE_S)
    again = service(FakeJournal(journal.kept), terms=TERMS)
    assert again.market.calls.held == opened.market.calls.held


def test_the_history_keeps_eleven_days_and_leaves_called_days_out() -> None:
    history = LoadHistory(3_600)
    for day in range(20):
        for hour in range(24):
            history.note("m", day * 86_400 + hour * 3_600, 100 * day + hour)
    today = 20 * 86_400
    days = history.days("m", [today + 3_600, today + 7_200], [18 * 86_400 + 3_600])
    assert days == [[100 * day + 1, 100 * day + 2] for day in range(10, 20) if day != 18]
    assert history.load_wh("m", (20 - DAYS) * 86_400 - 3_600) is None and history.load_wh("n", 0) is None
    history.note("m", today + 5 * 86_400, 7)
    assert history.load_wh("m", today) is None, "days that nobody reported are not known"
    assert history.load_wh("m", 19 * 86_400) == 1_900


def test_the_command_writes_a_call_that_the_broker_takes_or_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["call", str(tmp_path), "--name", "peak", "--first-slot", CALLED.label, "--reduce-wh", "500"]
    line += ["--reserve-price-per-kwh", "0.4"]
    assert main(line) == 2
    assert "holds no journal" in capsys.readouterr().err
    (tmp_path / "journal.db").touch()
    assert main([*line, "--slots", "0", "--penalty-per-kwh", "much"]) == 2
    err = capsys.readouterr().err
    assert "slots:" in err and "penalty_micro: 'much' is no price" in err
    assert main(line) == 0
    files = CallFiles(tmp_path / "calls")
    assert files.waiting(MORNING) == [asked(penalty_micro=0, by=user())]
    files.taken(asked(), None)
    assert files.waiting(MORNING) == []
    (tmp_path / "calls" / "bad.json").write_text("{")
    misnamed = {"call": "x", "first_slot": CALLED.label, "request_wh": 1, "reserve_micro": 1}
    (tmp_path / "calls" / "other.json").write_text(json.dumps(misnamed))
    assert files.waiting(MORNING) == []
    assert "cannot be read" in (tmp_path / "calls" / "bad.refused").read_text()
    assert "one name" in (tmp_path / "calls" / "other.refused").read_text()
