"""Ancillary calls: members stand by, are activated before a slot, and verified against a baseline."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import COMMUNITY, FakeJournal, FakePrices, enrolled, report, service
from test_broker_config import CONSTANT, HEAD, findings
from test_calendar import stage
from test_market_flexibility import CALLED, GATE_S, PLAIN, metered, offer
from test_market_stages import HOURLY, MORNING, answers

from broker.cli import main
from broker.commands.act_file import user
from broker.control.service import MarketService
from broker.io.call_files import CallFiles
from broker.io.config_file import load
from broker.ledger.transfer import account
from broker.market.events import ActivationAsked, CallAsked
from broker.market.terms import OutsidePrices, Terms
from wire.messages import (
    Activation,
    FlexAward,
    FlexResult,
    Message,
    Receipt,
    Rejection,
    ReserveOffer,
    ReserveResult,
    ReserveStep,
    Settlement,
    SettlementItem,
    StageKind,
)
from wire.slots import Slot, format_utc

KEYS: dict[str, Any] = {"takes_orders": False, "gate_lead_s": 3_600, "horizon_slots": 48}
FLEXIBILITY = stage(StageKind.FLEXIBILITY, mechanism="flexibility_auction", **KEYS)
ANCILLARY = stage(StageKind.ANCILLARY, mechanism="ancillary_call", **KEYS)
TERMS = Terms(**HOURLY, stages=(PLAIN, FLEXIBILITY, ANCILLARY), report_within_s=600)  # type: ignore[arg-type]
SECOND = CALLED.shifted(1)
HOURS = int((CALLED.start_s - MORNING) // 3_600)
AVAILABILITY, DEAR, CHEAP, PENALTY = 20_000, 300_000, 250_000, 100_000


@dataclass
class Operator:
    """Asks for what is put in, when its time has come, and hears what was wrong with it."""

    asks: list[CallAsked | ActivationAsked] = field(default_factory=list)
    said: list[str | None] = field(default_factory=list)

    def waiting(self, now_s: int) -> list[CallAsked | ActivationAsked]:
        return [asked.model_copy(update={"at_s": now_s}) for asked in self.asks]

    def taken(self, asked: CallAsked | ActivationAsked, problem: str | None) -> None:
        self.asks = [other for other in self.asks if (other.type, other.call) != (asked.type, asked.call)]
        self.said.append(problem)


def standby(**keys: Any) -> CallAsked:
    given: dict[str, Any] = {
        "call": "evening",
        "stage": "ancillary",
        "direction": "reduce",
        "slot_s": CALLED.start_s,
        "slots": 2,
        "request_wh": 500,
        "reserve_micro": 50_000,
        "penalty_micro": PENALTY,
    }
    return CallAsked(at_s=MORNING, **{**given, **keys})


def activation(slot: Slot = SECOND, request_wh: int = 400, call: str = "evening") -> ActivationAsked:
    return ActivationAsked(at_s=MORNING, call=call, slot_s=slot.start_s, request_wh=request_wh)


def reserve(number: int, *steps: tuple[int, int, int], call: str = "evening") -> ReserveOffer:
    return ReserveOffer(
        community=COMMUNITY,
        meter=f"home-{number}",
        call=call,
        sequence=1,
        steps=tuple(
            ReserveStep(energy_wh=wh, availability_price_micro_per_kwh=a, activation_price_micro_per_kwh=b)
            for wh, a, b in steps
        ),
        sent_at=format_utc(MORNING),
    )


@dataclass
class Evening:
    """A community whose homes use 1,000 and 2,000 Wh an hour until both stand by from 14 h to 16 h.

    home-1 reserves 300 Wh and is dear to activate, home-2 200 of its 400 Wh and is cheap.
    """

    journal: FakeJournal = field(default_factory=FakeJournal)
    sent: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operator = Operator([standby()])
        self.market = service(self.journal, terms=TERMS, prices=FakePrices(OutsidePrices(300_000, 100_000)))
        self.market._calls = self.operator
        self.market.agree([enrolled(1), enrolled(2)], MORNING)
        self.market.step(MORNING)
        offers = reserve(1, (300, 10_000, DEAR)), reserve(2, (400, AVAILABILITY, CHEAP), (100, 60_000, 1))
        assert [type(m) for m in answers(self.market, MORNING, *offers)] == [Receipt, Receipt]
        self.registers = [0, 0]
        for hour in range(HOURS):
            self.use(Slot(MORNING + hour * 3_600, 60), 1_000, 2_000)

    def use(self, slot: Slot, first_wh: int, second_wh: int) -> list[Message]:
        found = metered(self.market, slot, first_wh, second_wh, self.registers)
        self.sent += found
        return found

    def activate(self, asked: ActivationAsked, at_s: int) -> list[Message]:
        self.operator.asks.append(asked)
        return [out.message for out in self.market.step(at_s)]

    def paid_nano(self, meter: str, label: str = "") -> int:
        lines = [x for m in self.sent if isinstance(m, Settlement) and m.meter == meter for x in m.lines]
        own = [x for x in lines if SettlementItem.ANCILLARY in (x.item, x.of) and label in (x.label or "")]
        return sum(x.amount_nano for x in own)


def results(sent: list[Message]) -> dict[str, ReserveResult]:
    return {m.meter: m for m in sent if isinstance(m, ReserveResult)}


def test_who_stands_by_is_paid_and_who_is_activated_is_measured() -> None:
    evening = Evening()
    awards = {m.meter: (m.awarded_wh, m.price_micro_per_kwh) for m in evening.sent if isinstance(m, FlexAward)}
    assert awards == {"home-1": (300, AVAILABILITY), "home-2": (200, AVAILABILITY)}
    quiet = results(evening.use(CALLED, 1_700, 100))
    assert {m: (r.called_wh, r.baseline_wh, r.amount_nano) for m, r in quiet.items()} == {
        "home-1": (0, None, -300 * AVAILABILITY),
        "home-2": (0, None, -200 * AVAILABILITY),
    }
    told = evening.activate(activation(), SECOND.start_s - 1)
    called = {m.meter: (m.slot, m.called_wh, m.price_micro_per_kwh) for m in told if isinstance(m, Activation)}
    assert called == {"home-1": (SECOND.label, 200, DEAR), "home-2": (SECOND.label, 200, DEAR)}
    done = results(evening.use(SECOND, 700, 1_900))
    # the mean of the four hours before: 1,175 and 1,525; home-1 gives 475 of 200 Wh, home-2 uses more
    first, second = done["home-1"], done["home-2"]
    assert (first.baseline_wh, first.paid_wh, first.amount_nano) == (
        1_175,
        200,
        -300 * AVAILABILITY - 200 * DEAR,
    )
    assert (second.baseline_wh, second.paid_wh) == (1_525, 0)
    assert second.amount_nano == 200 * PENALTY, "all was missed: no availability, a penalty"
    assert evening.paid_nano("home-2", "penalty") == 200 * PENALTY
    assert evening.paid_nano("home-1", "standing by") == -2 * 300 * AVAILABILITY
    assert evening.market.market.accounts.sum_nano() == 0


@given(st.integers(0, 2_500), st.integers(0, 2_500))
@settings(max_examples=10)
def test_a_late_reading_corrects_an_activation_to_what_the_meter_showed(early_wh: int, late_wh: int) -> None:
    evening = Evening()
    evening.use(CALLED, 1_000, 2_000)
    evening.activate(activation(), SECOND.start_s - 1)
    market, start = evening.market, evening.registers[0]
    market.step(SECOND.end_s)
    for sequence, wh in ((1, early_wh), (2, late_wh)):
        item = report(1, SECOND, (start, start + wh), (0, 0)).model_copy(
            update={"sequence": sequence, "replaces": "read anew" if sequence > 1 else None}
        )
        at_s = SECOND.end_s + 1_300 * (sequence - 1)
        assert isinstance(answers(market, at_s, item)[0], Receipt)
        evening.sent += [out.message for out in market.step(at_s + 600)]
    delivered_wh = min(max(1_000 - late_wh, 0), 200)
    due = delivered_wh * DEAR - (200 - delivered_wh) * PENALTY + (300 - 200 + delivered_wh) * AVAILABILITY
    assert results(evening.sent)["home-1"].amount_nano == -due
    assert evening.paid_nano("home-1") == -due - 300 * AVAILABILITY
    assert results(evening.sent)["home-2"].metered_wh is None and evening.paid_nano("home-2", "penalty") > 0
    lines = [x for m in evening.sent if isinstance(m, Settlement) and m.meter == "home-1" for x in m.lines]
    assert sum(x.amount_nano for x in lines) == -market.market.accounts.balance(account("home-1"))
    assert market.market.accounts.sum_nano() == 0


@pytest.mark.parametrize(
    ("asked", "at_s", "what"),
    [
        (activation(call="other"), SECOND.start_s - 1, "there is no ancillary call 'other'"),
        (activation(SECOND.shifted(1)), SECOND.start_s - 1, "is no slot of call evening"),
        (activation(CALLED), CALLED.start_s, "has begun"),
        (activation(request_wh=501), SECOND.start_s - 1, "500 Wh stand by"),
    ],
)
def test_an_activation_that_cannot_be_done_is_told_and_not_journaled(
    asked: ActivationAsked, at_s: int, what: str
) -> None:
    evening = Evening()
    told = evening.activate(asked, at_s)
    assert what in str(evening.operator.said[-1])
    assert not any(isinstance(m, Activation) for m in told)
    assert not any(b"activation_asked" in record for record in evening.journal.kept)


def test_nobody_is_activated_before_the_gate_and_a_slot_is_activated_once() -> None:
    operator = Operator([standby()])
    early = service(terms=TERMS)
    early._calls = operator
    early.agree([enrolled(1)], MORNING)
    early.step(MORNING)
    operator.asks.append(activation())
    early.step(GATE_S - 1)
    assert "nobody stands by before the gate" in str(operator.said[-1])
    evening = Evening()
    evening.activate(activation(), CALLED.start_s)
    told = evening.activate(activation(), CALLED.start_s)
    assert evening.operator.said[-1] is None, "a file that a crash left is taken without a second event"
    assert not any(isinstance(m, Activation) for m in told)
    evening.activate(activation(request_wh=100), CALLED.start_s)
    assert "activated already" in str(evening.operator.said[-1])
    evening.operator.asks.append(standby(request_wh=400))
    evening.market.step(CALLED.start_s)
    assert "call 'evening' exists" in str(evening.operator.said[-1])


def test_each_call_takes_the_offers_of_its_stage() -> None:
    market = service(terms=TERMS)
    market._calls = Operator([standby(), standby(call="peak", stage="flexibility")])
    market.agree([enrolled(1)], MORNING)
    market.step(MORNING)
    wrong = answers(market, MORNING, offer(1, (1, 1), call="evening"), reserve(1, (1, 1, 1), call="peak"))
    assert [m.code.value for m in wrong if isinstance(m, Rejection)] == ["wrong_stage", "wrong_stage"]
    assert all(not held.offers for held in market.market.calls.held.values())
    (over,) = answers(market, MORNING, reserve(1, (22_001, 1, 1)))
    assert isinstance(over, Rejection) and over.code == "over_nameplate"


def test_a_saving_is_not_paid_by_a_flexibility_call_and_an_activation() -> None:
    """home-1 saves 250 of its 1,000 Wh: they count for "evening"; "peak" starts from the 700 Wh promised there."""
    market = service(terms=TERMS)
    operator = Operator([standby(), standby(call="peak", stage="flexibility", slots=1)])
    market._calls = operator
    market.agree([enrolled(1), enrolled(2)], MORNING)
    market.step(MORNING)
    answers(market, MORNING, reserve(1, (300, 1, 1)), offer(1, (1, 100), call="peak"))
    registers = [0, 0]
    for hour in range(HOURS):
        if hour == HOURS - 1:
            operator.asks.append(activation(CALLED, 300))
            market.step(GATE_S)
        metered(market, Slot(MORNING + hour * 3_600, 60), 1_000, 2_000, registers)
    sent = metered(market, CALLED, 750, 2_000, registers)
    peak = [m.baseline_wh for m in sent if isinstance(m, FlexResult)]
    assert {r.call: (r.baseline_wh, r.paid_wh) for r in results(sent).values()} == {"evening": (1_000, 250)}
    assert peak == [700], "calls of one gate by name: evening is kept first"


def test_standing_by_and_activations_replay_from_the_journal() -> None:
    evening = Evening()
    evening.activate(activation(), CALLED.start_s)
    evening.use(CALLED, 1_000, 2_000)
    again: MarketService = service(FakeJournal(evening.journal.kept), terms=TERMS)
    assert again.market.calls.held == evening.market.market.calls.held
    names = [account("home-1"), account("home-2")]
    ours, theirs = again.market.accounts, evening.market.market.accounts
    assert [ours.balance(n) for n in names] == [theirs.balance(n) for n in names]


def test_the_command_writes_an_activation_that_the_broker_takes_or_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["activate", str(tmp_path), "--call", "evening", "--slot", SECOND.label, "--wh", "400"]
    assert main(line) == 2
    assert "holds no journal" in capsys.readouterr().err
    (tmp_path / "journal.db").touch()
    assert main([*line[:-1], "0"]) == 2
    assert main([*line[:5], "tomorrow", *line[6:]]) == 2
    err = capsys.readouterr().err
    assert "request_wh:" in err and "slot:" in err
    assert main(line) == 0
    files = CallFiles(tmp_path / "calls")
    asked = activation().model_copy(update={"by": user()})
    assert files.waiting(MORNING) == [asked]
    files.taken(asked, "too late")
    assert files.waiting(MORNING) == []
    (refused,) = (tmp_path / "calls").iterdir()
    assert refused.read_text() == "too late\n" and refused.name.endswith(".activation.refused")
    (tmp_path / "calls" / "x.activation.json").write_text(
        f'{{"call": "evening", "slot": "{SECOND.label}", "request_wh": 1}}'
    )
    assert files.waiting(MORNING) == []
    assert "one name" in (tmp_path / "calls" / "x.activation.refused").read_text()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("gate_lead_s = -1", "gate_lead_s: Input should be greater"),
        ("horizon_slots = 0", "horizon_slots: Input should be greater"),
        ('mechanism = "vcg_double_auction"', "mechanism: is no known key"),
        ('stage = "Not an id"', "stage: String should match"),
        ('[[market.stages]]\nkind = "ancillary"\nstage = "other"', "more than one stage of kind 'ancillary'"),
    ],
)
def test_the_stage_is_part_of_the_published_calendar_or_a_finding(tmp_path: Path, keys: str, said: str) -> None:
    path = tmp_path / "broker.toml"
    stages = '[[market.stages]]\nkind = "intraday"\n[[market.stages]]\nkind = "ancillary"\n'
    path.write_text(HEAD + stages + CONSTANT)
    calendar = load(path).terms().calendar("0" * 64, "0" * 64)
    assert [(s.stage, s.kind, s.mechanism) for s in calendar.stages][1] == (
        "ancillary",
        StageKind.ANCILLARY,
        "ancillary_call",
    )
    assert said in "\n".join(findings(path, HEAD + stages + keys + "\n" + CONSTANT))
